import math
from typing import Any

import pytest

from shared_router import ToolCall, valid_tool_calls

SCHEMAS: dict[str, Any] = {
    "weather": {
        "type": "object",
        "properties": {
            "place": {"type": "string"},
            "days": {"type": "integer"},
            "unit": {"enum": ["C", "F"]},
            "stops": {"type": "array", "items": {"$ref": "#/$defs/stop"}},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        "required": ["place"],
        "additionalProperties": False,
        "$defs": {
            "stop": {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}
        },
    },
    "anything": {},
}


@pytest.mark.parametrize(
    ("name", "arguments", "valid"),
    [
        ("weather", {"place": "Rome"}, True),
        ("weather", {"place": "Rome", "days": 3, "unit": "C", "note": None}, True),
        ("weather", {"place": "Rome", "stops": [{"city": "Pisa"}]}, True),
        ("weather", {"place": "Rome", "days": 3.0}, True),
        ("weather", {}, False),
        ("weather", {"place": 7}, False),
        ("weather", {"place": "Rome", "days": 3.5}, False),
        ("weather", {"place": "Rome", "days": True}, False),
        ("weather", {"place": "Rome", "unit": "K"}, False),
        ("weather", {"place": "Rome", "note": 7}, False),
        ("weather", {"place": "Rome", "stops": [{"town": "Pisa"}]}, False),
        ("weather", {"place": "Rome", "stops": "Pisa"}, False),
        ("weather", {"place": "Rome", "country": "IT"}, False),
        ("forecast", {"place": "Rome"}, False),
        ("weather", None, False),
        ("anything", {"of": ["any", "kind"]}, True),
    ],
)
def test_a_call_must_name_a_tool_and_fit_its_schema(name: str, arguments: Any, valid: bool) -> None:
    assert valid_tool_calls([ToolCall(name, arguments)], SCHEMAS) is valid


@pytest.mark.parametrize(
    ("kind", "value", "valid"),
    [
        ("integer", 10**400, True),
        ("number", 10**400, True),
        ("integer", math.inf, False),
        ("integer", math.nan, False),
        ("number", -math.inf, False),
        ("number", math.nan, False),
    ],
)
def test_a_number_that_no_float_or_no_json_holds_is_only_a_value_that_fits_or_not(
    kind: str, value: float, valid: bool
) -> None:
    """Python reads `Infinity`, `NaN` and any row of digits in a model's JSON."""
    schemas = {"count": {"type": "object", "properties": {"n": {"type": kind}}}}
    assert valid_tool_calls([ToolCall("count", {"n": value})], schemas) is valid


@pytest.mark.parametrize(
    "schema",
    [{"enum": 5}, {"enum": "abc"}, {"required": 5}, {"properties": ["n"]}, {"anyOf": 5}, {"type": 5}],
)
def test_a_keyword_that_is_written_wrong_forbids_nothing(schema: dict[str, Any]) -> None:
    assert valid_tool_calls([ToolCall("count", {"n": 1})], {"count": schema})


def test_where_no_schemas_are_known_arguments_must_be_an_object() -> None:
    assert valid_tool_calls([ToolCall("weather", {})], None)
    assert not valid_tool_calls([ToolCall("weather", None)], None)


def test_one_bad_call_is_enough() -> None:
    assert not valid_tool_calls(
        [ToolCall("weather", {"place": "Rome"}), ToolCall("weather", {"place": 7})], SCHEMAS
    )


def test_a_schema_that_refers_to_itself_ends() -> None:
    schema = {"$ref": "#"}
    assert valid_tool_calls([ToolCall("loop", {})], {"loop": schema})


def test_a_calls_arguments_are_not_shown() -> None:
    assert "Rome" not in repr(ToolCall("weather", {"place": "Rome"}))
