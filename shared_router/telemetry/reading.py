"""Read decision logs: whatever can be used, and a count of what cannot.

A log is written while it is read, moved away while it is written, copied, cut, and written to by other
releases. None of that stops a reader; each is counted.
"""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO, cast

from shared_router.choices import shown_kind
from shared_router.errors import InvalidInputError
from shared_router.telemetry.logged import Feedback, LoggedDecision, LoggedDecisions, ShadowAnswer
from shared_router.telemetry.parsed_line import DamagedLine, OtherRelease, parsed_line

_MOST_BYTES_A_LINE = 64 * 1024 * 1024


def read_log(paths: str | Path | Sequence[str | Path]) -> LoggedDecisions:
    """Read logs, with what was said of each decision joined to it.

    Args:
        paths: One log or several. Each is read with its older files, `path.1`, `path.2` and so on, also
            where they were compressed (`.gz`). A file that is named twice is read once.

    Returns:
        Each decision once, by time. A line that says again what another said is counted and changes nothing,
        so that a log and its copy give what the log alone gives. Of one source's feedback its latest word
        counts.

    Raises:
        InvalidInputError: If a path is none, or there is no such log.
    """
    reading = _Reading()
    with ExitStack() as stack:
        opened = _opened(paths, stack)
        for _, stream in opened:
            for line in _lines(stream):
                reading.take(line)
    return reading.result([name for name, _ in opened])


class _Reading:
    """What was read so far."""

    def __init__(self) -> None:
        self.decisions: dict[str, LoggedDecision] = {}
        self.feedback: dict[tuple[str, str], Feedback] = {}
        self.shadows: dict[tuple[str, str], ShadowAnswer] = {}
        self.would: dict[str, dict[str, str]] = {}
        self.n_lines = self.n_damaged = self.n_other_release = self.n_repeated = 0

    def take(self, line: bytes) -> None:
        self.n_lines += 1
        try:
            parsed = parsed_line(line)
        except DamagedLine:
            self.n_damaged += 1
            return
        except OtherRelease:
            self.n_other_release += 1
            return
        if isinstance(parsed, LoggedDecision):
            known = parsed.id in self.decisions
            self.decisions.setdefault(parsed.id, parsed)
            self.n_repeated += known
            return
        about, said = parsed
        if isinstance(said, Feedback):
            earlier = self.feedback.get((about, said.source))
            self.n_repeated += earlier is not None
            self.feedback[about, said.source] = said if earlier is None else _latest(earlier, said)
        elif isinstance(said, dict):
            self.n_repeated += self.would.get(about) == said
            self.would[about] = {**self.would.get(about, {}), **said}
        else:
            before = self.shadows.get((about, said.model))
            merged = said if before is None else _merged(before, said)
            self.n_repeated += merged == before
            self.shadows[about, said.model] = merged

    def result(self, files: Sequence[Path]) -> LoggedDecisions:
        joined = dict(self.decisions)
        n_unknown = 0
        said: dict[str, tuple[list[Feedback], list[ShadowAnswer]]] = {}
        for (about, _), feedback in self.feedback.items():
            said.setdefault(about, ([], []))[0].append(feedback)
        for (about, _), shadow in self.shadows.items():
            said.setdefault(about, ([], []))[1].append(shadow)
        for about, (feedbacks, shadows) in said.items():
            if about not in joined:
                n_unknown += len(feedbacks) + len(shadows)
                continue
            joined[about] = replace(joined[about], feedback=tuple(feedbacks), shadows=tuple(shadows))
        for about, models in self.would.items():
            if about not in joined:
                n_unknown += 1
                continue
            joined[about] = replace(joined[about], would={**(joined[about].would or {}), **models})
        return LoggedDecisions(
            rows=tuple(sorted(joined.values(), key=lambda row: (row.time, row.id))),
            files=tuple(files),
            n_lines=self.n_lines,
            n_damaged=self.n_damaged,
            n_other_release=self.n_other_release,
            n_repeated=self.n_repeated,
            n_unknown=n_unknown,
        )


def _latest(earlier: Feedback, said: Feedback) -> Feedback:
    """Return the later word of a source, which remembers its first one."""
    first = min((earlier.first or earlier, said), key=lambda word: word.time or 0.0)
    latest = said if (said.time or 0.0) >= (earlier.time or 0.0) else earlier
    is_same = (first.score, first.time) == (latest.score, latest.time)
    return replace(latest, first=None if is_same else replace(first, first=None))


def _merged(before: ShadowAnswer, said: ShadowAnswer) -> ShadowAnswer:
    """Add what a later line knows: a grade may come in a line of its own, after the answer's."""
    told = {name: getattr(said, name) for name in ShadowAnswer.__slots__ if getattr(said, name) is not None}
    return replace(before, **told)


def _opened(paths: str | Path | Sequence[str | Path], stack: ExitStack) -> list[tuple[Path, IO[bytes]]]:
    """Open the files of these logs, each once."""
    given = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    opened: list[tuple[Path, IO[bytes]]] = []
    known: set[tuple[int, int]] = set()
    for path in given:
        if not isinstance(path, (str, os.PathLike)):
            raise InvalidInputError(f"a log's path must be a file's, got {shown_kind(path)}")
        if not _names(Path(path)):
            raise InvalidInputError(f"a log must be a file that is there, got {path}")
        # The latest is opened first: a log that is moved away meanwhile is met again under its next name and
        # never missed. The oldest one's next name is new, so names are looked up twice.
        for name in (*_names(Path(path)), *_names(Path(path))):
            try:
                stream = stack.enter_context(open(name, "rb"))  # noqa: SIM115 (the stack closes it)
            except FileNotFoundError:
                continue
            status = os.fstat(stream.fileno())
            if (status.st_dev, status.st_ino) not in known:
                known.add((status.st_dev, status.st_ino))
                opened.append((name, _unpacked(name, stream)))
    return opened[::-1]


def _names(path: Path) -> list[Path]:
    """Return a log's files, the latest first."""
    name = re.compile(re.escape(path.name) + r"\.(\d+)(\.gz)?")
    beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    numbered = sorted((int(match[1]), each) for each in beside if (match := name.fullmatch(each)))
    files = [path, *(path.with_name(each) for _, each in numbered)]
    return [file for file in files if file.is_file()]


def _unpacked(name: Path, stream: IO[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(stream, "rb")) if name.suffix == ".gz" else stream


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines that are not blank; one that is longer than any log writes comes cut."""
    while line := stream.readline(_MOST_BYTES_A_LINE):
        rest = line
        while len(rest) == _MOST_BYTES_A_LINE and not rest.endswith(b"\n"):
            line, rest = b"{", stream.readline(_MOST_BYTES_A_LINE)
        if line.strip():
            yield line
