"""Panel: where prompts go, why, and what that costs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from shared_router.decisions import RoutingDecision
from shared_router.errors import InvalidInputError
from shared_router.playground.bills import CHARS_PER_TOKEN, both_bills
from shared_router.playground.prices import choose_prices
from shared_router.playground.routers import ChosenRouter, choose_router, choose_threshold
from shared_router.playground.shown import head_of, show_table, show_text
from shared_router.playground.why import NO_NEIGHBORS, features_of, neighbors_of, reasons_of
from shared_router.policy import RoutingPolicy
from shared_router.router import Router
from shared_router.spreadsheets import spreadsheet_text

_EXAMPLES = """\
What is the capital of France?
Prove that there are infinitely many prime numbers.
Write a Python function that merges two sorted lists, and explain its running time.
Thanks, that helps!"""
MAX_CHARS = 2_000_000
MAX_PROMPTS = 20_000
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class _Decided:
    asked: tuple[Router, list[str], float]
    decisions: Sequence[RoutingDecision]


def show_prompts_panel() -> None:
    """Show the panel."""
    st.title("Where do my prompts go?")
    show_text(
        "A router gives each prompt a win probability: how likely the strong model's answer is the better "
        "one. From the threshold on a prompt goes to the strong model, below it to the weak one."
    )
    chosen = choose_router("prompts")
    prompts = asked_prompts()
    threshold = choose_threshold("prompts", chosen)
    if not prompts:
        show_text("Type a prompt, then press Route.")
        return
    decisions = decided_once(chosen, prompts, threshold)
    n_strong = sum(decision.model == "strong" for decision in decisions)
    show_text(f"{n_strong:,} of {len(prompts):,} go to the strong model: {n_strong / len(prompts):.2f}.")
    show_table(
        "Decisions",
        ["#", "win probability", "model", "prompt"],
        [
            [str(row), _score(decision), decision.model, head_of(prompt)]
            for row, (prompt, decision) in enumerate(zip(prompts, decisions, strict=True), 1)
        ][:_SHOWN],
    )
    if len(prompts) > _SHOWN:
        show_text(f"The first {_SHOWN} of {len(prompts):,}; the download has all.")
    st.download_button("Download as CSV", as_csv(prompts, decisions), "decisions.csv", "text/csv")
    _show_why(chosen, prompts, decisions)
    _show_bills(prompts, decisions)


def asked_prompts() -> list[str]:
    """Ask for prompts, one a line or all one text; every panel that asks has the same.

    Raises:
        InvalidInputError: If there are more than a page can show in time.
    """
    with st.form("prompts-form"):
        # no bound of the field's own: what is pasted beyond that vanishes without a word
        text = st.text_area("Prompts", value=_EXAMPLES, height=160, key="prompts-text")
        by_line = st.checkbox("Each line is a prompt", value=True, key="prompts-by-line")
        st.form_submit_button("Route")
    texts = text.splitlines() if by_line else [text]
    prompts = [each for each in texts if each.strip()]
    if len(text) > MAX_CHARS or len(prompts) > MAX_PROMPTS:
        raise InvalidInputError(
            f"the page takes up to {MAX_PROMPTS:,} prompts of {MAX_CHARS:,} characters in all, "
            f"got {len(prompts):,} of {len(text):,}; score a file of them with: routellm score FILE --out DIR"
        )
    return prompts


def decided(chosen: ChosenRouter, prompts: Sequence[str], threshold: float) -> list[RoutingDecision]:
    """Return each prompt's decision at a threshold."""
    policy = RoutingPolicy(chosen.router, threshold=threshold, on_router_error="raise")
    return policy.decide_many(prompts)


def decided_once(chosen: ChosenRouter, prompts: Sequence[str], threshold: float) -> Sequence[RoutingDecision]:
    """Return what `decided` does, without asking again when another field of the page has changed."""
    kept: dict[str, _Decided] = st.session_state.setdefault("decided", {})
    asked = (chosen.router, list(prompts), threshold)
    if chosen.name not in kept or kept[chosen.name].asked != asked:
        if len(kept) > 1:  # two routers' are looked at together
            kept.clear()
        kept[chosen.name] = _Decided(asked, decided(chosen, prompts, threshold))
    return kept[chosen.name].decisions


def as_csv(prompts: Sequence[str], decisions: Sequence[RoutingDecision]) -> bytes:
    """Return decisions as a CSV file in which no prompt is a formula."""
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(["prompt", "win_probability", "threshold", "model", "reason"])
    for prompt, decision in zip(prompts, decisions, strict=True):
        rows.writerow(
            [
                spreadsheet_text(prompt),
                decision.win_probability,
                decision.threshold,
                decision.model,
                decision.reason,
            ]
        )
    return written.getvalue().encode()


def _show_why(chosen: ChosenRouter, prompts: Sequence[str], decisions: Sequence[RoutingDecision]) -> None:
    st.header("Why")
    row = st.selectbox(
        "Prompt",
        range(min(len(prompts), _SHOWN)),
        format_func=lambda place: f"{place + 1}: {head_of(prompts[place])}",
        key="prompts-why",
    )
    row = row or 0  # Streamlit's type has None, for fields without a first choice
    prompt = prompts[row]
    show_table("What decided", ["fact", "value"], reasons_of(decisions[row], chosen.router, prompt))
    near = neighbors_of(chosen.router, prompt)
    if near:
        show_table(
            "Nearest training prompts; their texts are not kept",
            ["training prompt", "cosine", "strong model won"],
            [[str(one.row + 1), f"{one.similarity:.3f}", f"{one.strong_won:.2f}"] for one in near],
        )
    else:
        show_text(NO_NEIGHBORS)
    with st.expander("Its form: what can be counted in it"):
        show_table("Features", ["feature", "count or share"], features_of(prompt))


def _show_bills(prompts: Sequence[str], decisions: Sequence[RoutingDecision]) -> None:
    st.header("The bill both ways")
    with st.expander("Prices and length of answers"):
        prices = choose_prices("prompts")
        answer_tokens = int(
            st.number_input("Tokens of an answer", 0, 1_000_000, 300, 50, key="prompts-answer-tokens")
        )
    models = [decision.model for decision in decisions]
    bills = both_bills(prompts, models, prices=prices, answer_tokens=answer_tokens)
    per_thousand = 1000 / len(prompts)
    show_table(
        "Dollars",
        ["way", "these prompts", "1,000 such prompts"],
        [
            [name, f"${dollars:.6f}", f"${dollars * per_thousand:,.4f}"]
            for name, dollars in (
                ("routed", bills.routed),
                ("all to the strong model", bills.all_strong),
                ("all to the weak model", bills.all_weak),
            )
        ],
    )
    show_text(
        f"Routing saves {bills.saved:.2f} of the strong bill. Estimated: a token is taken as "
        f"{CHARS_PER_TOKEN} characters, an answer as {answer_tokens:,} tokens, and a million tokens cost "
        + " and ".join(
            f"${price.input_per_million_tokens:,.2f} sent, ${price.output_per_million_tokens:,.2f} answered "
            f"({tier})"
            for tier, price in prices.items()
        )
        + "."
    )


def _score(decision: RoutingDecision) -> str:
    return "-" if decision.win_probability is None else f"{decision.win_probability:.4f}"
