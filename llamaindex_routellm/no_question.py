"""Where calls go that hold no user's question, kind by kind."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from llamaindex_routellm.query import NoQuestion, Question
from shared_router import NoQueryWarning, RoutingDecision

_REMEDIES: Mapping[NoQuestion, tuple[str, str]] = {
    "ingestion": ("an ingestion step's call reads documents", 'on_ingestion="weak"'),
    "evaluation": ("an evaluator's call judges an answer", 'on_evaluation="weak", or judge with another LLM'),
    "template": (
        "none of a template's variables is one of query_keys",
        "query_keys, best first, such as query_keys=['ask', 'query_str']",
    ),
}


@dataclass(frozen=True, slots=True)
class NoQuestionRules:
    """Send ingestion and evaluators elsewhere than other calls without a question.

    Attributes:
        models: The model of a kind; a kind that is missing goes where the policy's `on_no_query` says.
        explicit: Whether `on_no_query` was the user's own choice; then nothing is warned of.
        warned: The kinds that were warned of.
    """

    models: Mapping[str, str]
    explicit: bool
    warned: set[str] = field(default_factory=set)

    def applied(
        self, decision: RoutingDecision, question: Question, candidates: Collection[str] | None
    ) -> RoutingDecision:
        """Return the decision, or the one for a call of its kind.

        Args:
            decision: What the policy decided.
            question: What was found in the call.
            candidates: The models that can serve the call; None for all.
        """
        kind = question.missing
        if kind is None or decision.reason != "no_query":
            return decision
        model = self.models.get(kind)
        if model is not None:
            fits = candidates is None or model in candidates
            return replace(decision, model=model) if fits else decision
        if not self.explicit and kind in _REMEDIES and kind not in self.warned:
            self.warned.add(kind)
            why, remedy = _REMEDIES[kind]
            warnings.warn(
                f"a call should hold a user's question, and {why}: all such calls go to {decision.model} "
                f"(on_no_query); say where they go with {remedy}",
                NoQueryWarning,
                stacklevel=2,
            )
        return decision
