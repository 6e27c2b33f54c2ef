"""A persistent cache in front of any embedder: a text is embedded once, by any of several processes.

On disk stand a hash for each text and its vector, no text. A plain hash still lets somebody who holds the
file test whether a text they can guess was asked; give `key` to prevent that.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import EmbedderError, InvalidInputError

if TYPE_CHECKING:
    from shared_router.embedding.protocol import Embedder

MAX_CACHE_BYTES = 1024**3
_LOCK_TIMEOUT_S = 60.0
_CHECK_BYTES = 8
_EVICTED_SHARE = 10  # a tenth at a time, so that a full cache does not evict at every call


class CachedEmbedder:
    """Keep an embedder's vectors in an SQLite file.

    Safe with several threads and processes on one file; each call opens its own connection. A vector whose
    bytes were damaged on disk is embedded again.

    Args:
        embedder: What embeds the texts that are not in the file.
        path: The file; made, readable by its owner alone, if it is not there.
        identity: What tells this embedder's vectors from another's, such as the model and its settings;
            None takes the embedder's own `identity`. Another identity never sees these vectors.
        key: A secret, at most 64 bytes, that the hashes of the texts are made with; another key never sees
            these vectors either.
        max_bytes: The most that the file's rows may fill, in bytes; beyond it the oldest go. A write-ahead
            log of a few megabytes may stand beside the file.

    Raises:
        InvalidInputError: If the embedder has no identity and none is given, or `key` or `max_bytes` is
            outside its range.
    """

    def __init__(
        self,
        embedder: Embedder,
        path: str | Path,
        *,
        identity: str | None = None,
        key: bytes = b"",
        max_bytes: int = MAX_CACHE_BYTES,
    ) -> None:
        found = getattr(embedder, "identity", None) if identity is None else identity
        if not isinstance(found, str) or not found:
            raise InvalidInputError(
                f"a cache must know whose vectors it holds, and {type(embedder).__name__} has no identity; "
                'pass identity="the model and its settings"'
            )
        if len(key) > hashlib.blake2b.MAX_KEY_SIZE:
            raise InvalidInputError(f"key must be at most 64 bytes, got {len(key)}")
        if max_bytes < 1:
            raise InvalidInputError(f"max_bytes must be >= 1, got {max_bytes!r}")
        self.embedder = embedder
        self.path = Path(path)
        self.identity = found
        self.max_bytes = max_bytes
        self._key = key

    def __repr__(self) -> str:
        """Show whose vectors are kept where, without the key."""
        return f"CachedEmbedder({self.identity!r}, {str(self.path)!r})"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row per text, shape (n, dim); only texts that are not in the file are embedded.

        Raises:
            EmbedderError: If the file is no cache or cannot be used, or the embedder returns no rows.
        """
        if not texts:
            return np.asarray(self.embedder.embed([]), dtype=np.float32)
        hashes = [self._hash(text) for text in texts]
        with self._open() as connection:
            rows = dict(self._read(connection, set(hashes)))
        missing = {h: text for h, text in zip(hashes, texts, strict=True) if h not in rows}
        if missing:
            new = self._ask(list(missing.values()))
            rows.update(zip(missing, new, strict=True))
            with self._open() as connection:
                self._write(connection, {h: rows[h] for h in missing})
        widths = sorted({len(row) for row in rows.values()})
        if len(widths) != 1:
            raise EmbedderError(
                f"vectors of {self.identity!r} must have one width, got {widths}; "
                "another model needs another identity"
            )
        return np.stack([rows[h] for h in hashes])

    def _hash(self, text: str) -> bytes:
        hashed = hashlib.blake2b(digest_size=32, key=self._key)
        identity = self.identity.encode("utf-8", "surrogatepass")
        # the length keeps ("ab", "c") from being ("a", "bc")
        hashed.update(len(identity).to_bytes(8, "little") + identity)
        hashed.update(text.encode("utf-8", "surrogatepass"))
        return hashed.digest()

    def _ask(self, texts: list[str]) -> NDArray[np.float32]:
        vectors = np.asarray(self.embedder.embed(texts), dtype=np.float32)
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise EmbedderError(
                f"an embedder must return {len(texts)} rows of finite numbers, got shape {vectors.shape}"
            )
        return vectors

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open the file for one transaction."""
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            with closing(
                sqlite3.connect(self.path, timeout=_LOCK_TIMEOUT_S, isolation_level=None)
            ) as connection:
                _write_ahead(connection)
                # after a power cut the last vectors may be gone, and are embedded again
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS embeddings_v1"
                    " (place INTEGER PRIMARY KEY, hash BLOB UNIQUE NOT NULL, vector BLOB NOT NULL)"
                )
                yield connection
        except (OSError, sqlite3.Error) as error:
            raise EmbedderError(
                f"a cache must be an SQLite file that can be written, and {self.path} is not; delete it"
            ) from error

    def _read(
        self, connection: sqlite3.Connection, hashes: set[bytes]
    ) -> Iterator[tuple[bytes, NDArray[np.float32]]]:
        for wanted in hashes:
            found = connection.execute(
                "SELECT vector FROM embeddings_v1 WHERE hash = ?", (wanted,)
            ).fetchone()
            if found is not None and (vector := _unpack(wanted, found[0])) is not None:
                yield wanted, vector

    def _write(self, connection: sqlite3.Connection, rows: dict[bytes, NDArray[np.float32]]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        # replace, so that a damaged vector goes
        connection.executemany(
            "INSERT OR REPLACE INTO embeddings_v1 (hash, vector) VALUES (?, ?)",
            ((h, _pack(h, vector)) for h, vector in rows.items()),
        )
        while self._bytes_used(connection) > self.max_bytes:
            (count,) = connection.execute("SELECT count(*) FROM embeddings_v1").fetchone()
            if count == 0:
                break
            connection.execute(
                "DELETE FROM embeddings_v1 WHERE place IN"
                " (SELECT place FROM embeddings_v1 ORDER BY place LIMIT ?)",
                (max(1, count // _EVICTED_SHARE),),
            )
        connection.execute("COMMIT")

    def _bytes_used(self, connection: sqlite3.Connection) -> int:
        pages, free, size = (
            int(connection.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Have the file written through a log; a new file's first users switch to it at the same time."""
    deadline = time.monotonic() + _LOCK_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            # of all locks SQLite does not wait for this one by itself
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.005)


def _pack(key: bytes, vector: NDArray[np.float32]) -> bytes:
    content = vector.astype("<f4").tobytes()
    return _check(key, content) + content


def _unpack(key: bytes, stored: object) -> NDArray[np.float32] | None:
    """Return the vector, or None where its bytes are not the ones that were written for this key."""
    if not isinstance(stored, bytes) or len(stored) % 4:
        return None
    check, content = stored[:_CHECK_BYTES], stored[_CHECK_BYTES:]
    return np.frombuffer(content, "<f4").astype(np.float32) if check == _check(key, content) else None


def _check(key: bytes, content: bytes) -> bytes:
    return hashlib.blake2b(key + content, digest_size=_CHECK_BYTES).digest()
