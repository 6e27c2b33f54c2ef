"""Are the models still those that the policy was made on? Providers exchange them behind one name.

A threshold and its guarantee are about two models' answers. `"gpt-4o"` is a name that its provider moves from
one model to the next; an answer says which one gave it, and that is what is compared here.
"""

from __future__ import annotations

import copy
import logging
import re
import threading
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shared_router.choices import shown_kind
from shared_router.errors import InvalidInputError, ModelChangedWarning
from shared_router.observers import CallEnd, WatchedCall

if TYPE_CHECKING:
    from shared_router.calibration.choice import ThresholdChoice
    from shared_router.deciding import Deciding

_logger = logging.getLogger(__name__)

_MOST_SEEN = 100
_SNAPSHOT = re.compile(r"[-@:](latest|v?\d[\w.:-]*)")
"""What a provider puts behind a model's name for one build of it: a date, a version."""


class ModelWatch:
    """Warn where a model's provider names another one than the policy was made on; an observer.

    Where nobody knows what it was made on, the first one that is seen is kept, which is logged: the watch is
    then from this process's start on. A name is not another one where it only says more: `gpt-4o-2024-08-06`
    answers for `gpt-4o`, and is what later answers are compared with. A provider's prefix (`openai/`) and
    case do not count.

    Args:
        made_on: The provider's own names by the models' names, a policy whose `choice` says them
            (`ThresholdChoice.measured_models`), or None.

    Raises:
        InvalidInputError: If it is none of these.
    """

    wants_answers = False

    def __init__(self, made_on: Mapping[str, str] | Deciding | None = None) -> None:
        self._expected = _names(made_on)
        self._others: dict[str, set[str]] = {}
        self._fingerprints: dict[str, set[str]] = {}
        self._lock = threading.Lock()

    def decided(self, call: WatchedCall) -> None:
        """Hear of a decision."""

    def ended(self, call: WatchedCall, end: CallEnd) -> None:
        """Compare who answered with who should have.

        Warns:
            ModelChangedWarning: Once for each name that is another one.
        """
        del call
        if end.provider_model is None or end.outcome != "answered":
            return
        model, told = end.decision.model, end.provider_model
        with self._lock:
            if end.fingerprint is not None:
                _keep(self._fingerprints.setdefault(model, set()), end.fingerprint)
            expected = self._expected.get(model)
            if expected == told:
                return
            if expected is None or _says_more(told, than=expected):
                self._expected[model] = told
                first = expected is None
            elif _keep(self._others.setdefault(model, set()), told):
                first = False
            else:
                return
            changed = model in self._others and told in self._others[model]
        if changed:
            _warn(model, told, str(expected))
        elif first:
            _logger.info("the first answers of %s are from %s; later ones are compared with it", model, told)

    @property
    def expected(self) -> Mapping[str, str]:
        """What answers are compared with: the provider's names by the models' names."""
        return dict(self._expected)

    @property
    def fingerprints(self) -> Mapping[str, frozenset[str]]:
        """What providers told of their builds, by model; they may serve several at once."""
        return {model: frozenset(told) for model, told in [*self._fingerprints.items()]}

    def __getstate__(self) -> dict[str, Any]:
        """Leave the lock out of copies and pickles."""
        with self._lock:
            kept = {key: value for key, value in self.__dict__.items() if key != "_lock"}
            return copy.deepcopy(kept)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what `__getstate__` gave."""
        self.__dict__.update(state, _lock=threading.Lock())

    def changed(self) -> Mapping[str, int]:
        """Return by model whether another one has answered in its name: 1, else 0."""
        return {model: int(model in self._others) for model in [*self._expected]}


def _names(made_on: object) -> dict[str, str]:
    if made_on is None:
        return {}
    if isinstance(made_on, Mapping):
        named = dict(made_on)
        if all(isinstance(name, str) for pair in named.items() for name in pair):
            return named
    elif hasattr(made_on, "choice") and not isinstance(made_on, type):
        choice: ThresholdChoice | None = made_on.choice
        return {} if choice is None else dict(choice.measured_models)
    raise InvalidInputError(f"made_on must be names by name, a policy or None, got {shown_kind(made_on)}")


def _keep(kept: set[str], told: str) -> bool:
    """Keep a name that is new, and tell whether it was; names without end fill no memory."""
    if told in kept or len(kept) >= _MOST_SEEN:
        return False
    kept.add(told)
    return True


def _says_more(told: str, *, than: str) -> bool:
    """Tell whether a name is another's, or that and its snapshot: `gpt-4o-2024-08-06` than `gpt-4o`."""
    mine, other = _bare(told), _bare(than)
    return mine == other or (mine.startswith(other) and bool(_SNAPSHOT.fullmatch(mine[len(other) :])))


def _bare(name: str) -> str:
    return name.rpartition("/")[2].lower()


def _warn(model: str, told: str, expected: str) -> None:
    warnings.warn(
        f"{model} must be the model that the policy was made on, {expected}, and {told} answers for it now: "
        "what was measured or guaranteed was about another model; grade a sample again and calibrate",
        ModelChangedWarning,
        stacklevel=3,
    )
