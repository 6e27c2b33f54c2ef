"""LangChain's own test suites for chat models, unit and integration, over routed models.

They run twice, once for each child: a suite that passes with the strong model alone says nothing of the
weak one. Skipped are the tests that fetch pictures, sound and files from the web, those of what no child
here has (keys in the environment, recorded sessions), and loading by name, which LangChain allows its own
packages alone.
"""

from typing import Any

import pytest
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from langchain_routellm import RoutedChatModel
from shared_router.testing import FixedRouter
from tests.langchain.fake_tool_models import ChatElm, ChatOak

# The suites give a model temperature, api_key and the like, which a routed model leaves to its children;
# `version="v3"` of stream_events is in beta.
pytestmark = [
    pytest.mark.filterwarnings("ignore::shared_router.errors.IgnoredArgumentWarning"),
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
    pytest.mark.filterwarnings("ignore:The tool_call_id parameter:UserWarning"),
]


class _OverStrong:
    @property
    def chat_model_class(self) -> type[RoutedChatModel]:
        return RoutedChatModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        router = FixedRouter(self.win_probability)
        return {"strong": ChatElm(), "weak": ChatOak(), "router": router, "threshold": 0.5}

    win_probability = 0.9


class _OverWeak(_OverStrong):
    win_probability = 0.1


class _Capabilities:
    supports_json_mode = True
    model_override_value = "another-model"


class TestUnitOverStrong(_OverStrong, _Capabilities, ChatModelUnitTests):
    pass


class TestUnitOverWeak(_OverWeak, _Capabilities, ChatModelUnitTests):
    pass


class TestIntegrationOverStrong(_OverStrong, _Capabilities, ChatModelIntegrationTests):
    pass


class TestIntegrationOverWeak(_OverWeak, _Capabilities, ChatModelIntegrationTests):
    pass
