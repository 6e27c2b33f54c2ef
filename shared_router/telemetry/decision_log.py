"""`DecisionLog`: one line of JSON for each decision, written when its call has ended.

It is a file and no database: `tail -f`, `jq`, `logrotate` and `read_log` read it. The system's cache takes
each batch of lines at once, but nobody waits for the disk: the last seconds before a power cut may miss.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared_router.choices import shown, shown_kind
from shared_router.errors import InvalidInputError
from shared_router.observers import CallEnd, WatchedCall
from shared_router.telemetry.feedback_line import feedback_line
from shared_router.telemetry.handing_over import HandingOver
from shared_router.telemetry.keyed_hash import KeyedHash
from shared_router.telemetry.log_file import LogFile
from shared_router.telemetry.log_health import LogHealth
from shared_router.telemetry.log_line import EndedCall, decision_line, line_bytes

_logger = logging.getLogger(__name__)

_MOST_CHARS_WAITING = 64_000_000
_BATCH_BYTES = 1_000_000
_Line = EndedCall | Mapping[str, object]


class DecisionLog:
    """Log each decision with how its call ended; an observer of either adapter.

    A call waits for nothing but a place in a queue: a thread hashes and writes. Threads and processes may log
    to one file. A full disk, or a queue that is full because the disk is too slow, costs lines and never an
    answer: `health` counts them, and one warning is logged until lines are written again.

    Of a question, a conversation's name and a tenant's name the line holds the HMAC-SHA256 alone, with the
    key in `ROUTELLM_LOG_KEY`, else with one in `routellm-log.key` beside the log. The log, its lock and the
    key are their owner's alone to read (0600).

    Args:
        path: The file, in a folder that is there.
        log_prompts: Whether questions are kept in clear too. Says so once, in the log of the program.
        key: The key of the hashes, at least 16 bytes; None takes the installation's.
        max_bytes: When the file would be larger, it becomes `path.1`, and so on; >= 1.
        max_files: How many files there are at most; the oldest is deleted; >= 1.
        max_waiting: How many lines may wait to be written, >= 1.

    Raises:
        InvalidInputError: If an argument is outside its rule, or others may read the key.
    """

    wants_answers = False

    def __init__(
        self,
        path: str | Path,
        *,
        log_prompts: bool = False,
        key: str | bytes | None = None,
        max_bytes: int = 100_000_000,
        max_files: int = 10,
        max_waiting: int = 10_000,
    ) -> None:
        self.path = _checked_path(path)
        for name, value in (("max_bytes", max_bytes), ("max_files", max_files), ("max_waiting", max_waiting)):
            if type(value) is not int or value < 1:
                raise InvalidInputError(f"{name} must be a whole number >= 1, got {shown(value)}")
        if log_prompts not in (True, False):
            raise InvalidInputError(f"log_prompts must be True or False, got {shown(log_prompts)}")
        self.log_prompts = bool(log_prompts)
        self._settings: dict[str, Any] = {"log_prompts": self.log_prompts, "max_bytes": max_bytes}
        self._settings |= {"max_files": max_files, "max_waiting": max_waiting}
        self._own_key = key is not None
        self._hashed = KeyedHash.of_installation(self.path.parent) if key is None else KeyedHash(key)
        self._file = LogFile(self.path, max_bytes=max_bytes, max_files=max_files)
        self._handing_over: HandingOver[_Line] = HandingOver(
            self._write, max_waiting=max_waiting, max_size=_MOST_CHARS_WAITING
        )
        self._written = self._failed = 0
        self._error: str | None = None
        self._warned_of_drops = False
        if log_prompts and self.path not in _said:
            _said.add(self.path)
            _logger.warning("%s keeps questions in clear, as log_prompts=True asks", self.path)

    def decided(self, call: WatchedCall) -> None:
        """Hear of a decision; its line is written when the call has ended."""

    def ended(self, call: WatchedCall, end: CallEnd) -> None:
        """Log a decision."""
        self._hand_over(EndedCall.of(call, end), size=len(call.request.query or ""))

    def append(self, line: Mapping[str, object]) -> None:
        """Log a line that speaks of a decision, such as feedback or a shadow's answer.

        Args:
            line: What JSON can say, without prompt text.
        """
        self._hand_over(dict(line), size=0)

    def record(
        self, decision_id: str, score: float, *, source: str = "user", user: str | None = None
    ) -> None:
        """Log what somebody said of an answer; of one source its latest word counts, however late.

        Args:
            decision_id: From the answer's metadata, `["routellm"]["decision_id"]`.
            score: How good the answer was, in [0, 1]: a thumb, a grade; 0 for a retry or a correction.
            source: What kind of word it is, such as `"thumbs"`.
            user: Who said it, so that nobody speaks for many; the log holds the name's keyed hash.

        Raises:
            InvalidInputError: If one breaks its rule.
        """
        source = source if user is None else f"{source}:{self.hash_of(user)}"
        self.append(feedback_line(decision_id, score, source=source))

    def hash_of(self, text: str) -> str:
        """Return what stands in the log for a question, a conversation's name or a tenant's."""
        return self._hashed(text)

    @property
    def health(self) -> LogHealth:
        """How it has done so far in this process."""
        queue = self._handing_over
        return LogHealth(self._written, queue.waiting, queue.dropped, self._failed, self._error)

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until all lines so far have been written, or have failed.

        Args:
            timeout_s: How long at most, in seconds.

        Returns:
            Whether they have.
        """
        return self._handing_over.drain(timeout_s)

    def close(self) -> None:
        """Write what waits; the log may go on. At a program's end this happens by itself."""
        self.flush()

    def __enter__(self) -> DecisionLog:
        """Return the log."""
        return self

    def __exit__(self, *error: object) -> None:
        """Write what waits."""
        self.close()

    def __repr__(self) -> str:
        """Show the file, and no key."""
        return f"DecisionLog({str(self.path)!r})"

    def __getstate__(self) -> dict[str, Any]:
        """Describe the log without its key and what waits.

        Raises:
            InvalidInputError: If it was given a key, which belongs in no pickle.
        """
        if self._own_key:
            raise InvalidInputError(
                "a log that is pickled must take its key from ROUTELLM_LOG_KEY or its folder, and this one "
                "was given key="
            )
        return {"path": self.path, **self._settings}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Make the log that `__getstate__` described."""
        self.__init__(**state)  # type: ignore[misc]

    def __copy__(self) -> DecisionLog:
        """Return the log itself: two queues for one file would only mix its order."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> DecisionLog:
        """Return the log itself, for copies of a model log to the same file."""
        return self

    def _hand_over(self, line: _Line, *, size: int) -> None:
        if not self._handing_over.put(line, size) and not self._warned_of_drops:
            self._warned_of_drops = True
            _logger.warning("%s is written too slowly; lines are left out and counted", self.path)

    def _write(self, lines: list[_Line]) -> None:
        batch, n = bytearray(), 0
        for line in lines:
            try:
                batch += line_bytes(self._line(line))
            except (TypeError, ValueError) as error:
                self._fail(1, error)
                continue
            n += 1
            if len(batch) >= _BATCH_BYTES:
                self._append(bytes(batch), n)
                batch, n = bytearray(), 0
        if n:
            self._append(bytes(batch), n)

    def _line(self, line: _Line) -> Mapping[str, object]:
        if isinstance(line, EndedCall):
            return decision_line(line, hashed=self._hashed, log_prompts=self.log_prompts)
        return line

    def _append(self, lines: bytes, n: int) -> None:
        try:
            self._file.append(lines)
        except OSError as error:
            self._fail(n, error)
        else:
            self._written += n
            self._error = None

    def _fail(self, n: int, error: Exception) -> None:
        self._failed += n
        if self._error is None:
            _logger.warning(
                "%s cannot be written (%s); lines are left out and counted", self.path, _named(error)
            )
        self._error = type(error).__name__


_said: set[Path] = set()
"""The logs of which it was said that they keep prompts."""


def _checked_path(path: object) -> Path:
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        raise InvalidInputError(f"a log's path must be a file's, got {shown_kind(path)}")
    checked = Path(path).absolute()
    if checked.is_dir() or not checked.parent.is_dir():
        raise InvalidInputError(f"a log must be a file in a folder that is there, got {checked}")
    return checked


def _named(error: Exception) -> str:
    # an OSError says which file and why; others may quote what was to be written
    return f"{type(error).__name__}: {error.strerror}" if isinstance(error, OSError) else type(error).__name__
