"""A persistent cache in front of any embedder: a text is embedded once, by any of several processes.

On disk stand a hash for each text and its vector, no text. A plain hash still lets somebody who holds the
file test whether a text they can guess was asked; give `key` to prevent that.
"""

from __future__ import annotations

import errno
import hashlib
import sqlite3
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_path, check_texts, check_whole, shown_kind
from shared_router.embedding.cache_file import connected, packed_vector, unpacked_vector
from shared_router.errors import EmbedderError, InvalidInputError, UnusedCacheWarning

if TYPE_CHECKING:
    from shared_router.embedding.protocol import Embedder

T = TypeVar("T")

MAX_CACHE_BYTES = 1024**3
_LEFT_ALONE_S = 60.0
_PART = 256
"""Texts that are embedded before their vectors are written."""
_PASSING = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EMFILE, errno.ENFILE}
"""What may be over by the next minute; a path that is none never is."""
_EVICTED_SHARE = 10  # a tenth at a time, so that a full cache does not evict at every call


class CachedEmbedder:
    """Keep an embedder's vectors in an SQLite file.

    Safe with several threads and processes on one file; each call opens its own connection. A vector whose
    bytes were damaged on disk is embedded again. Vectors are written as they come, so that what was paid for
    is kept where a later request fails. A file that cannot be used now (a full disk, a lock that somebody
    holds) is left alone for a minute, with one warning, and texts are embedded without it.

    A pickle or a copy holds no `key`: set it anew.

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
        if not isinstance(key, (bytes, bytearray)) or len(key) > hashlib.blake2b.MAX_KEY_SIZE:
            given = len(key) if isinstance(key, (bytes, bytearray)) else shown_kind(key)
            raise InvalidInputError(f"key must be at most 64 bytes, got {given}")
        check_whole("max_bytes", max_bytes, least=1)
        check_path("a cache", path)
        self.embedder = embedder
        self.path = Path(path)
        self.identity = found
        self.max_bytes = max_bytes
        self.key: bytes | None = key
        self._unused_until = 0.0
        self._warned = False

    def __repr__(self) -> str:
        """Show whose vectors are kept where, without the key."""
        return f"CachedEmbedder({self.identity!r}, {str(self.path)!r})"

    def __getstate__(self) -> dict[str, Any]:
        """Leave the secret out of pickles and copies."""
        return {**self.__dict__, "key": None if self.key else b""}

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row per text, shape (n, dim); only texts that are not in the file are embedded.

        Raises:
            EmbedderError: If the file is no cache, or the embedder returns no rows.
            InvalidInputError: If `texts` is no list of texts; if the cache was unpickled or copied and has
                no key.
        """
        check_texts("texts", texts)
        if not texts:
            return np.asarray(self.embedder.embed([]), dtype=np.float32)
        hashes = [self._hash(text) for text in texts]
        rows = self._with_file(lambda connection: dict(self._read(connection, set(hashes)))) or {}
        missing = {h: text for h, text in zip(hashes, texts, strict=True) if h not in rows}
        for start in range(0, len(missing), _PART):
            part = list(missing)[start : start + _PART]
            new = dict(zip(part, self._ask([missing[h] for h in part]), strict=True))
            rows.update(new)
            self._with_file(lambda connection, new=new: self._write(connection, new))  # type: ignore[misc]
        widths = sorted({len(row) for row in rows.values()})
        if len(widths) != 1:
            raise EmbedderError(
                f"vectors of {self.identity!r} must have one width, got {widths}; "
                "another model needs another identity"
            )
        return np.stack([rows[h] for h in hashes])

    def _hash(self, text: str) -> bytes:
        if self.key is None:
            raise InvalidInputError("an unpickled or copied cache has no key; set cache.key")
        hashed = hashlib.blake2b(digest_size=32, key=self.key)
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

    def _with_file(self, use: Callable[[sqlite3.Connection], T]) -> T | None:
        """Use the file in one transaction; return None, now and for a minute, where it cannot be used now."""
        if time.monotonic() < self._unused_until:
            return None
        try:
            with closing(connected(self.path)) as connection:
                return use(connection)
        except (OSError, sqlite3.Error) as error:
            passing = isinstance(error, sqlite3.OperationalError) or getattr(error, "errno", 0) in _PASSING
            if not passing:
                raise EmbedderError(
                    f"a cache must be an SQLite file that can be written, and {self.path} is not; delete it"
                ) from error
            self._leave_alone(error)
            return None

    def _leave_alone(self, error: Exception) -> None:
        self._unused_until = time.monotonic() + _LEFT_ALONE_S
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"the cache {self.path} cannot be used now ({type(error).__name__}: {error}); texts are "
                f"embedded without it, and it is tried again every {_LEFT_ALONE_S:g} s",
                UnusedCacheWarning,
                stacklevel=5,
            )

    def _read(
        self, connection: sqlite3.Connection, hashes: set[bytes]
    ) -> Iterator[tuple[bytes, NDArray[np.float32]]]:
        for wanted in hashes:
            found = connection.execute(
                "SELECT vector FROM embeddings_v1 WHERE hash = ?", (wanted,)
            ).fetchone()
            if found is not None and (vector := unpacked_vector(wanted, found[0])) is not None:
                yield wanted, vector

    def _write(self, connection: sqlite3.Connection, rows: dict[bytes, NDArray[np.float32]]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        # replace, so that a damaged vector goes
        connection.executemany(
            "INSERT OR REPLACE INTO embeddings_v1 (hash, vector) VALUES (?, ?)",
            ((h, packed_vector(h, vector)) for h, vector in rows.items()),
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
