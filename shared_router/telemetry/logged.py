"""What a decision log says, as rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from shared_router.observers import Attempt


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody said of an answer.

    Attributes:
        score: How good it was, in [0, 1].
        source: Who said so: `"thumbs"`, `"judge"`, a user.
        time: When, in seconds since the epoch; None where not told.
        first: What the same source said first, where it has said something else since.
    """

    score: float
    source: str
    time: float | None = None
    first: Feedback | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ShadowAnswer:
    """What another model made of the same question, off the request's path.

    Attributes:
        model: Which.
        input_tokens: Prompt tokens, cached ones included; None where not told, as below.
        output_tokens: Answer tokens.
        dollars: What it cost.
        score: How good it was, in [0, 1].
        share: The probability with which this call was drawn to be asked, in (0, 1].
        time: When, in seconds since the epoch.
        error: The class of the error, where no answer came.
    """

    model: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    dollars: float | None = None
    score: float | None = None
    share: float | None = None
    time: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class LoggedDecision:
    """One decision and what became of it; None is what its line does not say.

    Attributes:
        id: Its name, 32 hexadecimal digits.
        time: When it was asked for, in seconds since the epoch.
        model: The model that answered, or failed last.
        routed: The model that was decided on.
        threshold: The cost threshold that applied, in [0, 1].
        router: The router's name.
        reason: Why that model; see `RoutingDecision`.
        propensity: P(`routed` was chosen), in (0, 1].
        outcome: How the call ended.
        win_probability: The question's score, in [0, 1].
        query: The question's keyed hash.
        prompt: The question, where the log keeps it. Not in the repr.
        conversation: The keyed hash of the conversation's name.
        tenant: The keyed hash of the tenant's name.
        arm: Which policy of a test decided.
        would: What other policies would have chosen, by their names.
        attempts: The models that were asked, in order.
        input_tokens: Prompt tokens, cached ones included.
        cached_input_tokens: How many of them the provider had cached.
        output_tokens: Answer tokens.
        dollars: What the call cost.
        seconds: From the decision to the end.
        first_content_s: From the decision to a stream's first content.
        provider_model: The model's own id as its provider told it.
        fingerprint: What the provider told of its build.
        features: The question in numbers, where the log keeps them.
        feedback: What was said of the answer: of each source its latest word.
        shadows: What other models made of the question.
    """

    id: str
    time: float
    model: str
    routed: str
    threshold: float
    router: str
    reason: str
    propensity: float
    outcome: Literal["answered", "failed", "cancelled"]
    win_probability: float | None = None
    query: str | None = None
    prompt: str | None = field(default=None, repr=False)
    conversation: str | None = None
    tenant: str | None = None
    arm: str | None = None
    would: Mapping[str, str] | None = field(default=None, hash=False)
    attempts: tuple[Attempt, ...] = ()
    input_tokens: int | None = None
    cached_input_tokens: int | None = None
    output_tokens: int | None = None
    dollars: float | None = None
    seconds: float | None = None
    first_content_s: float | None = None
    provider_model: str | None = None
    fingerprint: str | None = None
    features: tuple[float, ...] | None = None
    feedback: tuple[Feedback, ...] = ()
    shadows: tuple[ShadowAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class LoggedDecisions:
    """All decisions of some logs, by time, and how much of the logs could not be used.

    Attributes:
        rows: The decisions, each once, in the order of their time.
        files: The files that were read.
        n_lines: How many lines they hold, blank ones aside.
        n_damaged: How many are no line of a log: half written, or with a value outside its rule.
        n_other_release: How many another release wrote in a format that this one does not know.
        n_repeated: How many say again what another line said.
        n_unknown: How many speak of a decision that is not there.
    """

    rows: tuple[LoggedDecision, ...]
    files: tuple[Path, ...] = ()
    n_lines: int = 0
    n_damaged: int = 0
    n_other_release: int = 0
    n_repeated: int = 0
    n_unknown: int = 0

    def __len__(self) -> int:
        """Return how many decisions there are."""
        return len(self.rows)

    def __iter__(self) -> Iterator[LoggedDecision]:
        """Go through the decisions by time."""
        return iter(self.rows)

    def provider_models(self) -> dict[str, str]:
        """Return what each model's provider called it first, for a `ModelWatch` that outlives a process."""
        first: dict[str, str] = {}
        for row in self.rows:
            if row.provider_model is not None and row.outcome == "answered":
                first.setdefault(row.model, row.provider_model)
        return first

    def skipped(self) -> str:
        """Say in a sentence what was left out; `""` where nothing was."""
        counts = {
            "damaged": self.n_damaged,
            "of another release": self.n_other_release,
            "repeated": self.n_repeated,
            "about decisions that are not there": self.n_unknown,
        }
        said = ", ".join(f"{n} {what}" for what, n in counts.items() if n)
        return f"of {self.n_lines} lines {said} were left out" if said else ""
