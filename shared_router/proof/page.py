"""A savings report as one HTML file that needs nothing else: no script, no font, no request."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from shared_router.evaluation.drawing import MUTED, SERIES, as_svg, canvas, house_style
from shared_router.proof.report import SavingsReport, dollar_interval, dollars

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_TITLE = "What routing saved, and what it cost in quality"
_SHOWS = "Dollars saved and change of quality since the beginning, each with its 95 % interval"

_UNITS = (("days", 86400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


def savings_page(report: SavingsReport) -> str:
    """Return a report as a page that follows the reader's light or dark setting.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    style = files("shared_router.evaluation").joinpath("report.css").read_text("utf-8")
    first, *others = report.words()
    parts = [
        f"<h1>{_TITLE}</h1>",
        f'<p class="card verdict {_kind(report)}">{escape(first)}</p>',
        _tiles(report),
        f'<section class="card"><ul>{"".join(f"<li>{escape(line)}</li>" for line in others)}</ul></section>',
        _drawn(report) if report.over_time else "",
        "<footer>Intervals: 95 %; those of quality hold for any distribution of grades, those of dollars "
        "know how skewed the log's own bills are. Made by routellm-adapters.</footer>",
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_TITLE}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def savings_picture(report: SavingsReport) -> Figure:
    """Draw dollars saved and quality over time.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    with house_style():
        figure, (saved, quality) = canvas(7.2, 5.6, rows=2)
        unit, seconds = next(
            each for each in _UNITS if report.ended - report.began >= 2 * each[1] or each[1] == 1
        )
        times = [(until - report.began) / seconds for until, _ in report.over_time]
        found = [each for _, each in report.over_time]
        saved.set_title("Dollars saved since the beginning")
        saved.fill_between(
            times,
            [each.saved_interval[0] for each in found],
            [each.saved_interval[1] for each in found],
            color=SERIES[0],
            alpha=0.18,
            linewidth=0,
        )
        saved.plot(times, [each.saved_dollars for each in found], color=SERIES[0], linewidth=2)
        quality.set_title("Change of quality since the beginning")
        known = [
            (day, each.quality_change, *each.quality_interval)
            for day, each in zip(times, found, strict=True)
            if each.quality_interval is not None
        ]
        if known:
            at, change, low, high = zip(*known, strict=True)
            quality.fill_between(at, low, high, color=SERIES[1], alpha=0.18, linewidth=0)
            quality.plot(at, change, color=SERIES[1], linewidth=2)
        for axes in (saved, quality):
            axes.axhline(0, color=MUTED, linewidth=0.9)
        quality.set_xlabel(f"{unit} since the first call")
        return figure


def _kind(report: SavingsReport) -> str:
    promised = report.total.guarantee
    if promised is None or promised.holds is None:
        return ""
    return "good" if promised.holds and report.total.saved_interval[0] > 0 else "bad"


def _tiles(report: SavingsReport) -> str:
    found = report.total
    tiles = [
        ("saved", dollars(found.saved_dollars), dollar_interval(found.saved_interval)),
        (
            "of the bill by the strong model alone",
            f"{found.saved_share:.3f}",
            dollars(found.all_strong_dollars),
        ),
    ]
    if found.quality_change is not None and found.quality_interval is not None:
        ends = "{:+.4f} to {:+.4f}".format(*found.quality_interval)
        tiles.append(("change of quality", f"{found.quality_change:+.4f}", ends))
    tiles.append(("paid", dollars(found.bill), f"{found.n_calls:,} calls"))
    cells = "".join(
        '<div class="tile"><span>{}</span><b>{}</b><span>{}</span></div>'.format(*map(escape, tile))
        for tile in tiles
    )
    return f'<div class="tiles">{cells}</div>'


def _drawn(report: SavingsReport) -> str:
    svg = as_svg(savings_picture(report), salt="savings")
    named = svg.replace("<svg ", f'<svg role="img" aria-label="{_SHOWS}" ', 1)
    return f'<figure class="card">{named}</figure>'
