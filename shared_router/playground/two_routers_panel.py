"""Panel: two routers side by side on the same prompts."""

from __future__ import annotations

import streamlit as st

from shared_router.decisions import RoutingDecision
from shared_router.playground.prompts_panel import asked_prompts, decided_once
from shared_router.playground.routers import choose_router, choose_threshold, short_name
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
    prompts = asked_prompts()
    if not prompts:
        show_text("Type a prompt, then press Route.")
        return
    first, second = (decided_once(chosen, prompts, threshold) for chosen, threshold in sides)
    differ = sum(one.model != other.model for one, other in zip(first, second, strict=True))
    n_strong = [sum(each.model == "strong" for each in side) for side in (first, second)]
    show_text(
        f"They send {differ:,} of {len(prompts):,} to different models. To the strong one the first sends "
        f"{n_strong[0]:,}, the second {n_strong[1]:,}."
    )
    names = [f"{place}: {short_name(chosen.name)}" for place, (chosen, _) in enumerate(sides, 1)]
    show_table(
        "Decisions of both: win probability and model",
        [
            "#",
            *names,
            "differ",
            "prompt",
        ],
        [
            [
                str(row),
                _cell(one),
                _cell(other),
                "yes" if one.model != other.model else "no",
                head_of(prompt),
            ]
            for row, (prompt, one, other) in enumerate(zip(prompts, first, second, strict=True), 1)
        ][:_SHOWN],
    )
    if len(prompts) > _SHOWN:
        show_text(f"The first {_SHOWN} of {len(prompts):,}.")


def _cell(decision: RoutingDecision) -> str:
    score = decision.win_probability
    return f"{'-' if score is None else f'{score:.4f}'} {decision.model}"
