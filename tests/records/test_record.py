"""records/record.py: numbers, texts and times as logs write them."""

import math
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from shared_router.records.record import mapping, milliseconds_between, number, parsed, seconds, text


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, 1), (0.5, 0.5), (True, 1), ("0.25", 0.25), ("True", 1), ("false", 0), (" 3 ", 3), ("1e-5", 1e-5)],
)
def test_a_number_may_be_written_in_many_ways(value: Any, expected: float) -> None:
    assert number(value) == expected


@pytest.mark.parametrize("value", [None, "", "x", math.nan, math.inf, "nan", "inf", [], {}, 10**400, "1,5"])
def test_anything_else_is_no_number(value: Any) -> None:
    assert number(value) is None


@pytest.mark.parametrize(
    "value",
    [
        1_760_000_000,
        1_760_000_000_000,
        "1760000000",
        "2025-10-09T08:53:20Z",
        "2025-10-09T08:53:20",
        "2025-10-09 08:53:20 UTC",
        "2025-10-09T10:53:20.000+02:00",
        "2025-10-09T08:53:20.000000000Z",
        datetime(2025, 10, 9, 8, 53, 20),
        datetime(2025, 10, 9, 10, 53, 20, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_a_time_is_seconds_since_1970_in_utc(value: Any) -> None:
    """2025-10-09 08:53:20 UTC is 1,760,000,000."""
    assert seconds(value) == 1_760_000_000


@pytest.mark.parametrize("value", [None, "", "yesterday", "2025-99-99T00:00:00", -5, 0])
def test_what_is_no_time_is_none(value: Any) -> None:
    assert seconds(value) is None


def test_time_passes_forward_only() -> None:
    assert milliseconds_between("2025-10-09T08:53:20Z", 1_760_000_001.5) == 1500
    assert milliseconds_between(2, 1) is None
    assert milliseconds_between(None, 1) is None


def test_an_object_may_be_written_as_text_or_pairs() -> None:
    assert mapping({"a": 1}) == mapping('{"a": 1}') == mapping([("a", 1)]) == {"a": 1}
    assert mapping("[1]") == mapping("{half") == mapping(3) == mapping(None) == {}


def test_text_may_be_a_number_but_not_blank() -> None:
    assert text("a") == "a"
    assert text(30192) == "30192"
    assert text(" ") is text(None) is text(True) is text([]) is None


@pytest.mark.parametrize(
    "written",
    [
        '[{"role": "user", "content": "it\'s"}, {"role": "x"}]',
        """[{'role': 'user', 'content': "it's"}, {'role': 'x'}]""",
        """[{'role': 'user', 'content': "it's"}\n {'role': 'x'}]""",
    ],
    ids=["JSON", "Python", "numpy"],
)
def test_objects_may_be_written_as_json_or_as_pandas_writes_them(written: str) -> None:
    assert parsed(written) == [{"role": "user", "content": "it's"}, {"role": "x"}]


@pytest.mark.parametrize(
    "given",
    ["{'a': open('x')}", "{'a': 1", "[1, 2] is a list", "{'\\d'}x", "{'a': \ud800}", "{" * 10_000 + "'"],
)
def test_text_that_is_no_object_stays_what_it_is(given: str) -> None:
    assert parsed(given) == given
