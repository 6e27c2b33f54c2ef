"""The SQLite file of an embedding cache: how it is opened, and a vector's bytes with their check."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LOCK_TIMEOUT_S = 2.0
_CHECK_BYTES = 8


def connected(path: Path) -> sqlite3.Connection:
    """Open the file, made for its owner alone where it is not there, with a table for vectors."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _keep_to_owner(descriptor)
    finally:
        os.close(descriptor)
    connection = sqlite3.connect(path, timeout=LOCK_TIMEOUT_S, isolation_level=None)
    try:
        _write_ahead(connection)
        # after a power cut the last vectors may be gone, and are embedded again
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS embeddings_v1"
            " (place INTEGER PRIMARY KEY, hash BLOB UNIQUE NOT NULL, vector BLOB NOT NULL)"
        )
    except BaseException:
        connection.close()
        raise
    return connection


def _keep_to_owner(descriptor: int) -> None:
    """Take from others what a file that was there before lets them read."""
    status = os.fstat(descriptor)
    if hasattr(os, "fchmod") and status.st_uid == os.getuid() and status.st_mode & 0o077:
        os.fchmod(descriptor, 0o600)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Have the file written through a log; a new file's first users switch to it at the same time."""
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            # of all locks SQLite does not wait for this one by itself
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.005)


def packed_vector(key: bytes, vector: NDArray[np.float32]) -> bytes:
    """Return a vector as it is stored: a check of its bytes, and they."""
    content = vector.astype("<f4").tobytes()
    return _check(key, content) + content


def unpacked_vector(key: bytes, stored: object) -> NDArray[np.float32] | None:
    """Return the vector, or None where its bytes are not the ones that were written for this key."""
    if not isinstance(stored, bytes) or len(stored) % 4:
        return None
    check, content = stored[:_CHECK_BYTES], stored[_CHECK_BYTES:]
    return np.frombuffer(content, "<f4").astype(np.float32) if check == _check(key, content) else None


def _check(key: bytes, content: bytes) -> bytes:
    return hashlib.blake2b(key + content, digest_size=_CHECK_BYTES).digest()
