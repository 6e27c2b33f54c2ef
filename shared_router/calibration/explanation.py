"""A choice of a threshold in words, for somebody who pays for it and knows no statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared_router.calibration.choice import Interval, ThresholdChoice


def explanation(choice: ThresholdChoice) -> str:
    """Return one paragraph; see `ThresholdChoice.explain`."""
    return " ".join([_asked(choice), _setting(choice), *_worth(choice), *choice.notes, *choice.assumptions])


def _asked(choice: ThresholdChoice) -> str:
    sure = f"confidence {choice.confidence:.6g}"
    if choice.method == "strong_fraction":
        return f"You asked to send a share of {choice.target:.6g} of requests to the strong model."
    if choice.method == "budget":
        return f"You asked to spend at most ${choice.target:,.4g} per 1,000 requests."
    wanted = {
        "max_drop": f"that answers lose at most {choice.target:.6g} of the scale in mean grade, over all "
        "requests",
        "max_regret": f"that of the requests sent to the weak model a share of at most {choice.target:.6g} "
        "would have had a better answer from the strong one",
        "min_pgr": f"that routing keeps at least {choice.target:.6g} of the gap between the models",
    }[choice.method]
    if choice.guaranteed:
        return f"You asked {wanted}: on traffic like these prompts that holds with {sure}."
    more = (
        f"About {choice.n_needed:,} graded prompts would do."
        if choice.n_needed is not None
        else "With this router and these models more graded prompts alone would not help."
    )
    return (
        f"You asked {wanted}. {choice.n:,} graded prompts do not show that for any threshold with {sure}, so "
        f"every request goes to the strong model. {more}"
    )


def _setting(choice: ThresholdChoice) -> str:
    share = f"{choice.strong_fraction:.3f}{_between(choice.intervals.get('strong_fraction'), '.3f')}"
    said = (
        f"Threshold {choice.threshold:.4g} sends a share of {share} of them strong, told from {choice.n:,} "
        "prompts."
    )
    if choice.tie_share == 1:
        return said
    return (
        f"{said} Many prompts have that very score; of them a share of {choice.tie_share:.3f} goes "
        f"strong, chosen by a hash of the prompt and the seed {choice.seed}, so that one prompt always goes "
        "the same way."
    )


def _worth(choice: ThresholdChoice) -> list[str]:
    said = []
    if choice.dollars is not None:
        between = _between(choice.intervals.get("dollars"), ",.4g")
        said.append(f"1,000 requests cost about ${choice.dollars:,.4g}{between}.")
    if choice.quality is not None:
        kept = "" if choice.pgr is None else f", which keeps {choice.pgr:.3f} of the gap between the models"
        between = _between(choice.intervals.get("quality"), ".3f")
        said.append(f"The mean grade is {choice.quality:.3f}{between}{kept}.")
    return said


def _between(interval: Interval | None, form: str) -> str:
    return "" if interval is None else f" ({interval.low:{form}} to {interval.high:{form}})"
