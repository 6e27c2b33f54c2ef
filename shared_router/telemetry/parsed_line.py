"""One line of a decision log, checked: a decision, or what is said of one later."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any, get_args

from shared_router.observers import Attempt, Outcome
from shared_router.telemetry.log_line import VERSION
from shared_router.telemetry.logged import Feedback, LoggedDecision, ShadowAnswer

_ID = re.compile(r"[0-9a-f]{32}")

Parsed = LoggedDecision | tuple[str, Feedback | ShadowAnswer | dict[str, str]]
"""A decision; or the id of one and what is said of it."""


class DamagedLine(Exception):  # noqa: N818 (no error: a reader counts it)
    """A line is none of a log."""


class OtherRelease(Exception):  # noqa: N818
    """A line is in another release's format."""


def parsed_line(line: bytes) -> Parsed:
    """Read a line.

    Args:
        line: Its bytes, with or without the end.

    Raises:
        DamagedLine: If it is no JSON object, or a value is missing or outside its rule.
        OtherRelease: If its version is another.
    """
    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DamagedLine from error
    if not isinstance(said, dict) or type(said.get("v")) is not int:
        raise DamagedLine
    if said["v"] != VERSION:
        raise OtherRelease
    try:
        if "feedback" in said:
            return _id(said["feedback"]), Feedback(**_values(said, _FEEDBACK, {"score", "source"}))
        if "shadow" in said:
            return _id(said["shadow"]), ShadowAnswer(**_values(said, _SHADOW, {"model"}))
        if "id" not in said and "would" in said:
            return _id(said["would"]), _would(said["models"])
        return LoggedDecision(**_values(said, _DECISION, _MUST))
    except (LookupError, ValueError, TypeError, OverflowError) as error:
        raise DamagedLine from error


def _values(said: Mapping[str, Any], rules: Mapping[str, Callable[[Any], Any]], must: set[str]) -> Any:
    """Return the values that have a rule; what a later release of this version adds is left alone."""
    if not must <= said.keys():
        raise ValueError
    return {name: rule(said[name]) for name, rule in rules.items() if said.get(name) is not None}


def _id(value: Any) -> str:
    if not (isinstance(value, str) and _ID.fullmatch(value)):
        raise ValueError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _name(value: Any) -> str:
    """Return a text that many lines have, as one object for all of them."""
    return sys.intern(_text(value))


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError
    return float(value)


def _share(value: Any) -> float:
    if not 0 <= _number(value) <= 1:
        raise ValueError
    return float(value)


def _propensity(value: Any) -> float:
    if _share(value) == 0:  # what was chosen had a chance
        raise ValueError
    return float(value)


def _amount(value: Any) -> float:
    if _number(value) < 0:
        raise ValueError
    return float(value)


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError
    return value


def _time(value: Any) -> float:
    when = datetime.fromisoformat(_text(value).replace("Z", "+00:00"))
    return (when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp()


def _outcome(value: Any) -> str:
    if value not in get_args(Outcome):
        raise ValueError
    return str(value)


def _attempts(value: Any) -> tuple[Attempt, ...]:
    return tuple(
        Attempt(_name(model), None if error is None else _name(error), _amount(seconds))
        for model, error, seconds in value
    )


def _would(value: Any) -> dict[str, str]:
    return {_name(name): _name(model) for name, model in dict(value).items()}


def _features(value: Any) -> tuple[float, ...]:
    return tuple(map(_number, value))


_DECISION: Mapping[str, Callable[[Any], Any]] = {
    "id": _id,
    "time": _time,
    "threshold": _share,
    "win_probability": _share,
    "propensity": _propensity,
    "outcome": _outcome,
    "would": _would,
    "attempts": _attempts,
    "features": _features,
    **dict.fromkeys(("query", "prompt", "conversation", "tenant"), _text),
    **dict.fromkeys(("model", "routed", "router", "reason", "arm", "provider_model", "fingerprint"), _name),
    **dict.fromkeys(("input_tokens", "cached_input_tokens", "output_tokens"), _count),
    **dict.fromkeys(("dollars", "seconds", "first_content_s"), _amount),
}
_MUST = {"id", "time", "model", "routed", "threshold", "router", "reason", "propensity", "outcome"}
_FEEDBACK: Mapping[str, Callable[[Any], Any]] = {"score": _share, "source": _text, "time": _time}
_SHADOW: Mapping[str, Callable[[Any], Any]] = {
    "model": _text,
    "input_tokens": _count,
    "output_tokens": _count,
    "dollars": _amount,
    "score": _share,
    "share": _propensity,
    "time": _time,
    "error": _text,
}
