"""Panel: what each threshold is worth on graded answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from shared_router.evaluation.resampling import Estimate
from shared_router.evaluation.units import units_of
from shared_router.playground.routers import ChosenRouter, choose_router, choose_threshold
from shared_router.playground.shown import show_table, show_text
from shared_router.playground.threshold_points import CurvePoint, ScoredPair, ThresholdPoint
from shared_router.playground.uploads import GradedFile, graded_file

_LINE, _POINT = "#4c78d0", "#d1580e"
_STEPS = 10


def show_trade_off_panel() -> None:
    """Show the panel."""
    st.title("Which threshold?")
    show_text(
        "On graded answers of two models: what share of the prompts each threshold sends to the strong one, "
        "and what that does to quality and dollars."
    )
    chosen = choose_router("trade-off")
    graded = graded_file()
    if graded is None:
        return
    scored, curve = _scored(graded, chosen)
    threshold = choose_threshold("trade-off", chosen)
    point = scored.at(threshold)
    in_dollars = scored.pair.in_dollars
    _show_figures(point, in_dollars=in_dollars)
    st.vega_lite_chart(chart(curve, point), height=360)
    show_text(
        "The line is the mean grade over the share of prompts that go to the strong model, its band the 95 % "
        f"interval over {scored.pair.n_units:,} prompts or conversations; the point is the threshold."
    )
    with st.expander("The curve as a table"):
        _show_curve(curve, in_dollars=in_dollars)


def chart(curve: Sequence[CurvePoint], point: ThresholdPoint) -> dict[str, Any]:
    """Return the curve and the threshold's place on it as a Vega-Lite picture."""
    share = {
        "field": "strong_fraction",
        "type": "quantitative",
        "title": "share of prompts sent to the strong model",
        "scale": {"domain": [0, 1]},
    }
    low_high = {"y": _grade("low"), "y2": {"field": "high"}}
    rows = [
        {
            "strong_fraction": one.strong_fraction,
            "quality": one.quality.value,
            "low": one.quality.low,
            "high": one.quality.high,
        }
        for one in curve
    ]
    chosen = [{"strong_fraction": point.strong_fraction.value, "quality": point.quality.value}]
    return {
        "description": "Mean grade over the share of prompts sent to the strong model",
        "layer": [
            {
                "data": {"values": rows},
                "mark": {"type": "area", "opacity": 0.2, "color": _LINE},
                "encoding": {"x": share, **low_high},
            },
            {
                "data": {"values": rows},
                "mark": {"type": "line", "color": _LINE, "strokeWidth": 2.5},
                "encoding": {"x": share, "y": _grade("quality")},
            },
            {
                "data": {"values": chosen},
                "mark": {"type": "point", "color": _POINT, "filled": True, "opacity": 1, "size": 160},
                "encoding": {"x": share, "y": _grade("quality")},
            },
        ],
    }


def cost_of(cost: float, *, in_dollars: bool) -> str:
    """Return the mean cost of a prompt as a cell."""
    return f"${1000 * cost:,.4g}" if in_dollars else f"{1000 * cost:,.0f} strong calls"


def with_interval(value: Estimate, digits: int = 3) -> str:
    """Return a figure with its interval as a cell."""
    if value.value is None:
        return "undefined"
    if value.low is None or value.high is None:
        return f"{value.value:.{digits}f}"
    return f"{value.value:.{digits}f} ({value.low:.{digits}f} to {value.high:.{digits}f})"


def figures_of(point: ThresholdPoint, *, in_dollars: bool) -> list[tuple[str, str]]:
    """Return what a threshold comes to, each figure's name before it."""
    cost = Estimate(
        *(
            None if each is None else 1000 * each
            for each in (point.cost.value, *(point.cost.interval or (None, None)))
        )
    )
    return [
        ("share to the strong model", with_interval(point.strong_fraction)),
        ("mean grade", with_interval(point.quality)),
        (
            "dollars for 1,000 prompts" if in_dollars else "strong calls for 1,000 prompts",
            with_interval(cost, 4 if in_dollars else 0),
        ),
        ("share of the strong bill saved", with_interval(point.saved)),
    ]


def _scored(graded: GradedFile, chosen: ChosenRouter) -> tuple[ScoredPair, list[CurvePoint]]:
    """Score the prompts the first time that a file meets a router; the session keeps the last."""
    key = f"{graded.key}:{chosen.name}"
    kept: tuple[str, ScoredPair, list[CurvePoint]] | None = st.session_state.get("trade-off-scored")
    if kept is None or kept[0] != key:
        with st.spinner("Scoring the prompts..."):
            scored = scored_pair(graded, chosen)
            kept = st.session_state["trade-off-scored"] = (key, scored, scored.curve())
    return kept[1], kept[2]


def scored_pair(graded: GradedFile, chosen: ChosenRouter) -> ScoredPair:
    """Return a file's graded prompts with a router's scores."""
    pair = units_of(graded.outcomes, strong=graded.strong, weak=graded.weak).pair
    return ScoredPair(pair, chosen.router.win_probability(pair.prompts))


def _show_figures(point: ThresholdPoint, *, in_dollars: bool) -> None:
    show_table(
        "At this threshold", ["figure", "value (95 % interval)"], figures_of(point, in_dollars=in_dollars)
    )
    if not in_dollars:
        show_text("The file does not say what every answer cost, so costs are counted in strong calls.")


def _show_curve(curve: Sequence[CurvePoint], *, in_dollars: bool) -> None:
    show_table(
        "The curve",
        ["share to the strong model", "mean grade (95 % interval)", "cost of 1,000 prompts"],
        [
            [
                f"{one.strong_fraction:.1f}",
                with_interval(one.quality),
                cost_of(one.cost, in_dollars=in_dollars),
            ]
            for one in curve[::_STEPS]
        ],
    )


def _grade(name: str) -> dict[str, Any]:
    return {"field": name, "type": "quantitative", "title": "mean grade", "scale": {"zero": False}}
