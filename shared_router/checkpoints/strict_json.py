"""JSON as its standard means it, which `json.loads` alone does not hold to."""

import json
import math
from typing import Any, NoReturn


def parse_strict_json(text: str | bytes) -> Any:
    """Parse JSON whose keys are unique and whose numbers are finite.

    Args:
        text: The JSON.

    Raises:
        ValueError: If it is no JSON (then a `json.JSONDecodeError`), a key stands twice, or a number is NaN,
            infinite or too large for a float; the text of the error may quote it.
        RecursionError: If it nests too deep.
    """
    return json.loads(
        text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant, parse_float=_finite
    )


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # json keeps the last of two equal keys, so a second "sha256" would win unseen
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("duplicate key")
    return dict(pairs)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):  # 1e999 is a JSON number that no float holds
        raise ValueError("a number must fit a float")
    return value
