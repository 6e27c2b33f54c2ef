"""An append-only file of what was asked and what came of it, so that nothing is asked or paid twice.

One JSON object a line: `asking` before a request is sent, `answered` or `failed` when it is done. A process
that is killed leaves at most a cut last line, which is dropped. A request that was `asking` and no more may
have been answered and paid for: it is `lost`, and asked again only by one who says so.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from shared_router.errors import DataError

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered.

    Attributes:
        text: The answer. Not in the repr.
        input_tokens: Prompt tokens, cached ones included; None where the model does not say.
        output_tokens: Answer tokens, reasoning included; None where it does not say.
        cached_input_tokens: How many of `input_tokens` the provider had cached.
        reasoning_tokens: How many of `output_tokens` were reasoning.
        dollars: What the answer cost; None where it is not known.
        latency_ms: How long it took.
    """

    text: str = field(repr=False)
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0
    dollars: float | None = None
    latency_ms: float | None = None


def request_key(prompt: str, model: str, settings: Mapping[str, Any]) -> str:
    """Return what tells one request from another: the SHA-256 of its prompt, model and settings."""
    told_apart = json.dumps([prompt, model, settings], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(told_apart.encode()).hexdigest()


class Journal:
    """Keep what came of requests in a file; safe to use from several threads, for one process at a time.

    Args:
        path: The file; made where it is not there, read where it is.

    Attributes:
        replies: Each answered request's reply, by key.
        failed: The error's class of each request whose last try failed, by key.

    Raises:
        DataError: If the file is no journal, or another process has it open.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.replies: dict[str, Reply] = {}
        self.failed: dict[str, str] = {}
        self._asking: set[str] = set()
        self._lock = threading.Lock()
        self._file: IO[bytes] = self._open()

    @property
    def lost(self) -> frozenset[str]:
        """The requests that were sent, and of which nobody knows what came."""
        return frozenset(self._asking)

    def __enter__(self) -> Self:
        """Return this journal."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._file.close()

    def asking(self, key: str) -> None:
        """Write that a request is about to be sent."""
        with self._lock:
            self._asking.add(key)
            self._write({"event": "asking", "key": key})

    def answered(self, key: str, reply: Reply) -> None:
        """Write a reply."""
        with self._lock:
            self._write({"event": "answered", "key": key, **asdict(reply)})
            self._take({"event": "answered", "key": key, **asdict(reply)})

    def failed_with(self, key: str, error: str) -> None:
        """Write that a request failed for good, with its error's class: the text may hold a prompt."""
        with self._lock:
            self._write({"event": "failed", "key": key, "error": error})
            self._take({"event": "failed", "key": key, "error": error})

    def _open(self) -> IO[bytes]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # answers may be anybody's words: the file is its owner's alone
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        file = os.fdopen(descriptor, "r+b")
        try:
            _lock(file, self.path)
            whole = self._read(file)
        except BaseException:
            file.close()
            raise
        file.truncate(whole)
        file.seek(whole)
        return file

    def _read(self, file: IO[bytes]) -> int:
        """Take every whole line, and return where they end."""
        whole = 0
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                break  # cut by a kill
            try:
                self._take(json.loads(line))
            except (KeyError, TypeError, ValueError) as error:
                raise DataError(
                    f"a journal must hold one event a line, and line {number} of {self.path} is none; "
                    "give another path"
                ) from error
            whole += len(line)
        return whole

    def _take(self, event: Mapping[str, Any]) -> None:
        key, kind = str(event["key"]), event["event"]
        if kind == "asking":
            self._asking.add(key)
            return
        if kind == "answered":
            self.replies[key] = Reply(**{each.name: event[each.name] for each in fields(Reply)})
            self.failed.pop(key, None)
        elif kind == "failed":
            self.failed[key] = str(event["error"])
        else:
            raise ValueError(kind)
        self._asking.discard(key)

    def _write(self, event: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(event, ensure_ascii=True).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def _lock(file: IO[bytes], path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows opens a file for one writer anyway
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise DataError(f"a journal must be one process's, and another has {path} open") from error
