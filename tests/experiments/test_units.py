"""units.py: a conversation is one unit, counted once nothing can be added to it."""

from pathlib import Path
from typing import Any

import pytest

from shared_router.experiments.units import Units, units_of
from shared_router.telemetry import read_log
from tests.decision_logs import NOVEMBER, decision, feedback, iso, write_log


def units(tmp_path: Path, lines: list[dict[str, Any]], **given: Any) -> Units:
    return units_of(read_log(write_log(tmp_path / "log.jsonl", lines)).rows, **given)


def test_the_requests_of_a_conversation_are_one_unit(tmp_path: Path) -> None:
    """Two requests of 1 and 5 dollars graded 0 and 1; the end of the log is an hour and more later."""
    found = units(
        tmp_path,
        [
            decision(1, hour=0, arm="a", conversation="hmac:x"),
            decision(2, "strong", hour=0.5, arm="a", conversation="hmac:x"),
            feedback(1, 0.0),
            feedback(2, 1.0),
            decision(3, hour=9, arm="b", query="hmac:y"),
        ],
    )
    first, last = found.units
    assert (first.is_b, first.dollars, first.score) == (False, 6.0, 0.5)
    assert first.closed - first.began == 1.5 * 3600
    assert (last.is_b, last.dollars, last.score) == (True, 1.0, None)


def test_a_conversation_that_may_go_on_is_not_counted_and_one_that_has_ended_is_not_reopened(
    tmp_path: Path,
) -> None:
    found = units(
        tmp_path,
        [
            decision(1, hour=0, arm="a", conversation="hmac:x"),
            decision(2, hour=5, arm="a", conversation="hmac:x"),
            decision(3, hour=5.5, arm="b", conversation="hmac:y"),
        ],
    )
    assert [(unit.dollars, unit.is_b) for unit in found.units] == [(1.0, False)]
    assert (found.n_open, found.n_repeated) == (1, 1)


def test_a_question_without_a_conversation_counts_the_first_time(tmp_path: Path) -> None:
    lines = [decision(i, hour=i, arm="a", query="hmac:same", dollars=float(i)) for i in (1, 2, 3)]
    found = units(tmp_path, lines)
    assert [unit.dollars for unit in found.units] == [1.0]
    assert found.n_repeated == 2


def test_what_was_in_both_arms_or_in_none_is_left_out(tmp_path: Path) -> None:
    found = units(
        tmp_path,
        [
            decision(1, hour=0, arm="a", conversation="hmac:x"),
            decision(2, hour=0.1, arm="b", conversation="hmac:x"),
            decision(3, hour=0.2, query="hmac:y"),
            decision(4, hour=9, arm="b", query="hmac:z"),
        ],
    )
    assert (len(found.units), found.n_crossed) == (1, 1)


def test_a_later_look_does_not_change_what_an_earlier_one_counted(tmp_path: Path) -> None:
    """The unit closes at hour 1; the grade of hour 3 is taken, and that of hour 30 comes too late."""
    lines = [
        decision(1, hour=0, arm="a", conversation="hmac:x"),
        decision(2, hour=40, arm="b", query="hmac:z"),
        feedback(1, 1.0, source="ada", time=iso(NOVEMBER + 3 * 3600)),
    ]
    before = units(tmp_path, lines).units[0]
    later = feedback(1, 0.0, source="bob", time=iso(NOVEMBER + 30 * 3600))
    assert units(tmp_path, [*lines, later]).units[0] == before
    assert (before.score, before.known - before.began) == (1.0, 3 * 3600)


@pytest.mark.parametrize("in_order", [True, False])
def test_a_source_that_changes_its_mind_after_a_look_changes_nothing(tmp_path: Path, in_order: bool) -> None:
    """Ada says 1 at hour 3, and 0 and .5 at hours 20 and 30."""
    lines = [
        decision(1, hour=0, arm="a", conversation="hmac:x"),
        decision(2, hour=40, arm="b", query="hmac:z"),
    ]
    words = [
        feedback(1, score, source="ada", time=iso(NOVEMBER + hour * 3600))
        for score, hour in ((1.0, 3), (0.0, 20), (0.5, 30))
    ]
    before = units(tmp_path, [*lines, words[0]]).units[0]
    found = units(tmp_path, [*lines, *(words if in_order else words[::-1])]).units[0]
    assert found == before
    assert (before.score, before.known - before.began) == (1.0, 3 * 3600)


def test_a_request_without_dollars_leaves_its_unit_without(tmp_path: Path) -> None:
    found = units(tmp_path, [decision(1, arm="a", query="hmac:x", dollars=None)])
    assert found.units[0].dollars is None
