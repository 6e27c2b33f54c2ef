"""What is read and what its scores are called."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from shared_router.batch.folder import STATE
from shared_router.batch.inputs import unpacked
from shared_router.batch.tables import OutFormat
from shared_router.errors import DataError, InvalidInputError

_ENDINGS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")


def outputs_of(files: Sequence[str | Path], out: Path, out_format: OutFormat | None) -> dict[Path, str]:
    """Return the output's name of each input, under the folder that all that is given shares.

    Raises:
        DataError: If what is given is not there, or no file.
        InvalidInputError: If there is nothing to score, or two files would share an output or be replaced.
    """
    given = [Path(os.path.abspath(each)) for each in files]  # what links point to has other names
    sources = list(dict.fromkeys(path for each in given for path in _files_in(each)))
    if not sources:
        raise InvalidInputError(
            f"there must be a file to score, and none in {[str(f) for f in files]} is one"
        )
    above = os.path.commonpath([each if each.is_dir() else each.parent for each in given])
    outputs = {source: _name(source.relative_to(above), out_format) for source in sources}
    _check_apart(outputs)
    read = {os.path.realpath(source) for source in sources}
    if any(os.path.realpath(out / name) in read for name in outputs.values()):
        raise InvalidInputError(f"scores must not replace their prompts; give another folder than {out}")
    return outputs


def _check_apart(outputs: dict[Path, str]) -> None:
    by_name: dict[str, Path] = {}
    for source, name in outputs.items():
        if (other := by_name.setdefault(name, source)) is not source:
            raise InvalidInputError(
                f"each file must have an output of its own, and {other} and {source} would be written to "
                f"{name}; score them into two folders"
            )
    for source, name in outputs.items():
        for above in PurePath(name).parents:
            if (other := by_name.get(str(above), source)) is not source:
                raise InvalidInputError(
                    f"each file must have an output of its own, and that of {other} would be the folder of "
                    f"that of {source}; score them into two folders"
                )


def _files_in(given: Path) -> Iterator[Path]:
    if given.is_dir():
        yield from _walked(given)
    elif given.is_file():
        yield given
    else:
        kind = "it is no file" if given.exists() else "there is none"
        raise DataError(f"what is scored must be a file or a folder, and at {given} {kind}")


def _walked(given: Path) -> Iterator[Path]:
    """Yield a folder's files of rows; hidden ones, and folders of scores, are none."""
    seen: set[str] = set()
    for folder, inner, names in os.walk(given, followlinks=True):
        seen.add(os.path.realpath(folder))
        inner[:] = sorted(name for name in inner if _is_walked(Path(folder, name), seen))
        for name in sorted(names):
            path = Path(folder, name)
            if not _is_hidden(name) and unpacked(path).suffix.lower() in _ENDINGS and path.is_file():
                yield path


def _is_walked(folder: Path, seen: set[str]) -> bool:
    is_known = os.path.realpath(folder) in seen  # a link may lead upwards
    return not (_is_hidden(folder.name) or is_known or (folder / STATE).is_dir())


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "_"))  # as Spark, Hive and Arrow mark what is no data


def _name(path: Path, out_format: OutFormat | None) -> str:
    plain = unpacked(path)
    if out_format is None:
        return str(plain.with_suffix(".jsonl") if plain.suffix.lower() == ".json" else plain)
    return str(plain.with_suffix(f".{out_format}"))
