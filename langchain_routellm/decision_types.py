"""What this package uses of `langchain_core.decisions`, in this one place: its names are about to change.

langchain-core 1.8 has `Noul`, `Choice.criteria`, `ClassifierResponse` and `_classify(state, questions)`;
langchain-openai 1.7 and langchain-core's main branch have `Predicate`, `Choice.choices`, `DecisionResponse`
and `_decide(request)`. Both are read here.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from shared_router import MissingExtraError

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableSerializable

    class BaseDecisionModel(RunnableSerializable[Any, Any]):
        """LangChain's, as far as a type checker must know it; not every langchain-core has one."""

    _Response: Any
else:
    try:
        _decisions = import_module("langchain_core.decisions")
    except ImportError as error:
        raise MissingExtraError(
            "decision models need langchain-core 1.8 or newer, which needs Python 3.11, got langchain-core "
            f'{version("langchain-core")}; run: pip install "langchain-core>=1.8"'
        ) from error
    BaseDecisionModel = getattr(_decisions, "BaseDecisionModel", None)
    _Response = getattr(_decisions, "DecisionResponse", None) or getattr(
        _decisions, "ClassifierResponse", None
    )
    if BaseDecisionModel is None or _Response is None:
        raise MissingExtraError(
            f"langchain-core {version('langchain-core')} has decision models of names that this release does "
            "not know; use RouteLLMMiddleware, or a later routellm-adapters"
        )


def asked(request: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return what a request is about, and its questions by name."""
    return request["input"] if "input" in request else request["state"], dict(request["questions"])


def is_probability(question: Any) -> bool:
    """Tell a question for a probability: `Noul`, or `Predicate` as it is to be called."""
    return question.type in ("noul", "predicate")


def labels(question: Any) -> list[Any]:
    """Return what a `Choice` chooses among; nothing for another question."""
    if question.type != "choice":
        return []
    return list(question.choices if hasattr(question, "choices") else question.criteria)


def probability_answer(question: Any, probability: float) -> dict[str, Any]:
    """Return the answer to a question for a probability, in [0, 1]."""
    value = "noul" if question.type == "noul" else "probability"
    return {"type": question.type, value: probability}


def choice_answer(label: Any, probabilities: Mapping[Any, float]) -> dict[str, Any]:
    """Return the answer to a `Choice`: the label, and every label's probability."""
    return {
        "type": "choice",
        "choice": label,
        "probabilities": dict(probabilities),
        "confidence": probabilities[label],
    }


def response(answers: Mapping[str, Any], model: str) -> Any:
    """Return the answers by question, in the class that this langchain-core has for them."""
    return _Response.model_validate({"answers": dict(answers), "model": model})
