"""feedback_line.py and `DecisionLog.record`: a word on an answer, checked before it stands in the log."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared_router.errors import InvalidInputError
from shared_router.telemetry import DecisionLog
from shared_router.telemetry.feedback_line import feedback_line

ID = "0123456789abcdef" * 2


def test_a_line_says_whose_word_it_is_on_which_decision() -> None:
    assert feedback_line(ID, True, source="thumbs", when=0.0) == {
        "v": 1,
        "feedback": ID,
        "score": 1.0,
        "source": "thumbs",
        "time": "1970-01-01T00:00:00.000+00:00",
    }


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"decision_id": "abc"}, "decision_id must be 32 hexadecimal digits"),
        ({"decision_id": None}, "decision_id must be 32 hexadecimal digits"),
        ({"score": 5}, r"score must be in \[0, 1\], got 5; of grades from a to b"),
        ({"score": float("nan")}, r"score must be in \[0, 1\], got nan"),
        ({"score": "good"}, r"score must be in \[0, 1\]"),
        ({"source": " "}, "source must be a name"),
        ({"source": "x" * 201}, "source must be a name"),
        ({"when": float("inf")}, "when must be seconds"),
    ],
)
def test_what_breaks_a_rule_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        feedback_line(**{"decision_id": ID, "score": 1.0, "source": "user", **changed})


def test_a_log_records_a_word_and_keeps_no_users_name(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "log.jsonl", key="a key of sixteen bytes")
    log.record(ID, 0.25, source="thumbs", user="alice@example.com")
    assert log.flush()
    (line,) = map(json.loads, log.path.read_text("ascii").splitlines())
    assert (line["feedback"], line["score"]) == (ID, 0.25)
    assert line["source"] == f"thumbs:{log.hash_of('alice@example.com')}"
    assert "alice" not in log.path.read_text("ascii")
