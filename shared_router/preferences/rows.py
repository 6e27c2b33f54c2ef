"""Rows to battles: what a row of preference data must hold, and what happens to one that does not."""

import math
import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Literal, get_args

from shared_router.choices import check_choice, is_number, shown
from shared_router.errors import DataError, InvalidInputError, SkippedRowsWarning
from shared_router.preferences.arena import arena_row
from shared_router.preferences.files import Numbered, Row, is_graded

OnBadRows = Literal["raise", "skip"]
COLUMNS = ("query", "model_a", "model_b", "winner")
WEIGHT = "weight"
MAX_ROW_BYTES = 1024 * 1024
"""The longest row that is read, in bytes; as many characters may stand in a query."""

MAX_BAD_FRACTION = 0.01

WINNERS: Mapping[str, Literal["a", "b", "tie"]] = {
    "a": "a",
    "model_a": "a",
    "b": "b",
    "model_b": "b",
    "tie": "tie",
    "tie (bothbad)": "tie",
}
"""What may stand in the winner column: this project's words and Chatbot Arena's."""

_NO_TEXT = re.compile("[\x00\ud800-\udfff]")


@dataclass(slots=True)
class Battles:
    """The columns of the rows that were good."""

    queries: list[str] = field(default_factory=list)
    model_a: list[str] = field(default_factory=list)
    model_b: list[str] = field(default_factory=list)
    winners: list[Literal["a", "b", "tie"]] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)


def names_of(columns: Mapping[str, str] | None) -> dict[str, str]:
    """Return what each column is called in the data.

    Args:
        columns: Other names, for example `{"query": "prompt"}`; None means the usual ones.

    Raises:
        InvalidInputError: If a key is no column of preference data.
    """
    given = dict(columns or {})
    unknown = sorted(set(given) - {*COLUMNS, WEIGHT})
    if unknown:
        raise InvalidInputError(f"columns must be among {[*COLUMNS, WEIGHT]}, got {unknown}")
    return {name: given.get(name, name) for name in (*COLUMNS, WEIGHT)}


def collect(
    rows: Iterable[Numbered],
    *,
    names: Mapping[str, str],
    on_bad_rows: OnBadRows,
    max_bad_fraction: float,
) -> Battles:
    """Gather the battles of the good rows, and raise or count the bad ones.

    Args:
        rows: Where each row stands, and the row or what is wrong with it.
        names: What each column is called; see `names_of`.
        on_bad_rows: `"raise"` at the first bad row, or `"skip"` it.
        max_bad_fraction: The largest share of bad rows that may be skipped, in [0, 1].

    Raises:
        DataError: If a row is bad and must not be, if too many are, or if none is good.
        InvalidInputError: If an option is outside its rule.
    """
    check_bad_rule("on_bad_rows", on_bad_rows, max_bad_fraction)
    battles, count, bad, first = Battles(), 0, 0, ""
    for where, row in rows:
        count += 1
        wrong = row if isinstance(row, str) else _add(battles, row, names)
        if wrong is None:
            continue
        if on_bad_rows == "raise":
            raise DataError(f"{where}: {wrong}")
        bad += 1
        first = first or f"{where}: {wrong}"
    if bad > max_bad_fraction * count:
        raise DataError(
            f"at most a fraction {max_bad_fraction:g} of the rows may be bad, got {bad} of {count}; "
            f"the first is {first}"
        )
    if not battles.queries:
        raise DataError(f"preference data must hold at least one battle, got none in {count} rows")
    if bad:
        warnings.warn(
            f"skipped {bad} of {count} rows; the first is {first}", SkippedRowsWarning, stacklevel=3
        )
    return battles


def _add(battles: Battles, row: Row, names: Mapping[str, str]) -> str | None:
    """Add a row's battle, or return what is wrong with the row."""
    found = arena_row(row, names)
    if isinstance(found, str):
        return found
    row = found
    missing = [names[name] for name in COLUMNS if names[name] not in row]
    if missing:
        fix = "; graded answers go into PreferenceData.from_correctness" if is_graded(row) else ""
        return f"a row must have {missing[0]!r}{fix}"
    query, model_a, model_b, winner = (row[names[name]] for name in COLUMNS)
    weight = row.get(names[WEIGHT])
    wrong = (
        text_fault("a query", query)
        or text_fault("model_a", model_a, longest=200)
        or text_fault("model_b", model_b, longest=200)
    )
    if wrong:
        return wrong
    if model_a == model_b:
        return f"a battle needs two models, got {model_a!r} twice"
    if not isinstance(winner, str) or winner not in WINNERS:
        return f"a winner must be one of {list(WINNERS)}, got {shown_winner(winner)}"
    weight = _weight(weight)
    if isinstance(weight, str):
        return weight
    battles.queries.append(str(query))
    battles.model_a.append(str(model_a))
    battles.model_b.append(str(model_b))
    battles.winners.append(WINNERS[winner])
    battles.weights.append(weight)
    return None


def text_fault(name: str, value: object, *, longest: int = MAX_ROW_BYTES) -> str | None:
    """Return what is wrong with a text, without quoting it, or None where nothing is."""
    if not isinstance(value, str) or not value.strip():
        return f"{name} must be text that is not blank, got {type(value).__name__}"
    if len(value) > longest:
        return f"{name} must be at most {longest} characters, got {len(value)}"
    if _NO_TEXT.search(value):
        return f"{name} must hold no NUL and no lone surrogate"
    return None


def check_bad_rule(name: str, on_bad: OnBadRows, max_bad_fraction: float) -> None:
    """Check what to do about rows that are bad, by the name that the option has.

    Raises:
        InvalidInputError: If it is no such rule, or the fraction is outside [0, 1].
    """
    check_choice(name, on_bad, get_args(OnBadRows))
    if not (is_number(max_bad_fraction) and 0 <= max_bad_fraction <= 1):
        raise InvalidInputError(f"max_bad_fraction must be in [0, 1], got {shown(max_bad_fraction)}")


def weight_fault(name: str, value: Any) -> str | None:
    """Say what is wrong with a weight, or None; what is no number may be a query, and is not shown."""
    if isinstance(value, Real) and 0 < float(value) < math.inf:
        return None
    shown = repr(value) if isinstance(value, Real) else type(value).__name__
    return f"{name} must be finite and > 0, got {shown}"


def shown_winner(value: object) -> str:
    """Show a short word, and of anything else, which may be a query, only its type."""
    return repr(value) if isinstance(value, str) and len(value) <= 20 else type(value).__name__


def _weight(value: Any) -> float | str:
    if value is None or (isinstance(value, str) and value == ""):
        return 1.0
    try:
        # a CSV file holds text alone
        number = float(value) if isinstance(value, (str, Real)) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if math.isfinite(number) and number > 0:
        return number
    return f"a weight must be finite and > 0, got {type(value).__name__}"
