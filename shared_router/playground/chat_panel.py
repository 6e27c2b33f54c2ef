"""Panel: ask both models, or watch a cascade ask them one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import streamlit as st

from shared_router.plans.cascade import DEFAULT_RISK, Cascade
from shared_router.playground.asking import TierModels
from shared_router.playground.chat_steps import ChatStep, both_answers, cascade_steps
from shared_router.playground.prompts_panel import decided
from shared_router.playground.routers import choose_router, choose_threshold
from shared_router.playground.settings import given_settings
from shared_router.playground.shown import show_said, show_text
from shared_router.scorers.agreement import Agreement

_BOTH, _CASCADE = "Both models side by side", "Cascade: the weak model first"
_N_ANSWERS = 3
_TEMPERATURE = 0.8
"""Samples that are drawn at 0 are all alike, and agree about nothing."""

_KEPT = 20


def show_chat_panel() -> None:
    """Show the panel."""
    st.title("Chat with both models")
    show_text(f"{given_settings().chat}. Each question stands alone; the local model takes a while to load.")
    mode = st.radio("How", [_BOTH, _CASCADE], key="chat-mode")
    steps_of = _cascading() if mode == _CASCADE else _beside()
    talk: list[tuple[str, list[ChatStep]]] = st.session_state.setdefault("chat-talk", [])
    for asked, steps in talk:
        show_said("You", asked)
        for step in steps:
            _show(step)
    question: str | None = st.chat_input("Ask a question")
    if question:
        show_said("You", question)
        done: list[ChatStep] = []
        talk.append((question, done))
        del talk[:-_KEPT]
        for step in steps_of(question):
            done.append(step)
            _show(step)


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


def _show(step: ChatStep) -> None:
    if step.said:
        show_said(step.title, step.said, step.note)
    else:
        show_text(f"{step.title}: {step.note}")
