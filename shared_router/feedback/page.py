"""A report of learning as one HTML file that needs nothing else."""

from __future__ import annotations

from html import escape
from importlib.resources import files

from shared_router.evaluation.resampling import Estimate
from shared_router.feedback.learning import LearnReport

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_TITLE = "A router learned from the log"


def learn_page(report: LearnReport) -> str:
    """Return a report as a page that follows the reader's light or dark setting."""
    style = files("shared_router.evaluation").joinpath("report.css").read_text("utf-8")
    first, *others = report.words()
    tiles = [
        ("over the log's policy", report.over_old),
        ("over the same share at random", report.over_random),
        ("the log's policy over random", report.old_over_random),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_TITLE}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n<h1>{_TITLE}</h1>\n"
        f'<p class="card verdict {"good" if report.better else ""}">{escape(first)}</p>\n'
        f'<div class="tiles">{"".join(_tile(*tile) for tile in tiles)}</div>\n'
        f'<section class="card"><ul>{"".join(f"<li>{escape(line)}</li>" for line in others)}</ul></section>\n'
        "<footer>Mean grades in [0, 1] at the same strong fraction, estimated off-policy (doubly robust) on "
        "requests that the router had not seen; 95 % intervals by bootstrap over prompts. Made by "
        "routellm-adapters.</footer>\n</main>\n</body>\n</html>\n"
    )


def _tile(name: str, found: Estimate) -> str:
    value = "unknown" if found.value is None else f"{found.value:+.4f}"
    ends = "" if found.interval is None else "{:+.4f} to {:+.4f}".format(*found.interval)
    return f'<div class="tile"><span>{escape(name)}</span><b>{value}</b><span>{ends}</span></div>'
