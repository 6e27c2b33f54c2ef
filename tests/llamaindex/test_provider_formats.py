"""What each provider is asked in a format of its own: schemas and tools."""

import json
from typing import Any

import pytest
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool

from tests.llamaindex.indexes import index_of_documents
from tests.llamaindex.providers import (
    LOOKED,
    OLD_ARGUMENT,
    AnthropicProvider,
    OpenAIProvider,
    Sum,
    look,
    routed_over_anthropic,
    routed_over_openai,
)

EASY = "What is 2+2?"
TEMPLATE = PromptTemplate("HARD {context_str} {query_str}")
FILLED: dict[str, Any] = {"context_str": "documents", "query_str": EASY}


async def test_structured_output_keeps_openais_json_schema() -> None:
    provider = OpenAIProvider(*['{"n": 4}'] * 3)
    routed, spy = routed_over_openai(provider)
    assert routed.structured_predict(Sum, TEMPLATE, **FILLED) == Sum(n=4)
    assert await routed.astructured_predict(Sum, TEMPLATE, **FILLED) == Sum(n=4)
    engine = index_of_documents().as_query_engine(llm=routed.as_structured_llm(Sum))
    assert str(engine.query(EASY)) == '{"n":4}'
    assert [body["response_format"]["type"] for body in provider.bodies] == ["json_schema"] * 3
    assert spy.seen == [EASY]


@pytest.mark.filterwarnings(OLD_ARGUMENT)
async def test_structured_output_keeps_anthropics_json_schema() -> None:
    provider = AnthropicProvider(*['{"n": 4}'] * 2)
    routed, spy = routed_over_anthropic(provider)
    assert routed.structured_predict(Sum, TEMPLATE, **FILLED) == Sum(n=4)
    assert await routed.astructured_predict(Sum, TEMPLATE, **FILLED) == Sum(n=4)
    for body in provider.bodies:
        assert "n" in json.dumps(body["output_config"]["format"]["schema"])
    assert spy.seen == [EASY]


def test_a_tool_is_called_in_anthropics_format() -> None:
    provider = AnthropicProvider(LOOKED)
    routed, spy = routed_over_anthropic(provider)
    answer = routed.predict_and_call([FunctionTool.from_defaults(look)], user_msg=EASY)
    assert str(answer) == "HARD data of it"
    assert provider.bodies[0]["tools"][0]["input_schema"]["required"] == ["at"]
    assert spy.seen == [EASY]
