"""Read outcomes from the files that people have: told by what is in them, or by `format=`."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from shared_router.choices import check_path, shown
from shared_router.errors import DataError, FormatError, UnknownNameError
from shared_router.records.builder import OutcomesBuilder
from shared_router.records.files import Head, read_head, read_rows
from shared_router.records.outcomes import Outcomes
from shared_router.records.readers import READERS
from shared_router.records.record import Reader, Record
from shared_router.records.scale import UNIT_SCALE, check_scale

_UNKNOWN = "a file in a format that no reader knows"
_ENDINGS = (".jsonl", ".json", ".ndjson", ".csv", ".tsv", ".parquet")


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading files.

    Attributes:
        outcomes: The table.
        formats: The readers that read them, by name, sorted.
        rows: How many rows the files hold.
        left_out: How many rows, or files of a folder, were left out, by reason.
        repeated: How many answers came from a model that had answered that prompt before; they are averaged.
    """

    outcomes: Outcomes = field(repr=False)
    formats: tuple[str, ...]
    rows: int
    left_out: Mapping[str, int]
    repeated: int


def read_outcomes(
    *paths: str | Path,
    format: str | None = None,  # noqa: A002 - what the command calls it
    scale: tuple[float, float] = UNIT_SCALE,
    score: str | Sequence[str] | None = None,
    keep_answers: bool = True,
) -> Reading:
    """Read one table from one file or several.

    Rows are streamed, and texts past 64 MiB stand in a temporary file, so a file may be larger than memory.

    Args:
        paths: Files, or folders of files; a batch's requests and responses, or a run for each model, are
            one table.
        format: The reader, one of `READERS`; None finds it by what is in each file.
        scale: The worst and the best score in the files. It is never guessed.
        score: Which score to take where the files hold several, or some names of which each answer's first is
            taken. None takes our own decision logs' `judge`.
        keep_answers: Whether to keep what the models answered.

    Returns:
        The table and what was left out.

    Raises:
        FormatError: If no reader knows a file; the message says why each refused.
        ScaleError: If a score is outside the scale.
        DataError: If a file is damaged, no row is left, costs are in several currencies, or which score is
            meant is open. No message holds a prompt.
        UnknownNameError: If there is no such format or score.
        MissingExtraError: If a file needs an optional dependency.
    """
    check_scale(scale)
    _check_format(format)
    builder, rows = OutcomesBuilder(keep_answers=keep_answers), 0
    formats: dict[str, str | None] = {}
    for path, from_folder in _files(paths):
        head = read_head(path)
        reader = _reader_of(head, format)
        if isinstance(reader, str):
            if not from_folder:
                raise FormatError(reader)
            builder.left_out[_UNKNOWN] += 1
            continue
        formats[reader.name] = reader.score
        rows += _read(reader, head, builder)
    if not formats:
        raise FormatError(f"a folder must hold files that a reader knows, got none; {builder.why()}")
    wanted = score if score is None or isinstance(score, str) else tuple(score)
    usual = next(iter(formats.values())) if len(set(formats.values())) == 1 else None
    try:
        outcomes = builder.finish(scale=scale, score=wanted, usual=usual)
    except DataError as error:
        named = ", ".join(sorted(formats))
        raise type(error)(f"{error} (read as {named})") from None
    left_out = dict(Counter(builder.left_out).most_common())
    return Reading(outcomes, tuple(sorted(formats)), rows, left_out, builder.repeated)


def read_records(
    *paths: str | Path,
    format: str | None = None,  # noqa: A002 - as in `read_outcomes`
) -> Iterator[list[Record] | str]:
    """Yield what each row of some files holds, or why it is left out, without making a table of them.

    Args:
        paths: As in `read_outcomes`.
        format: As in `read_outcomes`.

    Raises:
        FormatError: If no reader knows a file that was named.
        DataError: If a file is damaged.
        UnknownNameError: If there is no such format.
    """
    _check_format(format)
    for path, from_folder in _files(paths):
        head = read_head(path)
        reader = _reader_of(head, format)
        if isinstance(reader, str):
            if not from_folder:
                raise FormatError(reader)
            yield _UNKNOWN
            continue
        with closing(read_rows(head)) as rows:
            yield from (row if isinstance(row, str) else reader.records(row, head) for row in rows)


def _check_format(name: str | None) -> None:
    if name is not None and name not in READERS:
        raise UnknownNameError(f"a format must be one of {sorted(READERS)}, got {shown(name)}")


def _files(paths: Sequence[str | Path]) -> list[tuple[Path, bool]]:
    """Return the files to read, and of each whether it was found in a folder."""
    if not paths:
        raise DataError("a file of records must be given, got none")
    found: list[tuple[Path, bool]] = []
    for given in paths:
        check_path("a file of records", given)
        path = Path(given)
        if os.path.isdir(path):  # unlike a path's own methods these say no to any text
            inside = sorted(each for each in path.rglob("*") if each.is_file() and _is_data(each))
            found += [(each, True) for each in inside]
        elif os.path.isfile(path):
            found.append((path, False))
        else:
            raise DataError(f"{path.name}: the file must be there, and there is none")
    if not found:
        raise DataError(f"a folder must hold files that end in {', '.join(_ENDINGS)}, got none")
    return found


def _is_data(path: Path) -> bool:
    name = path.name.lower().removesuffix(".gz").removesuffix(".zst")
    return name.endswith(_ENDINGS)


def _reader_of(head: Head, name: str | None) -> Reader | str:
    """Return the reader of a file, or why there is none."""
    if not head.rows:
        found = ", ".join(head.faults) or "none"
        return f"{head.path.name}: a file of records must begin with rows that can be read, got {found}"
    reasons = {}
    for reader in READERS.values() if name is None else [READERS[name]]:
        refusal = reader.refuses(head)
        if refusal is None:
            return reader
        reasons[reader.name] = refusal
    tried = "; ".join(f"{reader}: {reason}" for reader, reason in reasons.items())
    return f"{head.path.name}: a file must be in a format that a reader knows; tried {tried}"


def _read(reader: Reader, head: Head, builder: OutcomesBuilder) -> int:
    count = 0
    with closing(read_rows(head)) as rows:
        for row in rows:
            count += 1
            found = row if isinstance(row, str) else reader.records(row, head)
            if isinstance(found, str):
                builder.left_out[found] += 1
                continue
            for record in found:
                if record.key is not None:
                    record.key = _digest(reader.name, record.key)
            builder.add(found)
    return count


def _digest(reader: str, key: object) -> int:
    """Return a key in few bytes, for a key may be a whole prompt and there may be millions."""
    return int.from_bytes(hashlib.blake2b(repr((reader, key)).encode(), digest_size=16).digest(), "little")
