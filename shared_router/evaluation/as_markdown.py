"""A report as Markdown, for a pull request or a terminal."""

from __future__ import annotations

from shared_router.evaluation.cells import Table, shown
from shared_router.evaluation.report import EvaluationReport
from shared_router.evaluation.tables import tables


def report_as_markdown(report: EvaluationReport, *, show_prompts: bool = False) -> str:
    """Return a report as Markdown: verdicts, notes, tables.

    Args:
        report: The report.
        show_prompts: Whether the prompts on which routers lose most may stand in it.
    """
    parts = [
        f"# {_cell(report.strong.name)} or {_cell(report.weak.name)}: what routing is worth",
        f"{report.n:,} {report.unit}s. Quality: strong {shown(report.strong.quality)}, weak "
        f"{shown(report.weak.quality)}. Intervals: 95 %, {report.n_resamples:,} resamples of "
        f"{report.n_resampled:,} (seed {report.seed}).",
        "\n".join(f"- **{_cell(verdict)}**" for verdict in report.verdicts),
    ]
    if report.notes:
        parts.append("\n".join(f"- {_cell(note)}" for note in report.notes))
    parts += [_table(table) for table in tables(report, show_prompts=show_prompts)]
    return "\n\n".join(parts) + "\n"


def _table(table: Table) -> str:
    head = f"| {' | '.join(map(_cell, table.columns))} |\n|---|{'---:|' * (len(table.columns) - 1)}"
    rows = "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in table.rows)
    note = f"\n\n{_cell(table.note)}" if table.note else ""
    return f"## {_cell(table.title)}\n\n{head}\n{rows}{note}"


def _cell(text: str) -> str:
    """Escape what would end a cell or become markup: names and prompts are other people's."""
    for mark in "\\`*_[]<>|#":
        text = text.replace(mark, f"\\{mark}")
    return "".join(char if char.isprintable() else " " for char in text)
