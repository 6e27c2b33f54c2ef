"""The page of a savings report."""

from pathlib import Path

import pytest

from shared_router.proof.logged_calls import logged_calls
from shared_router.proof.page import savings_page
from shared_router.proof.report import savings_report
from shared_router.telemetry import read_log
from tests.decision_logs import twenty_calls, write_log


def test_the_page_needs_nothing_else_and_shows_the_figures_and_the_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    calls = logged_calls(read_log(write_log(tmp_path / "log.jsonl", twenty_calls())).rows).calls
    page = savings_page(savings_report(calls, left_out={"<b>odd</b>": 1}))
    assert "saved $40.00 ($40.00 to $40.00), quality changed -0.0500" in page
    assert "&lt;b&gt;odd&lt;/b&gt;" in page
    assert "default-src 'none'" in page
    assert '<svg role="img"' in page
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
