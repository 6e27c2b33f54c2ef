"""A policy file's `rules`: the arguments of a policy beside its router and its threshold, as plain JSON.

The first four always stand there. What came later stands there only where it is not what it is without a
word, so that a file that does not need it is the same, and read by earlier releases too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from shared_router.choices import shown
from shared_router.errors import ArtifactSchemaError, InvalidInputError
from shared_router.exploration import Exploration, exploration_from
from shared_router.guarding import Guard

_ALWAYS = ("on_router_error", "on_no_query", "on_no_coverage", "router_timeout")
_LATER: Mapping[str, Any] = {"explore": Exploration(0).as_settings(), "on_guard_error": None}
"""By the rule, what it is without a word."""


def as_written(rules: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rules as a file has them."""
    return {name: rule for name, rule in rules.items() if name not in _LATER or rule != _LATER[name]}


def arguments_of(rules: Mapping[str, Any]) -> dict[str, Any]:
    """Return a file's rules as the arguments that `RoutingPolicy` takes."""
    arguments = dict(rules)
    if "explore" in rules:
        arguments["explore"] = exploration_from(rules["explore"])
    return arguments


def guarded(arguments: Mapping[str, Any], guard: Guard | None) -> dict[str, Any]:
    """Return the arguments of a policy that is read, with its guard.

    Args:
        arguments: What was saved.
        guard: The guard that is given.

    Raises:
        InvalidInputError: If the policy had one and none is given: safety must not be lost in a file.
    """
    if guard is None and "on_guard_error" in arguments:
        raise InvalidInputError(
            "a policy that was saved with a guard must be given one, got none; code is not saved, give guard="
        )
    return {**arguments, "guard": guard}


def check_rules(rules: object, models: Sequence[str]) -> None:
    """Check a file's rules.

    Args:
        rules: What stands there.
        models: The policy's models, checked.

    Raises:
        ArtifactSchemaError: If a rule is missing, unknown or outside what it may be.
    """
    known = set(rules) & set(_LATER) if isinstance(rules, Mapping) else set()
    check_keys("its rules", rules, {*_ALWAYS, *known})
    given = cast("Mapping[str, Any]", rules)
    timeout, named = given["router_timeout"], tuple(dict.fromkeys(("strong", "weak", *models)))
    if timeout is not None and not (is_number(timeout) and timeout > 0):
        raise ArtifactSchemaError(f"router_timeout must be seconds > 0 or null, got {shown(timeout)}")
    if given["on_router_error"] not in (*named, "raise") or given["on_no_query"] not in named:
        raise ArtifactSchemaError(f"on_router_error and on_no_query must be among {list(named)}")
    if given["on_no_coverage"] not in (*named, "score"):
        raise ArtifactSchemaError(f"on_no_coverage must be among {[*named, 'score']}")
    if "on_guard_error" in given and given["on_guard_error"] not in (*named, "score", "raise"):
        raise ArtifactSchemaError(f"on_guard_error must be among {[*named, 'score', 'raise']}")
    if "explore" in given:
        try:
            exploration_from(given["explore"])
        except InvalidInputError as error:
            raise ArtifactSchemaError(f"a policy file's explore breaks its rule: {error}") from error


def check_keys(what: str, data: object, keys: set[str]) -> None:
    """Check that a part of a file is an object of exactly these keys.

    Raises:
        ArtifactSchemaError: If it is not.
    """
    if not isinstance(data, dict) or set(data) != keys:
        raise ArtifactSchemaError(f"{what} must have exactly the keys {sorted(keys)}")


def is_number(value: object) -> bool:
    """Tell whether a value is a finite number, as JSON has them."""
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]
