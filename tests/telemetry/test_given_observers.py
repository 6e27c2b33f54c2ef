"""Who an adapter is told to tell of its calls."""

from pathlib import Path

import pytest

from shared_router import DecisionLog, InvalidInputError, observers_of
from shared_router.observers import CallEnd, WatchedCall


class Watcher:
    wants_answers = False

    def decided(self, call: WatchedCall) -> None: ...

    def ended(self, call: WatchedCall, end: CallEnd) -> None: ...


def test_an_observer_is_taken_as_it_is_and_a_path_is_a_decision_log(tmp_path: Path) -> None:
    watcher = Watcher()
    first, second, third = observers_of([watcher, tmp_path / "a.jsonl", str(tmp_path / "b.jsonl")])
    assert first is watcher
    assert isinstance(second, DecisionLog)
    assert isinstance(third, DecisionLog)
    assert third.path == tmp_path / "b.jsonl"


@pytest.mark.parametrize("given", ["decisions.jsonl", Path("decisions.jsonl"), Watcher(), None])
def test_observers_that_are_no_list_are_refused(given: object) -> None:
    with pytest.raises(InvalidInputError, match="observers must be a list"):
        observers_of(given)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [3, Watcher, object()])
def test_what_cannot_be_told_anything_is_refused(given: object) -> None:
    with pytest.raises(InvalidInputError, match="must have the methods decided and ended"):
        observers_of([given])  # type: ignore[list-item]
