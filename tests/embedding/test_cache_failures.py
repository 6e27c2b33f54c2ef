"""cached.py where its file cannot be used: what was paid for is kept, and nobody waits."""

import pickle
import sqlite3
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_router import CachedEmbedder, InvalidInputError, UnusedCacheWarning
from shared_router.embedding import cache_file
from shared_router.testing import HashEmbedder


class Counting(HashEmbedder):
    """Count the texts embedded, and fail after some."""

    identity = "counting"

    def __init__(self, fails_after: int = 1 << 30) -> None:
        super().__init__(8)
        self.fails_after = fails_after
        self.embedded = 0

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self.embedded >= self.fails_after:
            raise ConnectionError
        self.embedded += len(texts)
        return super().embed(texts)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.sqlite"


def test_a_locked_file_is_done_without_and_warned_of_once(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_file, "LOCK_TIMEOUT_S", 0.01)
    embedder = Counting()
    cache = CachedEmbedder(embedder, path)
    cache.embed(["a"])
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.warns(UnusedCacheWarning, match="locked") as caught:
        rows = [cache.embed(["b"]), cache.embed(["c"])]
    holder.execute("COMMIT")
    holder.close()
    assert len(caught) == 1
    assert np.array_equal(np.concatenate(rows), HashEmbedder(8).embed(["b", "c"]))


def test_a_file_is_tried_again_after_a_minute(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_file, "LOCK_TIMEOUT_S", 0.01)
    embedder = Counting()
    cache = CachedEmbedder(embedder, path)
    cache.embed(["a"])
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.warns(UnusedCacheWarning):
        cache.embed(["b"])
    holder.execute("COMMIT")
    holder.close()
    cache.embed(["a"])
    assert embedder.embedded == 3  # the minute is not over
    cache._unused_until = 0.0
    cache.embed(["a"])
    assert embedder.embedded == 3


def test_a_full_disk_is_done_without(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's own limit of pages answers as a full disk does."""
    connect = sqlite3.connect

    def small(*args: object, **options: object) -> sqlite3.Connection:
        connection = connect(*args, **options)  # type: ignore[call-overload]
        connection.execute("PRAGMA max_page_count = 4")
        return connection  # type: ignore[no-any-return]

    monkeypatch.setattr(sqlite3, "connect", small)
    cache = CachedEmbedder(Counting(), path)
    texts = [f"text {i}" for i in range(500)]
    with pytest.warns(UnusedCacheWarning, match="full"):
        rows = cache.embed(texts)
    assert np.array_equal(rows, HashEmbedder(8).embed(texts))


def test_what_was_embedded_before_a_failure_is_kept(path: Path) -> None:
    """600 texts go in parts of 256, of which the third fails: the next call asks for the last 88 alone."""
    texts = [f"text {i}" for i in range(600)]
    with pytest.raises(ConnectionError):
        CachedEmbedder(Counting(fails_after=512), path).embed(texts)
    again = Counting()
    CachedEmbedder(again, path).embed(texts)
    assert again.embedded == 88


def test_a_file_that_was_there_before_becomes_its_owners_alone(path: Path) -> None:
    sqlite3.connect(path).close()
    path.touch()
    path.chmod(0o644)
    CachedEmbedder(Counting(), path).embed(["a"])
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_pickle_holds_no_secret_and_says_so_when_it_is_used(path: Path) -> None:
    cache = CachedEmbedder(Counting(), path, key=b"my secret")
    stored = pickle.dumps(cache)
    assert b"my secret" not in stored
    loaded = pickle.loads(stored)
    with pytest.raises(InvalidInputError, match=r"has no key; set cache\.key"):
        loaded.embed(["a"])
    loaded.key = b"my secret"
    cache.embed(["a"])
    loaded.embed(["a"])
    assert loaded.embedder.embedded == 0
    plain = pickle.loads(pickle.dumps(CachedEmbedder(Counting(), path)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert plain.embed(["a"]).shape == (1, 8)
