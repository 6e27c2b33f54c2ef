"""What to do where a model does not answer: how long to wait, which errors move on, whom to ask then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral

from shared_router.choices import check_amount, shown, shown_kind
from shared_router.errors import InvalidInputError, UnknownNameError
from shared_router.resilience.errors_that_move_on import kind_of
from shared_router.resilience.time_limits import check_seconds


@dataclass(frozen=True)
class Resilience:
    """Ask another model where the chosen one is down, and leave one alone that keeps failing.

    Nothing is retried here: a model's own client retries, waits for Retry-After and pools connections, and
    each model is asked once a request, so that a request makes at most `max_attempts` times what one client
    does. What moves on: no connection, a timeout, 408, 429 and 5xx, an overloaded provider, an answer that
    cannot be read or holds nothing. Never 400, 401, 403 and 404, which the other model would be asked in vain
    or with another's key.
    Streams move on until their first content: text, reasoning or a tool call.

    Attributes:
        timeout: How long one model may take, in seconds, > 0, or by model's name; None leaves it to the
            model's own client. A stream may take so long until its first content.
        deadline: How long a request may take with all its models, in seconds, > 0, or None.
        order: The models' names in the order in which they are asked when one has failed. None asks the
            nearest of the policy's models, a better one before a worse one.
        max_attempts: How many models are asked for one request at most, >= 1; at 1 nothing moves on.
        refusals: Whether an answer that a provider withheld, or refused by its content filter, moves on too.
        moves_on: A function `(error) -> bool | None` that says whether an error moves on; None leaves it to
            the rule above.
        failures: After how many failures in a row, within `window` seconds, a model is left alone; also when
            half of its last 20 calls or more failed. None never leaves one alone.
        window: How long a failure counts, in seconds, > 0.
        open_seconds: How long a model is left alone, in seconds, > 0, before one call tries it again; longer
            where its provider asks for longer, up to ten minutes.

    Raises:
        InvalidInputError: If an argument is outside its rule.
    """

    timeout: float | Mapping[str, float] | None = None
    deadline: float | None = None
    order: Sequence[str] | None = None
    max_attempts: int = 2
    refusals: bool = False
    moves_on: Callable[[Exception], bool | None] | None = None
    failures: int | None = 5
    window: float = 60.0
    open_seconds: float = 30.0

    def __post_init__(self) -> None:
        """Check every argument."""
        timeouts = self.timeout if isinstance(self.timeout, Mapping) else {"timeout": self.timeout}
        for name, seconds in timeouts.items():
            check_seconds("timeout" if name == "timeout" else f"timeout of {name}", seconds)
        check_seconds("deadline", self.deadline)
        _check_count("max_attempts", self.max_attempts)
        if self.failures is not None:
            _check_count("failures", self.failures)
        for name in ("window", "open_seconds"):
            check_amount(name, getattr(self, name), of="Resilience")
            if not getattr(self, name):
                raise InvalidInputError(f"{name} must be seconds > 0, got {getattr(self, name)!r}")
        if not isinstance(self.refusals, bool):
            raise InvalidInputError(f"refusals must be True or False, got {shown(self.refusals)}")
        if self.moves_on is not None and not callable(self.moves_on):
            raise InvalidInputError(f"moves_on must be a function or None, got {shown_kind(self.moves_on)}")
        if isinstance(self.order, str) or not (self.order is None or isinstance(self.order, Sequence)):
            raise InvalidInputError(f"order must be a list of models' names, got {shown_kind(self.order)}")

    def check_models(self, models: Sequence[str]) -> None:
        """Check that the models it names are there.

        Raises:
            UnknownNameError: If one is not.
        """
        named = [*(self.timeout if isinstance(self.timeout, Mapping) else ()), *(self.order or ())]
        for name in named:
            if name not in models:
                raise UnknownNameError(f"a model of Resilience must be one of {list(models)}, got {name!r}")

    def timeout_of(self, model: str) -> float | None:
        """Return how long a model may take, in seconds, or None."""
        if self.timeout is None:  # first: to ask a class for its kind takes longer than the rest
            return None
        return self.timeout.get(model) if isinstance(self.timeout, Mapping) else self.timeout

    def others(self, model: str, models: Sequence[str]) -> list[str]:
        """Return whom to ask where a model has failed, in order.

        Args:
            model: Its name.
            models: All models' names, best first.
        """
        if self.order is not None:
            return [name for name in self.order if name != model]
        at = models.index(model)
        return sorted(
            (name for name in models if name != model),
            key=lambda name: (abs(models.index(name) - at), models.index(name)),
        )

    def moves(self, error: BaseException) -> bool:
        """Tell whether an error of one model's call moves on to another model."""
        if not isinstance(error, Exception):  # cancelled, or interrupted from the keyboard
            return False
        said = None if self.moves_on is None else self.moves_on(error)
        if said is not None:
            return bool(said)
        kind = kind_of(error)
        return self.refusals if kind == "refusal" else kind is not None


def _check_count(name: str, count: object) -> None:
    if isinstance(count, bool) or not isinstance(count, Integral) or int(count) < 1:
        raise InvalidInputError(f"{name} must be a whole number >= 1, got {shown(count)}")
