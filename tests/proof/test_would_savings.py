"""What another policy would have saved, by shadows of the calls it would have sent elsewhere."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared_router.commands.main import main
from shared_router.proof.logged_calls import LoggedCalls, logged_calls
from shared_router.proof.would_savings import would_savings
from shared_router.telemetry import read_log
from tests.decision_logs import decision, decision_id, feedback, shadow, write_log


def would(number: int, model: str) -> dict[str, Any]:
    return {"v": 1, "would": decision_id(number), "models": {"next": model}, "time": "2026-11-02T00:00:00Z"}


def twenty(path: Path, *, shadows: int = 20) -> Path:
    """Return a log of ten strong calls of 5 dollars and ten weak ones of 1, the others' bills 1 and 5.

    The policy `next` sends the first five strong calls weak and the last two weak ones strong. Each weak
    answer has 0.5 and each strong one 1.
    """
    lines: list[dict[str, Any] | str] = []
    for i in range(20):
        model, other = ("strong", "weak") if i < 10 else ("weak", "strong")
        lines += [decision(i, model), would(i, "weak" if i < 5 or 10 <= i < 18 else "strong")]
        if i < shadows:
            lines += [shadow(i, other, score=1.0 if other == "strong" else 0.5)]
            lines += [feedback(i, 1.0 if model == "strong" else 0.5)]
    return write_log(path, lines)


def test_dollars_and_quality_are_those_of_the_calls_sent_elsewhere(tmp_path: Path) -> None:
    """Five calls cost 4 less and two cost 4 more: 12. Five of twenty are worse by 0.5, two better: -0.075."""
    (found,) = would_savings(logged_calls(read_log(twenty(tmp_path / "log.jsonl")).rows))
    assert (found.name, found.n_calls, found.n_elsewhere) == ("next", 20, 7)
    assert (found.strong_fraction, found.routed_strong_fraction) == (7 / 20, 0.5)
    assert found.saved_dollars == pytest.approx(12.0)
    assert found.quality_change == pytest.approx(-0.075)
    assert found.quality_interval is not None
    assert found.quality_interval[0] <= -0.075 <= found.quality_interval[1]


def test_too_few_shadows_where_it_differs_tell_no_dollars(tmp_path: Path) -> None:
    """Both weak calls that would go strong are without a shadow."""
    (found,) = would_savings(logged_calls(read_log(twenty(tmp_path / "log.jsonl", shadows=18)).rows))
    assert (found.saved_dollars, found.quality_change) == (None, None)


def test_the_command_says_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = str(twenty(tmp_path / "log.jsonl"))
    assert main(["savings", log]) == 0
    assert (
        "policy next would have sent 0.350 of 20 calls strong, not 0.500, and 7 elsewhere: $12.00 less"
        in (capsys.readouterr().out)
    )
    assert main(["savings", log, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["would"][0]["n_elsewhere"] == 7


def test_the_intervals_hold_the_truth_as_often_as_said(tmp_path: Path) -> None:
    """Log-normal bills, a shadow of one call in ten, a policy that decides half of the calls otherwise."""
    rng = np.random.default_rng(2)
    template = logged_calls(read_log(twenty(tmp_path / "log.jsonl")).rows)
    held, n = np.zeros(2), 1000
    for _ in range(40):
        strong, then = rng.random(n) < 0.5, rng.random(n) < 0.4
        bills = np.exp(rng.normal(size=(2, n)) + np.array([[2.0], [0.0]]))
        grades = (rng.random((2, n)) < np.array([[0.8], [0.6]])).astype(np.float64)
        own, other = np.where(strong, bills[0], bills[1]), np.where(strong, bills[1], bills[0])
        grade = np.where(strong, grades[0], grades[1])
        other_grade = np.where(strong, grades[1], grades[0])
        seen = rng.random(n) < 0.1
        calls = type(template.calls).of(
            strong,
            own,
            other_dollars=np.where(seen, other, np.nan),
            share=0.1,
            score=np.where(seen, grade, np.nan),
            other_score=np.where(seen, other_grade, np.nan),
        )
        row = template.rows[0]
        rows = [
            type(row)(**{**_fields(row), "would": {"next": "strong" if sent else "weak"}}) for sent in then
        ]
        (found,) = would_savings(LoggedCalls(calls, tuple(rows)))
        moved = then != strong
        for place, (truth, interval) in enumerate(
            [
                (float((own - other)[moved].sum()), found.saved_interval),
                (float((other_grade - grade)[moved].sum() / n), found.quality_interval),
            ]
        ):
            assert interval is not None
            held[place] += interval[0] <= truth <= interval[1]
    assert (held >= 37).all()


def _fields(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in type(row).__slots__}
