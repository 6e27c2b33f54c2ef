"""cached_embedder.py: one embedding for each text, over calls, threads and processes."""

import multiprocessing
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_router import CachedEmbedder, EmbedderError, InvalidInputError
from shared_router.testing import HOSTILE_QUERIES, HashEmbedder


class Counting(HashEmbedder):
    """A hash embedder that keeps what it was asked."""

    def __init__(self, dim: int = 8, *, seed: int = 0) -> None:
        super().__init__(dim, seed=seed)
        self.asked: list[str] = []

    @property
    def identity(self) -> str:
        return f"hash/{self.dim}/{self.seed}"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return super().embed(texts)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.sqlite"


def test_a_text_is_embedded_once_and_comes_back_bit_for_bit(path: Path) -> None:
    embedder = Counting()
    texts = ["one", "two", "one", ""]
    first = CachedEmbedder(embedder, path).embed(texts)
    again = CachedEmbedder(embedder, path).embed(["", "one", "two"])
    assert embedder.asked == ["one", "two", ""]
    np.testing.assert_array_equal(first, HashEmbedder(8).embed(texts), strict=True)
    np.testing.assert_array_equal(again, first[[3, 0, 1]], strict=True)


def test_only_what_is_missing_is_embedded(path: Path) -> None:
    embedder = Counting()
    cached = CachedEmbedder(embedder, path)
    cached.embed(["one"])
    cached.embed(["two", "one", "three"])
    assert embedder.asked == ["one", "two", "three"]


def test_texts_that_break_tokenizers_are_kept_apart(path: Path) -> None:
    embedder = Counting()
    CachedEmbedder(embedder, path).embed(HOSTILE_QUERIES[:6])
    assert len(embedder.asked) == 6


def test_no_text_gives_no_row(path: Path) -> None:
    assert CachedEmbedder(Counting(), path).embed([]).shape == (0, 8)


@pytest.mark.parametrize(
    "other",
    [
        lambda path: CachedEmbedder(Counting(seed=1), path),
        lambda path: CachedEmbedder(Counting(), path, identity="mine"),
        lambda path: CachedEmbedder(Counting(), path, key=b"secret"),
    ],
    ids=["embedder", "identity", "key"],
)
def test_another_embedder_identity_or_key_never_sees_the_vectors(path: Path, other: Any) -> None:
    CachedEmbedder(Counting(), path).embed(["one"])
    cached = other(path)
    cached.embed(["one"])
    assert cached.embedder.asked == ["one"]


def test_identity_and_text_are_kept_apart(path: Path) -> None:
    CachedEmbedder(Counting(), path, identity="ab").embed(["c"])
    cached = CachedEmbedder(Counting(), path, identity="a")
    cached.embed(["bc"])
    assert cached.embedder.asked == ["bc"]  # type: ignore[attr-defined]


def test_no_text_and_no_identity_stands_on_disk(path: Path) -> None:
    CachedEmbedder(Counting(), path, identity="identity-canary").embed(["text-canary " * 50])
    for file in path.parent.iterdir():
        content = file.read_bytes()
        assert b"text-canary" not in content
        assert b"identity-canary" not in content


def test_the_file_is_its_owners_alone(path: Path) -> None:
    CachedEmbedder(Counting(), path).embed(["one"])
    assert path.stat().st_mode & 0o077 == 0


def test_a_full_cache_drops_its_oldest_vectors(path: Path) -> None:
    """A vector of 1,024 floats is 4 KB: 200 of them are over the 400 KB, and the last 20 still fit."""
    embedder = Counting(1024)
    cached = CachedEmbedder(embedder, path, max_bytes=400_000)
    texts = [f"text {i}" for i in range(200)]
    for start in range(0, 200, 10):
        cached.embed(texts[start : start + 10])
    assert path.stat().st_size < 2 * 400_000
    embedder.asked.clear()
    cached.embed(texts[-20:])
    assert embedder.asked == []
    cached.embed(texts[:20])
    assert embedder.asked == texts[:20]


def test_a_cache_too_small_for_one_vector_still_answers(path: Path) -> None:
    embedder = Counting()
    cached = CachedEmbedder(embedder, path, max_bytes=1)
    np.testing.assert_array_equal(cached.embed(["one"]), cached.embed(["one"]))
    assert embedder.asked == ["one", "one"]


def damage(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


@pytest.mark.parametrize("value", ["x'00'", "x''", "'text'", "zeroblob(40)", "substr(vector, 1, 36)", "7"])
def test_a_damaged_vector_is_embedded_again_and_replaced(path: Path, value: str) -> None:
    embedder = Counting()
    cached = CachedEmbedder(embedder, path)
    expected = cached.embed(["one"])
    damage(path, f"UPDATE embeddings_v1 SET vector = {value}")
    np.testing.assert_array_equal(cached.embed(["one"]), expected)
    np.testing.assert_array_equal(cached.embed(["one"]), expected)
    assert embedder.asked == ["one", "one"]


def test_a_file_that_is_no_cache_is_refused(path: Path) -> None:
    path.write_bytes(b"no database " * 1000)
    with pytest.raises(EmbedderError, match="must be an SQLite file that can be written"):
        CachedEmbedder(Counting(), path).embed(["one"])


def test_a_path_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="must be an SQLite file that can be written"):
        CachedEmbedder(Counting(), tmp_path / "none" / "cache").embed(["one"])


class Told:
    """Return what it is told."""

    identity = "told"

    def __init__(self, *outputs: Any) -> None:
        self.outputs = list(outputs)

    def embed(self, texts: Sequence[str]) -> Any:
        return self.outputs.pop(0)


@pytest.mark.parametrize(
    "output", [np.zeros((1, 2)), np.zeros(2), np.full((2, 2), np.nan), np.zeros((2, 2, 1))]
)
def test_what_is_no_row_for_each_text_is_neither_kept_nor_returned(path: Path, output: Any) -> None:
    cached = CachedEmbedder(Told(output, np.ones((2, 2))), path)
    with pytest.raises(EmbedderError, match="2 rows of finite numbers"):
        cached.embed(["one", "two"])
    np.testing.assert_array_equal(cached.embed(["one", "two"]), np.ones((2, 2)))


def test_two_widths_under_one_identity_are_refused(path: Path) -> None:
    cached = CachedEmbedder(Told(np.ones((1, 2)), np.ones((1, 3))), path)
    cached.embed(["one"])
    with pytest.raises(EmbedderError, match=r"must have one width, got \[2, 3\]"):
        cached.embed(["one", "two"])


def test_an_embedder_without_an_identity_is_refused(path: Path) -> None:
    with pytest.raises(InvalidInputError, match="HashEmbedder has no identity; pass identity"):
        CachedEmbedder(HashEmbedder(8), path)


@pytest.mark.parametrize("options", [{"key": b"x" * 65}, {"max_bytes": 0}])
def test_an_option_outside_its_range_is_refused(path: Path, options: Any) -> None:
    with pytest.raises(InvalidInputError, match="must be"):
        CachedEmbedder(Counting(), path, **options)


def test_the_repr_holds_no_key(path: Path) -> None:
    assert "secret" not in repr(CachedEmbedder(Counting(), path, key=b"secret"))


def _fill(path: Path, start: int) -> None:
    cached = CachedEmbedder(Counting(64), path)
    for i in range(start, start + 60):
        cached.embed([f"text {i}", f"text {i + 1}"])


def test_processes_that_fill_one_file_at_once_lose_nothing(path: Path) -> None:
    """Three processes of 60 calls, overlapping by half: texts 0 to 120 in the end."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_fill, args=(path, start)) for start in (0, 30, 60)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    embedder = Counting(64)
    texts = [f"text {i}" for i in range(121)]
    rows = CachedEmbedder(embedder, path).embed(texts)
    assert embedder.asked == []
    np.testing.assert_array_equal(rows, HashEmbedder(64).embed(texts))


def test_threads_that_begin_a_cache_together_get_the_right_rows(tmp_path: Path) -> None:
    """Thirty times, for a new file's first users wait for a lock that SQLite itself does not wait for."""
    texts = [f"text {i}" for i in range(20)]
    expected = HashEmbedder(16).embed(texts)
    for turn in range(30):
        cached = CachedEmbedder(Counting(16), tmp_path / f"{turn}.sqlite")
        together = threading.Barrier(8)

        def work(shift: int, cached: CachedEmbedder = cached, together: threading.Barrier = together) -> bool:
            order = np.roll(np.arange(20), shift)
            together.wait()
            return bool((cached.embed([texts[i] for i in order]) == expected[order]).all())

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(work, range(8))) == [True] * 8
