"""Every error and warning that this project raises, in one tree.

Each message says the rule, then the value, then the fix. None holds a prompt's text or a key.

    RouterError
    ├── InvalidInputError (ValueError)         an argument breaks its rule
    │   ├── DataError                          a file or row of data breaks a rule
    │   │   ├── FormatError                    no reader knows a file's format
    │   │   └── ScaleError                     scores are outside the scale they were said to be on
    │   ├── QueryError                         the request holds no message to route
    │   ├── UnknownNameError (LookupError)     no router, model or option has that name
    │   └── DisconnectedModelsError            the battles do not compare every model with every other
    ├── NotFittedError                         a router was asked before fit or load
    ├── RouterOutputError                      win probabilities that are none
    ├── RouterTimeoutError (TimeoutError)      a router took longer than it may
    ├── RouterUnavailableError                 a router has failed too often to be asked now
    ├── GuardError                             a guard failed, or gave no verdict
    │   └── GuardTimeoutError (TimeoutError)   a guard took longer than it may
    ├── VetoError                              a guard refuses a request
    ├── ScorerOutputError                      a scorer's P(good enough) that is none
    ├── ScorerTimeoutError (TimeoutError)      a scorer took longer than it may
    ├── PlanTimeoutError (TimeoutError)        a plan's calls took longer than its deadline
    ├── CallTimeoutError (TimeoutError)        a model took longer than Resilience allows
    ├── CutStreamError (ConnectionError)       a stream ended before any content, and does not say why
    ├── EmptyAnswerError                       a model answered with nothing, and says that it ended well
    ├── WithheldAnswerError                    a provider kept its model's answer back
    ├── ContractError (AssertionError)         check_router found a rule that a router breaks
    ├── CapabilityError (NotImplementedError)  no model can do what the request needs
    ├── BudgetExceededError                    a budget has no room for what a call may cost
    ├── BudgetStoreError (OSError)             where a budget is counted cannot be asked
    ├── EmbedderError                          an embedder gave no vectors
    ├── JudgeError                             a judge's answer holds no verdict
    ├── MissingExtraError (ImportError)        an optional dependency is not installed
    ├── BatchError                             scoring files stopped, and goes on when it is run again
    ├── LocalServerError                       the demo's local model server does not answer
    └── ArtifactError                          a checkpoint that must not be used, or cannot be written
        ├── ArtifactNotFoundError (FileNotFoundError)
        ├── ArtifactCorruptError               bytes that are not the ones that were saved
        ├── ArtifactSchemaError                sound bytes that do not hold what they should
        ├── ArtifactMismatchError              a policy file that was made for another router
        ├── ArtifactExistsError (FileExistsError)  saving would replace what nobody said may go
        └── ArtifactWriteError (OSError)       no room or no permission to save

    RouterWarning (UserWarning)
    ├── RouterFallbackWarning                  a router failed and the policy's rule decided
    ├── ThresholdRangeWarning                  a threshold that no score, or every score, reaches
    ├── GuardFailedWarning                     a guard failed and the policy's rule decided
    ├── SameModelWarning                       strong and weak are one object
    ├── ModelChangedWarning                    another model answers than a policy was made on
    ├── NoQueryWarning                         calls without a question go where nobody has said
    ├── UnlikeModelsWarning                    strong and weak differ where a framework takes one answer
    ├── IgnoredArgumentWarning                 an argument has no effect on a routed model
    ├── SkippedRowsWarning                     bad rows of preference data were left out
    ├── UnusedCacheWarning                     an embedding cache's file cannot be used now
    └── TruncatedTextWarning                   an embedder saw only the start of a text
"""


class RouterError(Exception):
    """Anything this project refuses to do, for a reason it names."""


class InvalidInputError(RouterError, ValueError):
    """An argument breaks its rule."""


class DataError(InvalidInputError):
    """A file or a row of data breaks a rule; the message names the line or the row."""


class FormatError(DataError):
    """No reader knows a file's format; the message says why each refused it."""


class ScaleError(DataError):
    """Scores are outside the scale they were said to be on; which scale it is, is never guessed."""


class QueryError(InvalidInputError):
    """The request holds no message to route."""


class UnknownNameError(InvalidInputError, LookupError):
    """No router, model or option has that name."""


class DisconnectedModelsError(InvalidInputError):
    """The battles do not link all models by wins and losses, so no finite ratings fit them best."""


class NotFittedError(RouterError):
    """A router was asked for win probabilities before it was fitted or loaded."""


class RouterOutputError(RouterError):
    """A router returned something other than one probability per query."""


class RouterTimeoutError(RouterError, TimeoutError):
    """A router took longer than a policy's `router_timeout`."""


class RouterUnavailableError(RouterError):
    """A router has failed several times in a row, and is left alone for a while."""


class GuardError(RouterError):
    """A guard raised an error, whose class the message names and whose cause it is, or gave no verdict."""


class GuardTimeoutError(GuardError, TimeoutError):
    """A guard took longer than a policy's `router_timeout`."""


class VetoError(RouterError):
    """A guard refuses a request; a guard returns or raises it with a reason that its caller may read."""


class ScorerOutputError(RouterError):
    """A scorer returned something other than a probability that an answer is good enough."""


class ScorerTimeoutError(RouterError, TimeoutError):
    """A scorer took longer than a cascade's `scorer_timeout`."""


class PlanTimeoutError(RouterError, TimeoutError):
    """The calls of one request took longer than its `deadline`, and no answer was at hand."""


class CallTimeoutError(RouterError, TimeoutError):
    """A model took longer than its `Resilience.timeout`, or than its request's `deadline`."""


class CutStreamError(RouterError, ConnectionError):
    """A model's stream ended before any content, as if it were whole, and nothing says why it did."""


class EmptyAnswerError(RouterError):
    """A model's answer holds no text, no reasoning and no tool call, and was not cut or withheld.

    Attributes:
        answer: The answer, which is given back where no other model answers.
    """

    def __init__(self, message: str, answer: object = None) -> None:
        super().__init__(message)
        self.answer = answer


class WithheldAnswerError(RouterError):
    """A provider kept its model's answer back, and `Resilience(refusals=True)` asks another model.

    Attributes:
        answer: What there is of it, which is given back where no other model answers.
    """

    def __init__(self, message: str, answer: object = None) -> None:
        super().__init__(message)
        self.answer = answer


class ContractError(RouterError, AssertionError):
    """A router breaks a rule of the router contract."""


class CapabilityError(RouterError, NotImplementedError):
    """No model can do what the request needs."""


class BudgetExceededError(RouterError):
    """A budget has no room left for what a call may cost, and no model is asked."""


class BudgetStoreError(RouterError, OSError):
    """Where a budget is counted cannot be asked, and `on_store_error="closed"` refuses calls then."""

    @classmethod
    def of(cls, store: str, error: BaseException) -> "BudgetStoreError":
        """Say which store failed, and the class of its error: its text may hold an address and a password."""
        return cls(
            f'{store} must answer for a call to be made, got {type(error).__name__}; on_store_error="open" '
            "counts in this process alone meanwhile"
        )


class EmbedderError(RouterError):
    """An embedder gave no vectors: its service failed, or what it returned is not one row per text."""


class JudgeError(RouterError):
    """A judge's answer holds no verdict."""


class MissingExtraError(RouterError, ImportError):
    """An optional dependency is not installed."""

    @classmethod
    def of(cls, package: str, extra: str) -> "MissingExtraError":
        """Name the package that is missing and the command that installs it.

        Args:
            package: The import that failed, for example `torch`.
            extra: The extra of this distribution that brings it.
        """
        return cls(f'{package} is not installed; run: pip install "routellm-adapters[{extra}]"')


class BatchError(RouterError):
    """Scoring files stopped: another run has the folder, an input changed, or a process was ended."""


class LocalServerError(RouterError):
    """The demo's local model server did not start, or stopped."""


class ArtifactError(RouterError):
    """A checkpoint must not be used, or cannot be written."""


class ArtifactNotFoundError(ArtifactError, FileNotFoundError):
    """A checkpoint, or a file it must have, is not there."""


class ArtifactCorruptError(ArtifactError):
    """A checkpoint's bytes are not the ones that were saved."""


class ArtifactSchemaError(ArtifactError):
    """A checkpoint's bytes are sound, but they do not hold what they should."""


class ArtifactMismatchError(ArtifactError):
    """A policy file is sound, and was made for another router than the one that is there."""


class ArtifactExistsError(ArtifactError, FileExistsError):
    """Saving would replace something that nobody said may be replaced."""


class ArtifactWriteError(ArtifactError, OSError):
    """A checkpoint could not be written: there is no room or no permission."""


class RouterWarning(UserWarning):
    """Anything a user of a routed model should know that stops nothing."""


class RouterFallbackWarning(RouterWarning):
    """A router failed and the policy's `on_router_error` decided instead."""


class GuardFailedWarning(RouterWarning):
    """A guard failed and the policy's `on_guard_error` decided instead."""


class ThresholdRangeWarning(RouterWarning):
    """A threshold is outside the scores that its router gives, so that all questions go one way."""


class SameModelWarning(RouterWarning):
    """Strong and weak are one object, so routing saves nothing."""


class ModelChangedWarning(RouterWarning):
    """Another model answers than the policy was made on, so what was measured is not about it."""


class NoQueryWarning(RouterWarning):
    """Calls that hold no question of a user's go where `on_no_query` says, and nobody has said where."""


class UnlikeModelsWarning(RouterWarning):
    """Strong and weak differ in something that a framework takes one answer for, such as a system prompt."""


class IgnoredArgumentWarning(RouterWarning):
    """An argument has no effect on a routed model; set it on its children."""


class SkippedRowsWarning(RouterWarning):
    """Bad rows of preference data were left out, as `on_bad_rows="skip"` asks."""


class UnusedCacheWarning(RouterWarning):
    """An embedding cache's file cannot be used now, and texts are embedded without it."""


class TruncatedTextWarning(RouterWarning):
    """An embedder saw only the start of a text that is longer than its model reads."""
