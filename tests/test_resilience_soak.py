"""The soak, in little: 48 requests at each share of faults, without LiteLLM."""

import json
import subprocess
import sys

import pytest


@pytest.mark.timeout(280)
def test_the_soak_loses_doubles_and_exchanges_no_answer_and_keeps_its_budget() -> None:
    """At 1 % and 10 % of 48 requests hardly a fault is left that retries and another model cannot mend.

    At 50 %, 24 streams are cut after their content with 0.5 / 5 / 2 each: one or two of 48, at most six.
    """
    run = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.resilience_soak", "--quick"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    figures = json.loads(run.stdout.splitlines()[-1])
    assert figures["answered_share_0"] == 1
    assert figures["answered_share_1"] >= 0.95
    assert figures["answered_share_10"] >= 0.9
    assert figures["answered_share_50"] >= 42 / 48
    for share in (1, 10, 50):
        assert figures[f"answered_share_{share}"] >= figures[f"bare_answered_share_{share}"] - 1 / 48
    assert [figures[name] for name in ("lost", "doubled", "misordered", "truncated")] == [0] * 4
    assert [figures[f"litellm_answered_share_{share}"] for share in (1, 10, 50)] == [None] * 3, "left out"
    assert figures["budget_overshoot_dollars"] == 0
    assert figures["budget_billed_dollars"] > 0
    assert figures["memory_grown_mb"] < 10
