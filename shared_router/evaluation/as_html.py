"""A report as one HTML file that needs nothing else: no script, no font, no request.

A content security policy in the page forbids all of them, and every text of others (names of models, routers
and domains, and prompts) is escaped.
"""

from __future__ import annotations

from html import escape
from importlib.resources import files

from shared_router.evaluation.cells import Table, shown
from shared_router.evaluation.drawing import as_svg
from shared_router.evaluation.pictures import Picture, pictures
from shared_router.evaluation.report import FIGURES, EvaluationReport
from shared_router.evaluation.resampling import Estimate
from shared_router.evaluation.tables import tables

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def report_as_html(
    report: EvaluationReport, *, show_prompts: bool = False, drawn: list[Picture] | None = None
) -> str:
    """Return a report as a page, at most a megabyte, that follows the reader's light or dark setting.

    Args:
        report: The report.
        show_prompts: Whether the prompts on which routers lose most may stand in it.
        drawn: The report's pictures, where they are drawn already.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    title = f"{report.strong.name} or {report.weak.name}: what routing is worth"
    style = files("shared_router.evaluation").joinpath("report.css").read_text("utf-8")
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="lead">{escape(_lead(report))}</p>',
        *(_verdict(verdict) for verdict in report.verdicts),
        _tiles(report),
        _notes(report),
        *(_picture(picture) for picture in (pictures(report) if drawn is None else drawn)),
        *(_table(table) for table in tables(report, show_prompts=show_prompts)),
        _glossary(),
        f"<footer>{escape(_made_with(report))}</footer>",
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def _lead(report: EvaluationReport) -> str:
    return (
        f"{report.n:,} {report.unit}s that both models were graded on. Quality: strong "
        f"{shown(report.strong.quality)}, weak {shown(report.weak.quality)}."
    )


def _verdict(verdict: str) -> str:
    kind = "bad" if ": worse than" in verdict else "good" if ": better than" in verdict else ""
    return f'<p class="card verdict {kind}">{escape(verdict)}</p>'


def _tiles(report: EvaluationReport) -> str:
    found = report.measured[0]
    costs = "dollars" if report.in_dollars else "strong calls"
    tiles = [
        ("APGR (a coin: 0.5)", found["apgr"]),
        ("strong fraction for half of the gap, CPT(50%)", found["cpt50"]),
        (f"of {costs} saved within 1 % of strong's quality", found["savings_at_equal_quality"]),
        ("quality at the threshold", found["quality"]),
        (f"of {costs} saved at the threshold", found["savings"]),
    ]
    cells = "".join(_tile(f"{found.name}: {text}", estimate) for text, estimate in tiles)
    return f'<div class="tiles">{cells}</div>'


def _tile(text: str, found: Estimate) -> str:
    value = "undefined" if found.value is None else f"{found.value:.3f}"
    interval = "" if found.interval is None else f"{found.interval[0]:.3f} to {found.interval[1]:.3f}"
    return f'<div class="tile"><span>{escape(text)}</span><b>{value}</b><span>{interval}</span></div>'


def _notes(report: EvaluationReport) -> str:
    if not report.notes:
        return ""
    items = "".join(f"<li>{escape(note)}</li>" for note in report.notes)
    return f'<section class="card"><h2>Before you believe a figure</h2><ul>{items}</ul></section>'


def _picture(picture: Picture) -> str:
    svg = as_svg(picture.figure, salt=picture.name).replace(
        "<svg ", f'<svg role="img" aria-label="{escape(picture.shows)}" ', 1
    )
    return f'<figure class="card">{svg}</figure>'


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.rows)
    kind = "wide prompts" if table.columns[0] == "prompt" else "wide"
    body = f'<div class="{kind}"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    if table.note:
        body += f'<p class="note">{escape(table.note)}</p>'
    if table.folded:
        return f'<details class="card"><summary>{escape(table.title)}</summary>{body}</details>'
    return f'<section class="card"><h2>{escape(table.title)}</h2>{body}</section>'


def _cell(text: str) -> str:
    """Put an interval below its figure."""
    value, opening, interval = text.partition(" (")
    if (
        opening
        and interval.endswith(")")
        and " to " in interval
        and value.replace(".", "").strip("-").isdigit()
    ):
        return f"<td>{escape(value)}<small>{escape(interval[:-1])}</small></td>"
    return f"<td>{escape(text)}</td>"


def _glossary() -> str:
    terms = "".join(f"<dt>{escape(name)}</dt><dd>{escape(meaning)}</dd>" for name, meaning in FIGURES.items())
    return f'<details class="card"><summary>What the figures mean</summary><dl>{terms}</dl></details>'


def _made_with(report: EvaluationReport) -> str:
    return (
        f"Intervals: 95 %, from {report.n_resamples:,} bootstrap resamples of {report.n_resampled:,} "
        f"independent prompts or conversations (seed {report.seed}). Every difference is paired. Made by "
        "routellm-adapters."
    )
