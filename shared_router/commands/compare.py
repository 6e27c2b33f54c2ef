"""`routellm compare`: what several evaluations found, side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared_router.errors import DataError, InvalidInputError

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the folders that `routellm evaluate` wrote, the figure and `--json`."""
    parser.add_argument("folders", nargs="+", metavar="DIR", help="folders that routellm evaluate wrote")
    parser.add_argument(
        "--figure",
        default="apgr",
        metavar="NAME",
        help="which figure, for example cpt50 or aiq (default: apgr)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> None:
    """Print a table, one row a router or baseline and one column an evaluation, intervals in brackets."""
    from shared_router.evaluation.report import FIGURES

    if arguments.figure not in FIGURES:
        raise InvalidInputError(f"--figure must be one of {list(FIGURES)}, got {arguments.figure!r}")
    reports = {folder: _report(Path(folder)) for folder in arguments.folders}
    names = list(dict.fromkeys(name for report in reports.values() for name in report["routers"]))
    table = {
        name: {
            folder: _figure(report["routers"].get(name, {}), arguments.figure)
            for folder, report in reports.items()
        }
        for name in names
    }
    if arguments.json:
        print(json.dumps(table))
        return
    rows = [("", *reports), ("prompts", *(f"{report['n']:,}" for report in reports.values()))]
    rows += [(name, *map(_shown, found.values())) for name, found in table.items() if any(found.values())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _report(folder: Path) -> dict[str, Any]:
    try:
        report: Any = json.loads((folder / "report.json").read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{folder.name} must hold the report.json of routellm evaluate") from error
    routers = report.get("routers") if isinstance(report, dict) else None
    if (
        not isinstance(report, dict)
        or not isinstance(routers, dict)
        or not all(isinstance(found, dict) for found in routers.values())
        or not isinstance(report.get("n"), int)
    ):
        raise DataError(f"{folder.name}: report.json must be one of routellm evaluate")
    return report


def _figure(router: dict[str, Any], figure: str) -> dict[str, Any] | None:
    value, interval = router.get(figure), router.get(f"{figure}_interval")
    if not isinstance(value, (int, float)):
        return None
    is_interval = isinstance(interval, list) and [*map(type, interval)] == [float, float]
    return {"value": value, "interval": interval if is_interval else None}


def _shown(found: dict[str, Any] | None) -> str:
    if found is None:
        return "-"
    interval = found["interval"]
    return f"{found['value']:.3f}" + (f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else "")
