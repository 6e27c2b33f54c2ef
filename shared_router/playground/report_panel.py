"""Panel: the report of `routellm evaluate` on an uploaded log."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

import streamlit as st

from shared_router.embedding.shipped import load_embedder
from shared_router.evaluation.as_html import report_as_html
from shared_router.evaluation.as_json import report_as_json
from shared_router.evaluation.as_markdown import report_as_markdown
from shared_router.evaluation.evaluate import evaluate
from shared_router.evaluation.pictures import pictures
from shared_router.evaluation.report import EvaluationReport
from shared_router.playground.routers import ChosenRouter, choose_router, short_name
from shared_router.playground.shown import show_text
from shared_router.playground.uploads import GradedFile, graded_file

_HEIGHT = 900


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """A report as files.

    Attributes:
        html: The page, which needs no other file.
        markdown: The same as text.
        json: The same for programs.
        verdicts: What it says in words.
    """

    html: str
    markdown: str
    json: str
    verdicts: tuple[str, ...]


def show_report_panel() -> None:
    """Show the panel."""
    st.title("What is routing worth on my traffic?")
    show_text("The report of routellm evaluate on a log, or on graded answers of two models.")
    chosen = choose_router("report")
    graded = graded_file()
    if graded is None:
        return
    n = int(
        st.number_input(
            "Bootstrap resamples behind the intervals", 50, 10_000, 1000, 50, key="report-resamples"
        )
    )
    key = (graded.key, chosen.name, n)
    if st.button("Make the report"):
        with st.spinner("Measuring..."):
            st.session_state["report-made"] = (key, written_report(graded, chosen, n_resamples=n))
    made: tuple[object, WrittenReport] | None = st.session_state.get("report-made")
    if made is not None and made[0] == key:
        _show(made[1])


def written_report(graded: GradedFile, chosen: ChosenRouter, *, n_resamples: int) -> WrittenReport:
    """Evaluate a router and write the report, without any prompt in it.

    Args:
        graded: The graded answers.
        chosen: The router.
        n_resamples: How many resamples the intervals rest on, >= 1.
    """
    report: EvaluationReport = evaluate(
        {short_name(chosen.name): chosen.router},
        graded.outcomes,
        strong=graded.strong,
        weak=graded.weak,
        threshold=chosen.threshold,
        embedder=load_embedder(),
        n_resamples=n_resamples,
        progress=False,
    )
    return WrittenReport(
        report_as_html(report, drawn=pictures(report)),
        report_as_markdown(report),
        json.dumps(report_as_json(report), allow_nan=False) + "\n",
        (*report.verdicts, *report.notes),
    )


def _show(report: WrittenReport) -> None:
    for line in report.verdicts:
        show_text(line)
    files = (
        ("report.html", report.html, "text/html"),
        ("report.md", report.markdown, "text/markdown"),
        ("report.json", report.json, "application/json"),
    )
    for column, (name, text, kind) in zip(st.columns(len(files)), files, strict=True):
        column.download_button(f"Download {name}", text, name, kind, on_click="ignore")
    # as data and not as text, so that the frame has an origin of its own and cannot reach this page
    data = base64.b64encode(report.html.encode()).decode()
    st.iframe(f"data:text/html;charset=utf-8;base64,{data}", height=_HEIGHT, alt="The report")
