"""Numbers and sums in a text: which numbers stand there, and whether the sums it writes are right.

`12 * 3 = 36` is a sum. Nothing is run: an expression is read sign by sign, and what is none is left out.
"""

from __future__ import annotations

import re

NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?![\d])|(?<![\w.])\.\d+")
_ANNOTATION = re.compile(r"<<[^<>\n]{0,120}>>")
"""A calculator's note, such as `<<3*12=36>>`, which repeats the sum around it."""

_LEFT_CHARS = 60
_LEFT = re.compile(r"[\d.,$€£()\s+\-−*/xX×·÷\\]*$")
_RIGHT = re.compile(r"\s*[$€£]?\s*(-?\d[\d,]*(?:\.\d+)?|-?\.\d+)(?!\s*[\d.,]*\s*[+\-−*/x×÷])")
_TOKEN = re.compile(r"\d+(?:\.\d+)?|\.\d+|[()+\-*/]")
_SIGNS = str.maketrans({"×": "*", "x": "*", "X": "*", "·": "*", "÷": "/", "−": "-"})
_DROPPED = str.maketrans("", "", "$€£,\\ \t\n")
_RELATIVE, _ABSOLUTE = 0.011, 0.006
"""How far a result may be rounded: one in a hundred, or half a cent."""


def numbers_in(text: str) -> list[float]:
    """Return the numbers that a text writes in digits, in order; `1,200` is one number."""
    return [float(found.replace(",", "")) for found in NUMBER.findall(text)]


def sums_in(text: str) -> list[tuple[float, bool]]:
    """Return the result of each sum that a text writes, and whether it is right.

    Args:
        text: Any text; sums with letters, percents or powers are left out.

    Returns:
        The result as written, and whether computing the left side gives it, up to rounding.
    """
    text = _ANNOTATION.sub("", text)
    found = []
    for place in _places(text, "="):
        left = _LEFT.search(text, max(place - _LEFT_CHARS, 0), place)
        right = _RIGHT.match(text, place + 1)
        if left is None or right is None:
            continue
        value = value_of(left[0])
        if value is not None:
            result = float(right[1].replace(",", ""))
            found.append((result, abs(value - result) <= max(_RELATIVE * abs(value), _ABSOLUTE)))
    return found


def value_of(expression: str) -> float | None:
    """Return what an expression of numbers, brackets and the four signs comes to; None where it is none.

    A number alone is no sum.
    """
    written = expression.translate(_SIGNS).translate(_DROPPED)
    tokens = _TOKEN.findall(written)
    if "".join(tokens) != written or not any(token in "+-*/" for token in tokens[1:]):
        return None
    try:
        value, place = _added(tokens, 0)
    except (IndexError, ValueError, ZeroDivisionError):
        return None
    return value if place == len(tokens) else None


def _added(tokens: list[str], place: int) -> tuple[float, int]:
    value, place = _multiplied(tokens, place)
    while place < len(tokens) and tokens[place] in "+-":
        sign = 1 if tokens[place] == "+" else -1
        term, place = _multiplied(tokens, place + 1)
        value += sign * term
    return value, place


def _multiplied(tokens: list[str], place: int) -> tuple[float, int]:
    value, place = _single(tokens, place)
    while place < len(tokens) and tokens[place] in "*/":
        sign = tokens[place]
        factor, place = _single(tokens, place + 1)
        value = value * factor if sign == "*" else value / factor
    return value, place


def _single(tokens: list[str], place: int) -> tuple[float, int]:
    if tokens[place] == "-":
        value, place = _single(tokens, place + 1)
        return -value, place
    if tokens[place] == "(":
        value, place = _added(tokens, place + 1)
        if tokens[place] != ")":
            raise ValueError
        return value, place + 1
    return float(tokens[place]), place + 1


def _places(text: str, sign: str) -> list[int]:
    return [i for i, character in enumerate(text) if character == sign] if sign in text else []
