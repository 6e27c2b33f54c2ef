"""Panel: two routers side by side on the same prompts."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from shared_router.decisions import RoutingDecision
from shared_router.playground.prompts_panel import asked_prompts, decided
from shared_router.playground.routers import choose_router, choose_threshold
from shared_router.playground.shown import head_of, show_table, show_text

_SHOWN = 200


def show_two_routers_panel() -> None:
    """Show the panel."""
    st.title("Two routers side by side")
    sides = []
    for place, column in enumerate(st.columns(2)):
        with column:
            name = ("First", "Second")[place]
            chosen = choose_router(f"two-{place}", f"{name} router", place=place)
            sides.append((chosen, choose_threshold(f"two-{place}", chosen, name=name)))
    prompts = asked_prompts("two")
    if not prompts:
        show_text("Type a prompt, then press Route.")
        return
    first, second = (decided(chosen, prompts, threshold) for chosen, threshold in sides)
    differ = sum(one.model != other.model for one, other in zip(first, second, strict=True))
    show_text(f"They send {differ:,} of {len(prompts):,} to different models.")
    names = [f"{place}: {chosen.name}" for place, (chosen, _) in enumerate(sides, 1)]
    show_table(
        "Decisions of both",
        [
            "#",
            *(f"{name}, {what}" for name in names for what in ("win probability", "model")),
            "differ",
            "prompt",
        ],
        [
            [
                str(row),
                *_cells(one),
                *_cells(other),
                "yes" if one.model != other.model else "no",
                head_of(prompt),
            ]
            for row, (prompt, one, other) in enumerate(zip(prompts, first, second, strict=True), 1)
        ][:_SHOWN],
    )
    if len(prompts) > _SHOWN:
        show_text(f"The first {_SHOWN} of {len(prompts):,}.")


def _cells(decision: RoutingDecision) -> Sequence[str]:
    score = decision.win_probability
    return ("-" if score is None else f"{score:.4f}", decision.model)
