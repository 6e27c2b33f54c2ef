"""The demo's table: one line per answered question, and what routing saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared_router.costs.prices import TokenPrices

_WIDTHS = (32, 6, 7, 32, 7, 10, 7)  # of the columns below
_TITLES = ("question", "P(win)", "model", "answer begins", "tokens", "dollars", "saving")
_LEFT = {"question", "model", "answer begins"}


@dataclass(frozen=True, slots=True)
class Prices:
    """What each tier's tokens cost."""

    strong: TokenPrices
    weak: TokenPrices


@dataclass(frozen=True, slots=True)
class Answer:
    """One question, answered by one model.

    Attributes:
        question: What was asked.
        text: What was answered.
        model: `"strong"` or `"weak"`.
        win_probability: P(strong preferred | question), in [0, 1]; None where the router was not needed.
        input_tokens: Tokens sent; None where the server did not say.
        output_tokens: Tokens written; None where the server did not say.
    """

    question: str
    text: str
    model: str
    win_probability: float | None
    input_tokens: int | None
    output_tokens: int | None

    def dollars(self, prices: TokenPrices) -> float | None:
        """Return what this answer's tokens cost at the given prices; None where they are unknown."""
        if self.input_tokens is None or self.output_tokens is None:
            return None
        return prices.dollars(input_tokens=self.input_tokens, output_tokens=self.output_tokens)


def header() -> str:
    """Return the table's head, two lines."""
    return f"{_row(_TITLES)}\n{_row(['-' * width for width in _WIDTHS])}"


def line(answer: Answer, prices: Prices) -> str:
    """Return an answer's line. Its saving compares with the same tokens at the strong model's prices."""
    paid = answer.dollars(prices.strong if answer.model == "strong" else prices.weak)
    tokens = "?" if paid is None else f"{answer.input_tokens}+{answer.output_tokens}"
    return _row(
        (
            answer.question,
            "-" if answer.win_probability is None else f"{answer.win_probability:.3f}",
            answer.model,
            answer.text,
            tokens,
            "?" if paid is None else f"{paid:.7f}",
            _saving(paid, answer.dollars(prices.strong)),
        )
    )


def total(answers: Sequence[Answer], prices: Prices) -> str:
    """Return what all answers cost, and what they would have cost if each had come from the strong model.

    Answers without known token counts are left out of both sums, and their number is said.
    """
    known = [answer for answer in answers if answer.dollars(prices.strong) is not None]
    paid = sum(a.dollars(prices.strong if a.model == "strong" else prices.weak) or 0.0 for a in known)
    all_strong = sum(a.dollars(prices.strong) or 0.0 for a in known)
    n_strong = sum(answer.model == "strong" for answer in answers)
    text = (
        f"{n_strong} of {len(answers)} went to the strong model. Paid ${paid:.7f}; all-strong "
        f"${all_strong:.7f} for the same tokens; saved {_saving(paid, all_strong).strip()}."
    )
    unknown = len(answers) - len(known)
    return f"{text} Not counted: {unknown} without token counts." if unknown else text


def _saving(paid: float | None, all_strong: float | None) -> str:
    if paid is None or not all_strong:
        return "?"
    return f"{1 - paid / all_strong:.1%}"


def _row(cells: Sequence[str]) -> str:
    fitted = []
    for cell, width, title in zip(cells, _WIDTHS, _TITLES, strict=True):
        flat = "".join(char if char.isprintable() else "\ufffd" for char in " ".join(cell.split()))
        short = flat if len(flat) <= width else f"{flat[: width - 3]}..."
        fitted.append(short.ljust(width) if title in _LEFT else short.rjust(width))
    return "  ".join(fitted).rstrip()
