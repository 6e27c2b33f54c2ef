"""A report as files in a folder: page, Markdown, JSON and pictures."""

from __future__ import annotations

import json
from pathlib import Path

from shared_router.evaluation.as_html import report_as_html
from shared_router.evaluation.as_json import report_as_json
from shared_router.evaluation.as_markdown import report_as_markdown
from shared_router.evaluation.drawing import save
from shared_router.evaluation.pictures import pictures
from shared_router.evaluation.report import EvaluationReport


def write_report(report: EvaluationReport, folder: str | Path, *, show_prompts: bool = False) -> list[Path]:
    """Write a report's files.

    Args:
        report: The report.
        folder: Where to write; made if it is not there. Files of the same names are replaced.
        show_prompts: Whether the prompts on which routers lose most may stand in them.

    Returns:
        The files: `report.html`, `report.md`, `report.json`, and each picture as PNG and SVG.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    drawn = pictures(report)
    texts = {
        "report.html": report_as_html(report, show_prompts=show_prompts, drawn=drawn),
        "report.md": report_as_markdown(report, show_prompts=show_prompts),
        "report.json": json.dumps(report_as_json(report, show_prompts=show_prompts), allow_nan=False) + "\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    files = [folder / f"{picture.name}{suffix}" for picture in drawn for suffix in (".png", ".svg")]
    for picture in drawn:
        save(picture.figure, folder / f"{picture.name}.png")
        save(picture.figure, folder / f"{picture.name}.svg")
    return [*(folder / name for name in texts), *files]
