"""An answer with the status 200 that its own client falls over is the provider's fault, a mistake is not."""

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatResult
from langchain_openai import ChatOpenAI
from llama_index.core.base.llms.types import ChatMessage, CompletionResponse
from llama_index.llms.openai import OpenAI
from pydantic import SecretStr

from shared_router.resilience.errors_that_move_on import kind_of
from shared_router.resilience.unreadable_answers import is_unreadable_answer
from tests.fault_server import FaultServer
from tests.faults import Fault


class AnswersNothing(GenericFakeChatModel):
    """A chat model whose provider sends no choices."""

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        return ChatResult(generations=[])


def raised_by(call: Callable[[], object]) -> Exception:
    """Return what a call raises."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 - its class is what differs
        call()
    error = raised.value
    assert isinstance(error, Exception)
    return error


def openai_of_langchain(server: FaultServer) -> ChatOpenAI:
    """Return a real client."""
    return ChatOpenAI(model="m", base_url=server.url, api_key=SecretStr("none"), max_retries=0)


def test_a_framework_that_takes_the_first_of_no_answers_is_told() -> None:
    """LangChain's own `invoke` reads `generations[0][0]` of whatever integration."""
    error = raised_by(lambda: AnswersNothing(messages=iter(())).invoke("why?"))
    assert type(error) is IndexError
    assert is_unreadable_answer(error)
    assert kind_of(error) == "server"


@pytest.mark.parametrize("kind", ["no_choices", "null_choices", "no_message", "null_message", "html"])
def test_an_answer_that_a_real_client_falls_over_is_told(kind: Any) -> None:
    with FaultServer() as server:
        server.plan.always["m"] = Fault(kind)
        error = raised_by(lambda: openai_of_langchain(server).invoke("why?"))
    assert kind_of(error) == "server"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"message": "down", "code": 502}, "server"),
        ({"message": "slow", "code": 429}, "rate_limit"),
        ({"message": "full", "type": "overloaded_error"}, "server"),
        ({"message": "kept back", "code": "content_filter"}, "refusal"),
        ({"message": "your key", "code": 401}, None),
        ({"message": "your tools", "type": "invalid_request_error", "code": None}, None),
    ],
)
def test_an_error_in_an_answer_of_the_status_200_is_judged_by_its_own_word(body: Any, kind: Any) -> None:
    """Gateways send their provider's error so; LangChain raises it as a ValueError of the object."""
    model = ChatOpenAI(model="m", api_key=SecretStr("none"))
    assert kind_of(raised_by(lambda: model._create_chat_result({"error": body, "choices": None}))) == kind


def test_an_argument_that_no_client_takes_is_the_programs_mistake() -> None:
    with FaultServer() as server:
        error = raised_by(lambda: openai_of_langchain(server).invoke("why?", no_such_argument=1))
        assert type(error) is TypeError
        assert kind_of(error) is None
        assert not server.asked


def test_messages_that_a_client_cannot_send_are_the_programs_mistake() -> None:
    model = OpenAI(model="gpt-4o", api_key="none", max_retries=0)
    wrong: Any = [ChatMessage(role="user", content="why?", additional_kwargs={"tool_calls": object()})]
    assert kind_of(raised_by(lambda: model.chat(wrong, response_format=object()))) is None


@pytest.mark.parametrize("cls", [IndexError, KeyError, AttributeError, TypeError, ValueError])
def test_an_error_that_the_program_raises_itself_is_its_own(cls: type[Exception]) -> None:
    def mine() -> None:
        raise cls("list index out of range, NoneType")

    assert kind_of(raised_by(mine)) is None
    assert kind_of(cls("never raised")) is None


@pytest.mark.parametrize("name", ["parse_completion", "_format_output", "chat_from_cache"])
def test_a_function_of_the_programs_that_is_called_as_a_readers_are_is_its_own(name: str) -> None:
    def mine() -> None:
        raise ValueError("no answer")

    mine.__code__ = mine.__code__.replace(co_name=name)
    assert kind_of(raised_by(mine)) is None


def test_a_page_that_a_client_would_parse_an_object_from_is_told() -> None:
    """OpenAI's own client parses structured outputs, and takes the page for an answer."""
    with FaultServer() as server:
        server.plan.always["m"] = Fault("html")
        schema = {"title": "Fact", "type": "object", "properties": {"text": {"type": "string"}}}
        built = openai_of_langchain(server).bind(
            response_format={"type": "json_schema", "json_schema": schema}
        )
        error = raised_by(lambda: built.invoke("why?"))
    assert kind_of(error) == "server"


def test_an_answer_that_a_framework_cannot_make_of_nothing_is_told_and_a_message_is_not() -> None:
    error = raised_by(lambda: CompletionResponse(text=None))  # type: ignore[arg-type]
    assert kind_of(error) == "server"
    assert kind_of(raised_by(lambda: AIMessage(content=None))) is None
