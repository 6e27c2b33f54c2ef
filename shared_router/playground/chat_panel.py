"""Panel: ask both models, or watch a cascade ask them one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import streamlit as st

from shared_router.errors import RouterError
from shared_router.plans.cascade import DEFAULT_RISK, Cascade
from shared_router.playground.asking import TierModels
from shared_router.playground.chat_steps import ChatStep, both_answers, cascade_steps
from shared_router.playground.prompts_panel import decided
from shared_router.playground.routers import choose_router, choose_threshold
from shared_router.playground.settings import given_settings
from shared_router.playground.shown import show_error, show_said, show_text
from shared_router.scorers.agreement import Agreement

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

_BOTH, _CASCADE = "Both models side by side", "Cascade: the weak model first"
_N_ANSWERS = 3
_TEMPERATURE = 0.8
"""Samples that are drawn at 0 are all alike, and agree about nothing."""

_KEPT = 20


def show_chat_panel() -> None:
    """Show the panel."""
    st.title("Chat with both models")
    show_text(f"{given_settings().chat}. Each question stands alone.")
    mode = st.radio("How", [_BOTH, _CASCADE], key="chat-mode")
    steps_of = _cascading() if mode == _CASCADE else _beside()
    talk: list[_Turn] = st.session_state.setdefault("chat-talk", [])
    for turn in talk:
        show_said("You", turn.question)
        _show_all(turn.steps)
        if not turn.done:
            show_text("Stopped: something else was asked or changed before the answer came.")
    question: str | None = st.chat_input("Ask a question")
    if question:
        show_said("You", question)
        talk.append(_Turn(question))
        del talk[:-_KEPT]
        _show_all(_kept(steps_of(question), talk[-1]))


@dataclass(slots=True)
class _Turn:
    question: str = field(repr=False)
    steps: list[ChatStep] = field(default_factory=list)
    done: bool = False


def _kept(steps: Iterator[ChatStep], turn: _Turn) -> Iterator[ChatStep]:
    """Keep each step for the next run of the page, the error that ended them too."""
    try:
        for step in steps:
            turn.steps.append(step)
            yield step
    except RouterError as error:
        turn.steps.append(ChatStep("No answer", note=str(error), failed=True))
        yield turn.steps[-1]
    turn.done = True


def _beside() -> Callable[[str], Iterator[ChatStep]]:
    chosen = choose_router("chat")
    threshold = choose_threshold("chat", chosen)

    def steps_of(question: str) -> Iterator[ChatStep]:
        (decision,) = decided(chosen, [question], threshold)
        return both_answers(question, TierModels(given_settings().prices).ask, decision)

    return steps_of


def _cascading() -> Callable[[str], Iterator[ChatStep]]:
    threshold = st.slider(
        "Threshold: ask the strong model where 1 - P(good enough) reaches it; higher is cheaper",
        0.0,
        1.0,
        DEFAULT_RISK,
        0.01,
        key="chat-risk",
    )
    show_text(
        f"The weak model answers up to {_N_ANSWERS} times; P(good enough) is the share of its answers that "
        "say the same (Agreement)."
    )

    def steps_of(question: str) -> Iterator[ChatStep]:
        models = TierModels(given_settings().prices, temperature=_TEMPERATURE)
        return cascade_steps(question, models.ask, Cascade(Agreement(_N_ANSWERS), threshold=threshold))

    return steps_of


def _show_all(steps: Iterable[ChatStep]) -> None:
    columns: Sequence[DeltaGenerator] = ()
    for step in steps:
        if step.place is None:
            _show(step)
            continue
        columns = columns or st.columns(2)
        with columns[step.place]:
            _show(step)


def _show(step: ChatStep) -> None:
    if step.failed:
        show_error(step.note)
    elif step.said:
        show_said(step.title, step.said, step.note)
    else:
        show_text(f"{step.title}: {step.note}")
