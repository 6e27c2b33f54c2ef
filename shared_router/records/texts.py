"""A column of texts that costs a few bytes of memory a text, however long the texts are.

Past a limit the column's bytes stand in a temporary file that has no name, so that a file of logs larger
than memory can be a table. Only what is asked for is read back.
"""

from __future__ import annotations

import tempfile
import threading
from array import array
from collections.abc import Iterable, Iterator, Sequence
from io import SEEK_END, BytesIO
from typing import IO, overload

import numpy as np
from numpy.typing import NDArray

SPOOL_BYTES = 64 * 1024 * 1024
"""Bytes of text that stand in memory before a column goes to a file."""

_ABSENT = -1
_CHUNK = 4096


class Texts(Sequence["str | None"]):
    """A column of texts, of which some may be None. Made by `TextsBuilder` or `Texts.of`.

    Args:
        content: The texts' bytes, UTF-8, one after another.
        starts: Where each text begins, shape (n,), in bytes.
        lengths: How long each is, shape (n,), in bytes; -1 for None.
    """

    __slots__ = ("_content", "_lengths", "_starts")

    def __init__(self, content: Content, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> None:
        self._content = content
        self._starts = starts
        self._lengths = lengths

    @classmethod
    def of(cls, texts: Iterable[str | None]) -> Texts:
        """Make a column of texts.

        Raises:
            UnicodeEncodeError: If one holds a lone surrogate.
        """
        builder = TextsBuilder()
        for text in texts:
            builder.append(text)
        return builder.finish()

    def take(self, rows: NDArray[np.int64]) -> Texts:
        """Return the texts at the given places, in the given order; no text is copied."""
        return Texts(self._content, self._starts[rows], self._lengths[rows])

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, place: int) -> str | None: ...

    @overload
    def __getitem__(self, place: slice) -> Texts: ...

    def __getitem__(self, place: int | slice) -> str | None | Texts:
        if isinstance(place, slice):
            return Texts(self._content, self._starts[place], self._lengths[place])
        length = int(self._lengths[place])
        return None if length == _ABSENT else self._read(int(self._starts[place]), length)

    def __iter__(self) -> Iterator[str | None]:
        for first in range(0, len(self), _CHUNK):
            starts = self._starts[first : first + _CHUNK].tolist()
            lengths = self._lengths[first : first + _CHUNK].tolist()
            for start, length in zip(starts, lengths, strict=True):
                yield None if length == _ABSENT else self._read(start, length)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Texts(n={len(self)})"  # never a text

    def __reduce__(self) -> tuple[object, ...]:
        return (Texts.of, (list(self),))

    def _read(self, start: int, length: int) -> str:
        return self._content.read(start, length).decode("utf-8")


class TextsBuilder:
    """Gathers the texts of a column, one by one.

    Args:
        spool_bytes: Bytes of text that stand in memory before they go to a temporary file.
    """

    def __init__(self, spool_bytes: int = SPOOL_BYTES) -> None:
        self._content = Content(spool_bytes)
        self._starts = array("q")
        self._lengths = array("q")

    def __len__(self) -> int:
        return len(self._starts)

    def append(self, text: str | None) -> None:
        """Add a text at the end.

        Raises:
            UnicodeEncodeError: If it holds a lone surrogate.
        """
        content = b"" if text is None else text.encode("utf-8")
        self._starts.append(self._content.size)
        self._lengths.append(_ABSENT if text is None else len(content))
        self._content.append(content)

    def __getitem__(self, place: int) -> str:
        """Return a text that was added."""
        return self._content.read(self._starts[place], self._lengths[place]).decode("utf-8")

    def finish(self) -> Texts:
        """Return the column of what was added so far."""
        starts = np.array(self._starts, dtype=np.int64)
        lengths = np.array(self._lengths, dtype=np.int64)
        return Texts(self._content, starts, lengths)


class Content:
    """Bytes that are added at the end and read anywhere: in memory, and past a limit in a temporary file.

    Args:
        spool_bytes: Bytes that stand in memory before all go to a file.
    """

    def __init__(self, spool_bytes: int) -> None:
        self.spool_bytes = spool_bytes
        self.size = 0
        self._file: IO[bytes] = BytesIO()
        self._lock = threading.Lock()

    def append(self, content: bytes) -> None:
        """Add bytes at the end."""
        self._file.seek(0, SEEK_END)
        self._file.write(content)
        self.size += len(content)
        if self.size > self.spool_bytes and isinstance(self._file, BytesIO):
            file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with this object
            file.write(self._file.getbuffer())
            self._file = file

    def read(self, start: int, length: int) -> bytes:
        """Return the bytes at a place."""
        with self._lock:  # columns that share one file may be read in several threads
            self._file.seek(start)
            return self._file.read(length)

    def __del__(self) -> None:
        self._file.close()
