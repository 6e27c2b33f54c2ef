"""Progress of work that can take more than two seconds: shown then, on a terminal, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from tqdm import tqdm

T = TypeVar("T")
SHOWN_AFTER_S = 2.0


def with_progress(
    items: Iterable[T], *, shown: bool, desc: str, total: int | None = None, done: int = 0
) -> tqdm[T]:
    """Return a bar over some items, which shows nothing of what is done within two seconds.

    Args:
        items: What is gone through.
        shown: False shows nothing at all; True shows the bar where standard error is a terminal.
        desc: What is done, in a few words.
        total: How many items there are, where they do not know it.
        done: How many were done before.
    """
    from tqdm.auto import tqdm

    hidden = None if shown else True  # None asks whether it is a terminal
    return tqdm(items, desc=desc, total=total, initial=done, disable=hidden, delay=SHOWN_AFTER_S)
