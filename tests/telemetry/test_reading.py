"""reading.py: whatever of a log can be used, each decision once, and a count of the rest."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from shared_router import InvalidInputError
from shared_router.telemetry import Feedback, ShadowAnswer, read_log

ID = "0123456789abcdef" * 2
LINE: dict[str, Any] = {
    "v": 1,
    "id": ID,
    "time": "2025-11-26T02:30:24.118+00:00",
    "model": "weak",
    "routed": "strong",
    "threshold": 0.5,
    "router": "fixed",
    "reason": "score",
    "propensity": 1.0,
    "outcome": "answered",
}


def write(path: Path, *lines: object) -> Path:
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return path


def test_a_row_holds_what_its_line_says_and_none_for_the_rest(tmp_path: Path) -> None:
    more = {"attempts": [["strong", "Timeout", 1], ["weak", None, 0.5]], "would": {"mine": "weak"}}
    (row,) = read_log(write(tmp_path / "log", {**LINE, **more, "input_tokens": 12, "features": [1, 0.5]}))
    assert (row.id, row.time, row.model, row.routed) == (ID, 1764124224.118, "weak", "strong")
    assert [(each.model, each.error, each.seconds) for each in row.attempts] == [
        ("strong", "Timeout", 1.0),
        ("weak", None, 0.5),
    ]
    assert (row.input_tokens, row.features, row.would) == (12, (1.0, 0.5), {"mine": "weak"})
    assert (row.win_probability, row.query, row.dollars, row.feedback) == (None, None, None, ())


def test_feedback_and_shadows_are_joined_by_id_wherever_they_stand(tmp_path: Path) -> None:
    """A shadow's answer and its grade are two lines, and one answer."""
    path = write(
        tmp_path / "log",
        {"v": 1, "feedback": ID, "score": 0, "source": "thumbs", "time": "2025-11-26T02:31:00Z"},
        {"v": 1, "shadow": ID, "model": "weak", "input_tokens": 12, "output_tokens": 9, "dollars": 0.1},
        LINE,
        {"v": 1, "shadow": ID, "model": "weak", "score": 0.5},
        {"v": 1, "feedback": ID, "score": 0.75, "source": "judge"},
    )
    (row,) = read_log(path)
    assert row.feedback == (Feedback(0.0, "thumbs", 1764124260.0), Feedback(0.75, "judge"))
    assert row.shadows == (ShadowAnswer("weak", 12, 9, 0.1, 0.5),)


def test_of_one_source_the_latest_word_counts_in_whatever_order_it_is_read(tmp_path: Path) -> None:
    early = {"v": 1, "feedback": ID, "score": 1, "source": "u", "time": "2025-11-26T02:31:00Z"}
    late = {"v": 1, "feedback": ID, "score": 0, "source": "u", "time": "2025-11-26T02:32:00Z"}
    for lines in ([LINE, early, late], [LINE, late, early]):
        (row,) = read_log(write(tmp_path / "log", *lines))
        assert [each.score for each in row.feedback] == [0.0]


def test_reading_a_log_and_its_copy_gives_what_the_log_gives(tmp_path: Path) -> None:
    said = {"v": 1, "feedback": ID, "score": 1, "source": "u", "time": "2025-11-26T02:31:00Z"}
    shadow = {"v": 1, "shadow": ID, "model": "strong", "score": 1}
    first = write(tmp_path / "a", LINE, said, shadow)
    second = write(tmp_path / "b", LINE, said, shadow)
    once, twice = read_log(first), read_log([first, second, first])
    assert twice.rows == once.rows
    assert (once.n_repeated, twice.n_repeated, twice.n_lines) == (0, 3, 6)
    assert twice.skipped() == "of 6 lines 3 repeated were left out"


@pytest.mark.parametrize(
    "line",
    [
        '{"v":1,"id":"0123',
        "null",
        "[]",
        "\x00\x00",
        "{}",
        "[" * 100_000,
        {**LINE, "propensity": 0},
        {**LINE, "propensity": 1.5},
        {**LINE, "propensity": True},
        {**LINE, "threshold": "0.5"},
        {**LINE, "win_probability": -0.1},
        json.dumps({**LINE, "dollars": float("nan")}),
        {**LINE, "dollars": -1},
        {**LINE, "input_tokens": 1.5},
        {**LINE, "outcome": "lost"},
        {**LINE, "time": "yesterday"},
        {**LINE, "time": 3},
        {**LINE, "id": "../../etc/passwd"},
        {**LINE, "id": [1]},
        {**LINE, "attempts": [["strong"]]},
        {**LINE, "attempts": 3},
        {**LINE, "would": "weak"},
        {name: value for name, value in LINE.items() if name != "model"},
        {"v": 1, "feedback": ID, "score": 5, "source": "stars"},
        {"v": 1, "feedback": ID, "score": 1},
        {"v": 1, "feedback": 7, "score": 1, "source": "u"},
        {"v": 1, "shadow": ID},
        {"v": "1", **{name: value for name, value in LINE.items() if name != "v"}},
    ],
)
def test_a_damaged_line_is_counted_and_costs_no_other(tmp_path: Path, line: object) -> None:
    logged = read_log(write(tmp_path / "log", line, LINE))
    assert (len(logged), logged.n_lines, logged.n_damaged) == (1, 2, 1)
    assert logged.skipped() == "of 2 lines 1 damaged were left out"


def test_a_log_cut_within_its_last_line_gives_the_lines_before(tmp_path: Path) -> None:
    whole = write(tmp_path / "log", LINE, {**LINE, "id": "f" * 32}).read_bytes()
    (tmp_path / "log").write_bytes(whole[:-40])
    logged = read_log(tmp_path / "log")
    assert (len(logged), logged.n_damaged) == (1, 1)


def test_another_releases_lines_and_what_speaks_of_nothing_are_counted(tmp_path: Path) -> None:
    path = write(
        tmp_path / "log",
        LINE,
        {**LINE, "v": 2},
        {"v": 1, "feedback": "f" * 32, "score": 1, "source": "u"},
        {"v": 1, "shadow": "f" * 32, "model": "weak"},
    )
    logged = read_log(path)
    assert (len(logged), logged.n_other_release, logged.n_unknown, logged.n_damaged) == (1, 1, 2, 0)


def test_what_a_later_release_adds_to_a_line_changes_nothing(tmp_path: Path) -> None:
    (row,) = read_log(write(tmp_path / "log", {**LINE, "mood": "good"}))
    assert row.id == ID


def test_older_files_are_read_too_and_rows_come_by_time(tmp_path: Path) -> None:
    def at(minute: int) -> dict[str, Any]:
        return {**LINE, "id": f"{minute:032x}", "time": f"2025-11-26T02:{minute}:00Z"}

    write(tmp_path / "log", at(40))
    write(tmp_path / "log.1", at(30))
    (tmp_path / "log.10.gz").write_bytes(gzip.compress(json.dumps(at(10)).encode()))
    write(tmp_path / "log.2", at(20))
    write(tmp_path / "log.other", at(50))
    logged = read_log(tmp_path / "log")
    assert [row.id for row in logged] == [f"{minute:032x}" for minute in (10, 20, 30, 40)]
    assert [path.name for path in logged.files] == ["log.10.gz", "log.2", "log.1", "log"]


def test_the_first_name_of_each_models_provider_is_known_from_the_log(tmp_path: Path) -> None:
    """Of the weak model the call of minute 10 failed, and that of minute 20 answered before minute 30's."""

    def at(minute: int, **more: Any) -> dict[str, Any]:
        return {**LINE, "id": f"{minute:032x}", "time": f"2025-11-26T02:{minute}:00Z", **more}

    path = write(
        tmp_path / "log",
        at(30, provider_model="small-2"),
        at(20, provider_model="small-1"),
        at(10, provider_model="small-0", outcome="failed"),
        at(40, model="strong"),
        at(50, model="strong", provider_model="large-1"),
    )
    assert read_log(path).provider_models() == {"weak": "small-1", "strong": "large-1"}


def test_a_log_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="a log must be a file that is there"):
        read_log(tmp_path / "none")
    with pytest.raises(InvalidInputError, match="a log's path must be a file's, got int"):
        read_log([3])  # type: ignore[list-item]


def test_a_prompt_stands_in_no_repr(tmp_path: Path) -> None:
    logged = read_log(write(tmp_path / "log", {**LINE, "prompt": "secret"}))
    assert logged.rows[0].prompt == "secret"
    assert "secret" not in repr(logged)


def test_a_shadow_says_how_likely_it_was(tmp_path: Path) -> None:
    (row,) = read_log(write(tmp_path / "log", LINE, {"v": 1, "shadow": ID, "model": "weak", "share": 0.02}))
    assert row.shadows[0].share == 0.02


def test_a_shadow_that_had_no_chance_is_damaged(tmp_path: Path) -> None:
    log = read_log(write(tmp_path / "log", LINE, {"v": 1, "shadow": ID, "model": "weak", "share": 0}))
    assert (log.rows[0].shadows, log.n_damaged) == ((), 1)
