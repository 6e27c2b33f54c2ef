"""What a budget is told, checked, and where it is then counted."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from pathlib import Path
from typing import Literal, get_args

from shared_router.choices import check_choice, check_share, shown, shown_kind
from shared_router.errors import InvalidInputError
from shared_router.resilience.budgets.memory_store import MemoryStore
from shared_router.resilience.budgets.money import LEAST_DOLLARS, MOST_DOLLARS
from shared_router.resilience.budgets.outage import OnStoreError
from shared_router.resilience.budgets.redis_store import RedisStore
from shared_router.resilience.budgets.slices import SlicedStore
from shared_router.resilience.budgets.sqlite_store import SqliteStore
from shared_router.resilience.budgets.store import BudgetStore

OnHard = Literal["weak", "raise"]
Key = str | Callable[[str | None], str | None]
"""`"tenant"`, a name, or a function from a request's tenant to a name."""

GivenStore = str | Path | BudgetStore
"""The path of a SQLite file, the URL of a Redis, or a store of one's own."""

_REDIS = ("redis://", "rediss://", "unix://")


def check_dollars(dollars: object) -> float:
    """Return a budget's dollars.

    Raises:
        InvalidInputError: If they are no number that a budget can be of: above 0, and at most nine millions.
    """
    number = isinstance(dollars, Real) and not isinstance(dollars, bool)
    if not (number and LEAST_DOLLARS <= dollars <= MOST_DOLLARS):  # type: ignore[operator]
        raise InvalidInputError(
            f"dollars must be > 0 and at most {MOST_DOLLARS:,.0f}, got {shown(dollars)}; without a budget "
            "nothing is bounded"
        )
    return float(dollars)  # type: ignore[arg-type]


def check_budget_rules(
    soft: float | None, soft_threshold: float | None, on_hard: str, for_weak: float | None
) -> None:
    """Check what happens as a budget is spent; see `Budget`.

    Raises:
        InvalidInputError: If an argument is outside its rule.
    """
    check_choice("on_hard", on_hard, get_args(OnHard))
    if soft is not None:
        check_share("soft", soft, open_ends=True)
    if soft_threshold is not None:
        check_share("soft_threshold", soft_threshold)
        if soft is None:
            raise InvalidInputError(
                "soft_threshold must come with soft, the share of dollars it applies from"
            )
    if for_weak is not None:
        check_share("for_weak", for_weak)
        if for_weak == 1 or (for_weak and on_hard == "raise"):
            raise InvalidInputError(
                f"for_weak must be < 1, and is kept where on_hard is 'weak' alone, got {for_weak!r}"
            )


def check_tokens(max_output_tokens: object, count_tokens: object) -> None:
    """Check what a call's bound is made of.

    Raises:
        InvalidInputError: If there is no such number of tokens, or nothing that counts them.
    """
    if max_output_tokens is not None and (type(max_output_tokens) is not int or max_output_tokens < 1):
        raise InvalidInputError(
            f"max_output_tokens must be a whole number >= 1, got {shown(max_output_tokens)}"
        )
    if count_tokens is not None and not callable(count_tokens):
        raise InvalidInputError(
            f"count_tokens must be a function from a text to a number, got {shown_kind(count_tokens)}"
        )


def check_clock(clock: object) -> None:
    """Check what tells a budget the time.

    Raises:
        InvalidInputError: If it cannot be asked.
    """
    if not callable(clock):
        raise InvalidInputError(
            f"clock must be a function that returns seconds since the epoch, got {shown_kind(clock)}"
        )


def check_key(key: object) -> None:
    """Check whose a budget is.

    Raises:
        InvalidInputError: If it is no name and nothing that makes one.
    """
    if not (key is None or callable(key) or (isinstance(key, str) and key)):
        raise InvalidInputError(
            "key must be 'tenant', a name, a function from a tenant to a name, or None for all together, got "
            f"{shown_kind(key)}"
        )


def counted_in(store: GivenStore | None, on_store_error: OnStoreError) -> MemoryStore | SlicedStore:
    """Return where a budget is counted.

    Raises:
        InvalidInputError: If it is no store.
        MissingExtraError: If it is a Redis and its package is not installed.
    """
    check_choice("on_store_error", on_store_error, get_args(OnStoreError))
    if store is None:
        return MemoryStore()
    if isinstance(store, MemoryStore | SlicedStore):
        return store
    if isinstance(store, str) and store.startswith(_REDIS):
        return SlicedStore(RedisStore(store), on_store_error=on_store_error)
    if isinstance(store, str | Path) and str(store):
        _check_file(Path(store))
        return SlicedStore(SqliteStore(store), on_store_error=on_store_error)
    if isinstance(store, BudgetStore):
        return SlicedStore(store, on_store_error=on_store_error)
    raise InvalidInputError(
        f"store must be a SQLite file's path, a Redis URL or a BudgetStore, got {shown_kind(store)}"
    )


def _check_file(path: Path) -> None:
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise InvalidInputError(
            "store must be a SQLite file's path in a folder that is there, a Redis URL or a BudgetStore, got "
            + ("a folder" if path.is_dir() else "a file in a folder that is not there")
        )
