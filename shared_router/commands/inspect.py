"""`routellm inspect`: what is in a file of records, and what can be computed from it."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from itertools import islice
from typing import TYPE_CHECKING, Any

from shared_router.commands.records import add_records_arguments, reading_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from shared_router.records.reading import Reading
    from shared_router.records.summary import ModelSummary, Summary

_MOST_PROMPTS, _MOST_CHARS = 50_000, 20_000_000
"""Among how much of the data near duplicates are looked for, from its start: the search holds their words."""

_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the files and `--json`."""
    add_records_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> None:
    """Print what the files hold: never a prompt, never an answer."""
    from shared_router.evaluation.near_duplicates import find_repeats
    from shared_router.records.pricing import unpriced_models
    from shared_router.records.summary import summary_of

    reading = reading_of(arguments)
    unpriced = unpriced_models(reading.outcomes)
    summary = summary_of(reading.outcomes)
    first = _first(reading.outcomes.prompts)
    near = find_repeats(first).n_near_duplicates
    if arguments.json:
        found: dict[str, Any] = {
            "formats": list(reading.formats),
            "rows": reading.rows,
            "left_out": dict(reading.left_out),
            "repeated": reading.repeated,
            **summary.as_json(),
            "near_duplicates": near,
            "near_duplicates_among": len(first),
            "models_without_a_price": list(unpriced),
        }
        print(json.dumps(found, ensure_ascii=False))
    else:
        print("\n".join(_lines(reading, summary, (near, len(first)), unpriced)))


def _first(prompts: Sequence[str]) -> list[str]:
    found: list[str] = []
    chars = 0
    for prompt in islice(prompts, _MOST_PROMPTS):
        chars += len(prompt)
        if chars > _MOST_CHARS and found:
            break
        found.append(prompt)
    return found


def _lines(reading: Reading, summary: Summary, near: tuple[int, int], unpriced: tuple[str, ...]) -> list[str]:
    lines = [
        f"format      {', '.join(reading.formats)}",
        f"rows        {reading.rows:,}",
        *(f"left out    {count:,} x {reason}" for reason, count in reading.left_out.items()),
        f"prompts     {summary.prompts:,}",
        f"duplicates  {summary.duplicates:,} equal to an earlier prompt, but for case and spacing",
        f"near        {near[0]:,} further ones nearly so, among the first {near[1]:,} prompts",
    ]
    if reading.repeated:
        lines.append(f"repeated    {reading.repeated:,} answers of one model to one prompt, averaged")
    if summary.unanswered:
        lines.append(f"unanswered  {summary.unanswered:,} prompts")
    if summary.conversations:
        lines.append(f"talks       {summary.conversations:,} conversations")
    if summary.first_time is not None and summary.last_time is not None:
        lines.append(f"asked       {_day(summary.first_time)} to {_day(summary.last_time)}")
    lines += [f"domain      {count:,} x {name}" for name, count in islice(summary.domains.items(), _SHOWN)]
    if len(summary.domains) > _SHOWN:
        lines.append(f"domain      and {len(summary.domains) - _SHOWN:,} more")
    lines += ["", *_table([_HEADER, *(_cells(model) for model in summary.models)])]
    lines += [f"{each.model}: missing {_counts(each.missing)}" for each in summary.models if each.missing]
    lines += ["", *_can_compute(summary)]
    if unpriced:
        lines.append(f"tokens without dollars: {', '.join(unpriced)}; give --prices auto or MODEL=IN,OUT")
    return lines


_HEADER = ("model", "answers", "graded", "score", "tokens in", "tokens out", "dollars", "p50 ms", "p95 ms")


def _cells(model: ModelSummary) -> tuple[str, ...]:
    p50, p95 = model.latency_ms or (None, None)
    return (
        model.model,
        f"{model.answers:,}",
        f"{model.graded:,}",
        _number(model.mean_score, ".4f"),
        _number(model.input_tokens, ",.0f"),
        _number(model.output_tokens, ",.0f"),
        _number(model.dollars, ",.6g"),
        _number(p50, ",.0f"),
        _number(p95, ",.0f"),
    )


def _number(value: float | None, how: str) -> str:
    return "-" if value is None else format(value, how)


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = []
    for first, *others in rows:
        cells = [first.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join(cells))
    return lines


def _can_compute(summary: Summary) -> list[str]:
    can = summary.can_compute
    lines = []
    for name in ("shares", "budgets", "latency", "quality"):
        said = "yes" if getattr(can, name) else f"no: {can.missing.get(name, 'there is no prompt')}"
        lines.append(f"can compute {name}: {said}")
    shared = [f"{strong} over {weak} on {n:,} prompts" for strong, weak, n in can.graded_pairs[:3]]
    if shared:
        more = len(can.graded_pairs) - len(shared)
        lines.append(f"graded pairs: {'; '.join(shared)}{f'; and {more:,} more' if more else ''}")
    return lines


def _counts(missing: dict[str, int]) -> str:
    return ", ".join(f"{count:,} x {name}" for name, count in missing.items())


def _day(time: float) -> str:
    return datetime.fromtimestamp(time, timezone.utc).strftime("%Y-%m-%d")
