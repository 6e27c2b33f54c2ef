"""Files packed with gzip or zstandard, unpacked as they are read; told by their first bytes."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

from shared_router.errors import MissingExtraError

DAMAGED = "a compressed file must be whole, and this one is damaged"
DAMAGES = (EOFError, OSError, zlib.error)
"""What reading a damaged file raises."""

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


@contextmanager
def opened(path: Path, source: IO[bytes] | None = None) -> Iterator[IO[bytes]]:
    """Open a file, unpacked on the way where it is packed.

    Args:
        path: The file.
        source: The file, open at its beginning, where it is; it is closed here.

    Raises:
        MissingExtraError: If it is packed with zstandard and nothing that reads it is installed.
    """
    with open(path, "rb") if source is None else source as file:
        magic = file.read(4)
        file.seek(0)
        if magic.startswith(_GZIP):
            with gzip.open(file) as unpacked:
                yield unpacked  # type: ignore[misc]
        elif magic.startswith(_ZSTD):
            with closing(_unpack_zstd(file)) as stream:
                yield stream
        else:
            yield file


def _unpack_zstd(file: IO[bytes]) -> IO[bytes]:
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # Python 3.14
    except ImportError:
        pass
    else:
        return zstd.open(file)  # type: ignore[no-any-return,unused-ignore]
    try:
        import pyarrow as pa  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingExtraError.of("pyarrow, which reads .zst,", "eval") from error
    return io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd"))
