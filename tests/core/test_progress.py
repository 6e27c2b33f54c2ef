"""progress.py: a bar for long work, on a terminal alone."""

import io
import sys
from collections.abc import Callable

import pytest

from shared_router import NeighborsPredictor, Outcomes, PreferenceData, progress
from shared_router.preferences.judging import battles_from_judge
from shared_router.routers.static import StaticRouter
from shared_router.testing import HashEmbedder

BATTLES = PreferenceData([f"q {n}" for n in range(20)], ["a"] * 20, ["b"] * 20, ["a", "b"] * 10)
GRADED = Outcomes.from_columns(["q", "r"], {"a": [1.0, 0.0], "b": [0.0, 1.0]})


class Terminal(io.StringIO):
    """Say that it is a terminal."""

    def isatty(self) -> bool:
        return True


def _judged(*, shown: bool = True) -> None:
    battles_from_judge(["q"] * 2, ["a"] * 2, ["b"] * 2, lambda prompt: "[[C]]", progress=shown)


def test_long_work_shows_a_bar_on_a_terminal_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SHOWN_AFTER_S", 0.0)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    _judged()
    assert "judging" in terminal.getvalue()


def test_it_shows_none_where_it_is_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SHOWN_AFTER_S", 0.0)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    _judged(shown=False)
    assert terminal.getvalue() == ""


def test_it_shows_none_for_work_that_is_soon_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    _judged()
    assert "judging" not in terminal.getvalue()


def test_it_shows_none_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "SHOWN_AFTER_S", 0.0)
    _judged()
    assert capsys.readouterr() == ("", "")


SLOW: dict[str, Callable[[], object]] = {
    "fitting": lambda: StaticRouter(HashEmbedder(8)).fit(BATTLES),
    "embedding prompts": lambda: NeighborsPredictor(HashEmbedder(8)).fit(GRADED),
}


@pytest.mark.parametrize("said", SLOW)
def test_training_that_can_take_long_shows_a_bar_by_default(
    said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SHOWN_AFTER_S", 0.0)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    SLOW[said]()
    assert said in terminal.getvalue()
