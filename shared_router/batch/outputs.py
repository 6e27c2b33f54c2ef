"""What is read and what its scores are called."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from shared_router.batch.folder import STATE
from shared_router.batch.tables import OutFormat
from shared_router.errors import InvalidInputError

_ENDINGS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
_PACKED = (".gz", ".zst")


def outputs_of(files: Sequence[str | Path], out: Path, out_format: OutFormat | None) -> dict[Path, str]:
    """Return the output's name of each input, under the folder that all inputs share."""
    sources = list(dict.fromkeys(path for given in files for path in _files_in(Path(given))))
    if not sources:
        raise InvalidInputError(
            f"there must be a file to score, and none in {[str(f) for f in files]} is one"
        )
    above = Path(os.path.commonpath([source.parent for source in sources]))
    outputs = {source: _name(source.relative_to(above), out_format) for source in sources}
    if len(set(outputs.values())) < len(outputs):
        raise InvalidInputError("each file must have an output of its own, and two would be written to one")
    for source, name in outputs.items():
        if (out / name).resolve() == source:
            raise InvalidInputError(f"scores must not replace their prompts; give another folder than {out}")
    return outputs


def _files_in(given: Path) -> list[Path]:
    path = given.resolve()
    if not path.is_dir():
        return [path]
    found = sorted(each for each in path.rglob("*") if each.is_file() and STATE not in each.parts)
    return [each for each in found if _unpacked(each).suffix.lower() in _ENDINGS]


def _unpacked(path: Path) -> Path:
    return path.with_suffix("") if path.suffix.lower() in _PACKED else path


def _name(path: Path, out_format: OutFormat | None) -> str:
    plain = _unpacked(path)
    if out_format is None:
        return str(plain.with_suffix(".jsonl") if plain.suffix.lower() == ".json" else plain)
    return str(plain.with_suffix(f".{out_format}"))
