"""Write outcomes as JSONL or Parquet, one row a prompt, its answers a list of objects."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared_router.errors import MissingExtraError
from shared_router.records.conversation_column import as_json
from shared_router.records.measures import MEASURES
from shared_router.records.readers.saved import ANSWERS

if TYPE_CHECKING:
    from shared_router.records.outcomes import Outcomes

_BATCH = 4096


def save_jsonl(outcomes: Outcomes, path: str | Path) -> None:
    """Write a table as JSONL; `read_outcomes` reads it back equal.

    Absent values are left out. Models that answered nothing are not kept.
    """
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for row in _rows(outcomes):
            file.write(json.dumps(_without_absent(row), ensure_ascii=False) + "\n")


def save_parquet(outcomes: Outcomes, path: str | Path) -> None:
    """Write a table as Parquet; `read_outcomes` reads it back equal.

    Raises:
        MissingExtraError: If pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # type: ignore[import-untyped]
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtraError.of("pyarrow", "eval") from error
    answer = [("model", pa.string()), *((name, pa.float64()) for name in MEASURES)]
    answer += [("answer", pa.string()), ("samples", pa.list_(pa.string()))]
    answer += [("sample_scores", pa.list_(pa.float64()))]
    schema = pa.schema(
        [
            ("prompt", pa.large_string()),
            ("domain", pa.string()),
            ("conversation", pa.string()),
            ("time", pa.float64()),
            ("messages", pa.large_string()),
            (ANSWERS, pa.list_(pa.struct(answer))),
        ]
    )
    batch: list[dict[str, Any]] = []
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for row in _rows(outcomes):
            said = row.pop("messages")
            batch.append({**row, "messages": None if said is None else as_json(said)})
            if len(batch) == _BATCH:
                writer.write_table(pa.Table.from_pylist(batch, schema=schema))
                batch.clear()
        writer.write_table(pa.Table.from_pylist(batch, schema=schema))


def _rows(outcomes: Outcomes) -> Iterator[dict[str, Any]]:
    n = len(outcomes)
    ends = outcomes.prompt_index.searchsorted(range(n), side="right").tolist()
    columns = {name: column.tolist() for name, column in outcomes.values.items()}
    models = [outcomes.models[place] for place in outcomes.model_index.tolist()]
    times = [math.nan] * n if outcomes.times is None else outcomes.times.tolist()
    start = 0
    for place, prompt in enumerate(outcomes.prompts):
        answers = []
        for row in range(start, ends[place]):
            answer: dict[str, Any] = {"model": models[row]}
            answer |= {name: _known(column[row]) for name, column in columns.items()}
            answer["answer"] = None if outcomes.texts is None else outcomes.texts[row]
            answer["samples"] = [] if outcomes.samples is None else list(outcomes.samples[row])
            graded = outcomes.sample_scores
            answer["sample_scores"] = [] if graded is None else list(graded[row])
            answers.append(answer)
        start = ends[place]
        yield {
            "prompt": prompt,
            "domain": None if outcomes.domains is None else outcomes.domains[place],
            "conversation": None if outcomes.conversations is None else outcomes.conversations[place],
            "time": _known(times[place]),
            "messages": None if outcomes.messages is None else outcomes.messages[place],
            ANSWERS: answers,
        }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _without_absent(row: dict[str, Any]) -> dict[str, Any]:
    answers = [{k: v for k, v in answer.items() if v not in (None, [])} for answer in row[ANSWERS]]
    return {k: v for k, v in row.items() if v is not None} | {ANSWERS: answers}
