"""A router as a user names it: loaded once, at its first use, and constructed without a disk."""

import copy
import os
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from shared_router import InvalidInputError, RoutingPolicy, UnknownNameError
from shared_router.routers import classes
from shared_router.routers.random import RandomRouter
from shared_router.source import RouterSource


class Counting(RandomRouter):
    """Counts how often it is made of a checkpoint, slowly enough for others to come meanwhile."""

    made: list[int] = []

    @classmethod
    def load(cls, *args: Any, **kwargs: Any) -> Any:
        cls.made.append(1)
        threading.Event().wait(0.02)
        return super().load(*args, **kwargs)


def test_two_hundred_that_ask_at_once_load_a_router_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    RandomRouter().save(tmp_path)
    monkeypatch.setitem(classes.CLASSES, "random", f"{__name__}:Counting")
    Counting.made = []
    source = RouterSource(str(tmp_path), otherwise=0.5)
    with ThreadPoolExecutor(200) as pool:
        loaded = set(pool.map(lambda _: id(source.load()), range(200)))
    assert (len(loaded), len(Counting.made)) == (1, 1)


@pytest.mark.parametrize("router", [None, "static-v1", "folder"])
async def test_constructing_in_a_coroutine_touches_no_disk(
    router: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    RandomRouter().save(tmp_path)

    def touched(*args: object, **kwargs: object) -> Any:
        raise AssertionError("the disk was touched")

    with monkeypatch.context() as patched:
        for name in ("stat", "open", "listdir", "scandir"):
            patched.setattr(os, name, touched)
        patched.setattr("builtins.open", touched)
        policy = RoutingPolicy(str(tmp_path) if router == "folder" else router)
    assert (await policy.adecide("Prove it.")).router == policy.router_name


async def test_a_missing_folder_shows_at_the_first_use_where_a_coroutine_named_it(tmp_path: Path) -> None:
    policy = RoutingPolicy(str(tmp_path / "nowhere"))
    with pytest.raises(UnknownNameError, match="folder of a saved router"):
        await policy.adecide("Prove it.")


def test_a_folder_may_be_given_as_a_path(tmp_path: Path) -> None:
    RandomRouter(seed=3).save(tmp_path)
    expected = RandomRouter(seed=3).win_probability(["x"])
    assert RoutingPolicy(tmp_path).router.win_probability(["x"]) == expected


def test_a_class_in_the_place_of_its_object_is_named_as_one() -> None:
    with pytest.raises(InvalidInputError, match="got the class RandomRouter"):
        RoutingPolicy(RandomRouter)  # type: ignore[arg-type]


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda kept: pickle.loads(pickle.dumps(kept))])
def test_a_policy_and_its_copies_decide_alike(again: Any) -> None:
    policy = RoutingPolicy(threshold=0.2)
    assert again(policy).decide("Prove it.") == policy.decide("Prove it.")
