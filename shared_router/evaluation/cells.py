"""The cells of a report's tables: figures with intervals, names as words, units of cost."""

from __future__ import annotations

from dataclasses import dataclass

from shared_router.evaluation.report import EvaluationReport
from shared_router.evaluation.resampling import Estimate

UNDEFINED = "–"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text cells.

    Attributes:
        title: What it shows.
        columns: Its columns' heads; the first column names the row.
        rows: Its cells, none escaped.
        note: What a reader must know, or "".
        folded: Whether HTML shows it only when asked, because it is long.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    folded: bool = False


def shown(found: Estimate, *, digits: int = 3) -> str:
    """Show a figure with its interval, such as `0.651 (0.634 to 0.670)`."""
    if found.value is None:
        return UNDEFINED
    if found.low is None or found.high is None:
        return f"{found.value:.{digits}f}"
    return f"{found.value:.{digits}f} ({found.low:.{digits}f} to {found.high:.{digits}f})"


def label(name: str) -> str:
    """Show a baseline's name as words."""
    return _LABELS.get(name, name)


_LABELS = {
    "random": "random",
    "length": "prompt length",
    "always_strong": "always strong",
    "always_weak": "always weak",
    "domain_mean": "domain mean",
    "tfidf_logistic": "TF-IDF + logistic",
    "knn": "kNN",
    "kmeans": "k-means",
    "oracle": "oracle (knows the grades)",
}


def cost_unit(report: EvaluationReport) -> str:
    """Say what costs count: dollars of a thousand units, or the share of strong calls."""
    return f"$ / 1,000 {report.unit}s" if report.in_dollars else "strong calls"


def cost_factor(report: EvaluationReport) -> float:
    """Return what a mean cost is multiplied by to be shown."""
    return 1000.0 if report.in_dollars else 1.0
