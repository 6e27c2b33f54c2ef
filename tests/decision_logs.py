"""Decision logs written by hand, for tests of what reads them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

NOVEMBER = datetime(2026, 11, 1, tzinfo=timezone.utc).timestamp()


def decision_id(number: int) -> str:
    """Return the id of a decision."""
    return f"{number:032x}"


def iso(seconds: float) -> str:
    """Return seconds since the epoch as a log writes them."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")


def decision(number: int, model: str = "weak", *, hour: float | None = None, **more: Any) -> dict[str, Any]:
    """Return a decision's line, an hour after the one before it unless said otherwise."""
    line = {
        "v": 1,
        "id": decision_id(number),
        "time": iso(NOVEMBER + 3600 * (number if hour is None else hour)),
        "model": model,
        "routed": model,
        "win_probability": 0.8 if model == "strong" else 0.2,
        "threshold": 0.5,
        "router": "static-v2",
        "reason": "score",
        "propensity": 1.0,
        "outcome": "answered",
        "dollars": 5.0 if model == "strong" else 1.0,
    }
    return {name: value for name, value in {**line, **more}.items() if value is not None}


def shadow(number: int, model: str = "strong", **more: Any) -> dict[str, Any]:
    """Return the line of what the other model made of a decision's request."""
    dollars = 5.0 if model == "strong" else 1.0
    return {"v": 1, "shadow": decision_id(number), "model": model, "dollars": dollars, "share": 1.0, **more}


def feedback(number: int, score: float, source: str = "judge", **more: Any) -> dict[str, Any]:
    """Return the line of what somebody said of an answer."""
    return {"v": 1, "feedback": decision_id(number), "score": score, "source": source, **more}


def write_log(path: Path, lines: Iterable[dict[str, Any] | str]) -> Path:
    """Write lines, objects as JSON and texts as they are."""
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("".join(f"{text}\n" for text in texts), "utf-8")
    return path


def twenty_calls(*, graded: bool = True) -> list[dict[str, Any]]:
    """Return ten strong calls of 5 dollars, then ten weak ones of 1 dollar whose strong answer, for 5, is
    known and right; the weak answers are right but the last."""
    lines = [decision(number, "strong" if number < 10 else "weak") for number in range(20)]
    for number in range(10, 20):
        lines.append(shadow(number, score=1.0) if graded else shadow(number))
        if graded:
            lines.append(feedback(number, float(number != 19)))
    return lines
