"""A policy as a file: which router, which threshold, how it was chosen and on what; never a prompt.

    {"version": 1,
     "router": {"name": "static-v1", "sha256": "..."},     the checkpoint it was made for
     "models": ["strong", "weak"],
     "threshold": 0.1629, "strong_fraction": 0.3,          strong iff win_probability >= threshold
     "method": "strong_fraction", "n": 5000, "confidence": 0.95,
     "made": "2026-11-25T23:10:00+00:00",
     "rules": {"on_router_error": "strong", "on_no_query": "strong", "on_no_coverage": "score",
               "router_timeout": 2.0},
     "scores": {"values": [...], "n_queries": 5000, "source": "..."},
     "choice": null}

`scores` is the histogram that drift is told by: a hundred bins that hold a hundredth of the scores each.
`choice` is what else is known of a `ThresholdChoice`. Every key stands there, and no other; `rules` has
further ones where a policy has rules that it mostly has not (`policy_rules`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from shared_router.calibration.choice import Interval, ThresholdChoice
from shared_router.checkpoints.strict_json import parse_strict_json
from shared_router.choices import shown
from shared_router.errors import ArtifactCorruptError, ArtifactSchemaError
from shared_router.policy_rules import as_written, check_keys, check_rules, is_number
from shared_router.quantiles import ScoreQuantiles

VERSION = 1
MAX_POLICY_BYTES = 64 * 1024
METHODS = ("threshold", "router", "strong_fraction", "budget", "max_drop", "max_regret", "min_pgr")
"""How a threshold came about: given, the router's own, by a share, or by a `ThresholdChoice`'s promise."""

_CHOICE_ALONE = (
    *("target", "tie_share", "seed", "guaranteed", "bound", "n_needed", "dollars", "quality", "pgr"),
    *("intervals", "assumptions", "notes"),
)
_MAX_TEXT = 2000
_MAX_ITEMS = 50


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """What a policy file says.

    Attributes:
        router: The router's name: a shipped one's, a folder, or an object's class.
        router_sha256: The hash that pins its checkpoint; None for a router that has none.
        models: The models that the policy decides between, best first.
        threshold: The cost threshold, in [0, 1].
        strong_fraction: The share of the scored questions that it sends strong; None where not known.
        method: One of `METHODS`.
        n: How many questions the choice rests on.
        confidence: How sure it is, in (0, 1); None where nothing was promised.
        made: When, as ISO 8601.
        rules: The policy's other arguments.
        scores: The scores it was made on, as quantiles; None where not known.
        choice: The choice, where there was one.
    """

    router: str
    router_sha256: str | None
    models: tuple[str, ...]
    threshold: float
    strong_fraction: float | None
    method: str
    n: int
    confidence: float | None
    made: str
    rules: Mapping[str, Any]
    scores: ScoreQuantiles | None
    choice: ThresholdChoice | None

    def as_bytes(self) -> bytes:
        """Return the file's content, the same for the same policy."""
        alone = None
        if self.choice is not None:
            alone = {name: getattr(self.choice, name) for name in _CHOICE_ALONE}
            if self.choice.measured_models:  # where nobody knows them, an earlier release reads the file too
                alone["measured_models"] = dict(self.choice.measured_models)
        content = {
            "version": VERSION,
            "router": {"name": self.router, "sha256": self.router_sha256},
            **{name: getattr(self, name) for name in _PLAIN},
            "rules": as_written(self.rules),
            "scores": None if self.scores is None else self.scores.as_settings(),
            "choice": alone if alone is None else {**alone, "intervals": dict(alone["intervals"])},
        }
        return (json.dumps(content, indent=1, allow_nan=False) + "\n").encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> PolicyFile:
        """Read a file's content, and refuse whatever `as_bytes` would not write.

        Raises:
            ArtifactCorruptError: If it is no whole JSON, such as one of which a half was written.
            ArtifactSchemaError: If a key is missing, unknown or outside its rule, or the version is another.
        """
        try:
            data = parse_strict_json(content)
        except (ValueError, RecursionError) as error:
            raise ArtifactCorruptError(
                "a policy file must be whole JSON with unique keys and finite numbers; it was damaged or "
                "half written, save it again"
            ) from error
        version = data.get("version", VERSION) if isinstance(data, dict) else VERSION
        if type(version) is not int or version != VERSION:
            raise ArtifactSchemaError(
                f"a policy file's version must be {VERSION}, got {shown(version)}; install the release that "
                "wrote it"
            )
        check_keys("a policy file", data, {"version", "router", *_PLAIN, "rules", "scores", "choice"})
        check_keys("its router", data["router"], {"name", "sha256"})
        scores = None if data["scores"] is None else ScoreQuantiles.from_settings(data["scores"])
        for name, rule in _RULES.items():
            value = data["router"][name.removeprefix("router.")] if "." in name else data.get(name)
            if not rule(value):
                raise ArtifactSchemaError(f"a policy file's {name} breaks its rule, got {shown(value)}")
        check_rules(data["rules"], data["models"])
        plain = {name: data[name] for name in _PLAIN} | {"models": tuple(data["models"])}
        choice = None if data["choice"] is None else _choice_of(data, scores)
        router = data["router"]
        return cls(
            router=router["name"],
            router_sha256=router["sha256"],
            rules=data["rules"],
            scores=scores,
            choice=choice,
            **plain,
        )


_PLAIN = ("models", "threshold", "strong_fraction", "method", "n", "confidence", "made")


def _choice_of(data: Mapping[str, Any], scores: ScoreQuantiles | None) -> ThresholdChoice:
    alone = data["choice"]
    known = {"measured_models"} & set(alone) if isinstance(alone, dict) else set()
    check_keys("its choice", alone, {*_CHOICE_ALONE, *known})
    if not _is_naming(alone.get("measured_models", {})):
        raise ArtifactSchemaError("a choice's measured_models must be the models' names by theirs here")
    for name in ("target", "bound", "dollars", "quality", "pgr"):
        if not (is_number(alone[name]) or (alone[name] is None and name != "target")):
            raise ArtifactSchemaError(f"a choice's {name} must be a number, got {shown(alone[name])}")
    whole = (
        type(alone["seed"]) is int
        and 0 <= alone["seed"] < 1 << 32
        and _is_count(alone["n_needed"], or_none=True)
    )
    if not whole or not _is_share(alone["tie_share"]) or alone["guaranteed"] not in (True, False, None):
        raise ArtifactSchemaError("a choice's seed, n_needed, tie_share or guaranteed breaks its rule")
    intervals, texts = alone["intervals"], (alone["assumptions"], alone["notes"])
    if (
        not isinstance(intervals, dict)
        or len(intervals) > _MAX_ITEMS
        or not all(map(_is_pair, intervals.values()))
    ):
        raise ArtifactSchemaError("a choice's intervals must be pairs of numbers by name")
    if not all(
        isinstance(each, list) and len(each) <= _MAX_ITEMS and all(map(_is_text, each)) for each in texts
    ):
        raise ArtifactSchemaError("a choice's assumptions and notes must be short texts")
    if (
        data["method"] in ("threshold", "router")
        or data["strong_fraction"] is None
        or data["confidence"] is None
    ):
        raise ArtifactSchemaError("a choice must come with its method, strong_fraction and confidence")
    shared = {each.name for each in fields(ThresholdChoice)} & {*_PLAIN}
    return ThresholdChoice(
        **{name: data[name] for name in shared},
        **{
            **alone,
            "intervals": {name: Interval(*pair) for name, pair in intervals.items()},
            "assumptions": tuple(texts[0]),
            "notes": tuple(texts[1]),
        },
        quantiles=scores,
    )


def _is_share(value: object) -> bool:
    return is_number(value) and 0 <= value <= 1  # type: ignore[operator]


def _is_count(value: object, *, or_none: bool = False) -> bool:
    return (type(value) is int and 0 <= value < 1 << 53) or (or_none and value is None)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _MAX_TEXT and value.isprintable()


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value) is not None
    except ValueError:
        return False


def _is_name(value: object) -> bool:
    return _is_text(value) and value != ""


def _is_naming(value: object) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= _MAX_ITEMS
        and all(map(_is_name, value))
        and all(map(_is_name, value.values()))
    )


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(is_number, value))


def _is_hash(value: object) -> bool:
    return value is None or (
        isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")
    )


_RULES = {
    "router.name": _is_name,
    "router.sha256": _is_hash,
    "models": lambda value: (
        isinstance(value, list) and 2 <= len(value) <= _MAX_ITEMS and all(map(_is_name, value))
    ),
    "threshold": _is_share,
    "strong_fraction": lambda value: value is None or _is_share(value),
    "method": lambda value: value in METHODS,
    "n": _is_count,
    "confidence": lambda value: value is None or _is_share(value),
    "made": _is_time,
}
