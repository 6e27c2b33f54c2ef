"""LangChain's own test suites, unit and integration, over cascades: weak answers used, and rejected."""

from typing import Any

from langchain_tests.unit_tests import ChatModelUnitTests

from langchain_routellm import CascadedChatModel
from tests.answer_scorers import accepts, rejects
from tests.langchain.fake_tool_models import ChatElm, ChatOak
from tests.langchain.test_standard import ABLE, _Capabilities, _no_web, _TwoModelsHeard, _Usage, pytestmark

__all__ = ["_no_web", "pytestmark"]


class _Accepted:
    scorer = staticmethod(accepts)

    @property
    def chat_model_class(self) -> type[CascadedChatModel]:
        return CascadedChatModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        children = {"strong": ChatElm(**ABLE), "weak": ChatOak(**ABLE)}
        return {**children, "scorer": self.scorer, "threshold": 0.5, "on_scorer_error": "weak"}


class _Rejected(_Accepted):
    scorer = staticmethod(rejects)

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {**super().chat_model_params, "on_scorer_error": "strong"}


class TestUnitOverAcceptedAnswers(_Accepted, _Capabilities, ChatModelUnitTests):
    pass


class TestUnitOverRejectedAnswers(_Rejected, _Capabilities, ChatModelUnitTests):
    pass


class TestIntegrationOverAcceptedAnswers(_Accepted, _Capabilities, _Usage):
    pass


class _TwoCalls(_Rejected, _Capabilities, _TwoModelsHeard):
    pass


class TestIntegrationOverRejectedAnswers(_TwoCalls):
    pass


class TestIntegrationUnderADeadline(_TwoCalls):
    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {**super().chat_model_params, "deadline": 60.0}
