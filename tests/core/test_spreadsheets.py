"""A stranger's text in a spreadsheet's cell."""

import pytest

from shared_router.spreadsheets import spreadsheet_text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_what_a_spreadsheet_would_compute_is_text_there(text: str) -> None:
    assert spreadsheet_text(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "what is 1 + 1 = ?", "'=1"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert spreadsheet_text(text) == text
