"""Preference data: which of two models' answers was preferred, query by query (paper, section 3.1)."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_args

from shared_router.choices import check_columns, check_list, check_path, check_whole, is_whole, shown_kind
from shared_router.errors import InvalidInputError
from shared_router.preferences.arena import STAND_INS
from shared_router.preferences.files import read_file
from shared_router.preferences.grades import Winner, winner_by_score
from shared_router.preferences.rows import (
    COLUMNS,
    MAX_BAD_FRACTION,
    MAX_ROW_BYTES,
    Battles,
    OnBadRows,
    collect,
    names_of,
    shown_winner,
    text_fault,
    weight_fault,
)


@dataclass(frozen=True, slots=True)
class PreferenceData:
    """Battles: for each, a query, two models and who won.

    Attributes:
        queries: The texts that were asked, n of them, none blank. Not in the repr.
        model_a: The first model of each battle, n names.
        model_b: The second model of each battle, n names, each unlike the first.
        winners: `"a"`, `"b"` or `"tie"` for each battle, n of them.
        weights: How much each battle counts, n numbers > 0; None counts each once.

    Raises:
        InvalidInputError: If a column has another length, or a row breaks its rule; the message names
            the row, counted from 0.
    """

    queries: Sequence[str] = field(repr=False)
    model_a: Sequence[str] = field(repr=False)
    model_b: Sequence[str] = field(repr=False)
    winners: Sequence[Winner] = field(repr=False)
    weights: Sequence[float] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check every row, so that a router's fit need not."""
        for each in fields(self):
            column = getattr(self, each.name)
            if column is not None or each.name != "weights":
                check_list(each.name, column)
            # a pandas column answers [0] with the row labelled 0, wherever that stands
            if column is not None and not isinstance(column, (list, tuple)):
                object.__setattr__(self, each.name, list(column))
        columns: dict[str, Sequence[object]] = {
            "model_a": self.model_a,
            "model_b": self.model_b,
            "winners": self.winners,
        }
        if self.weights is not None:
            columns["weights"] = self.weights
        for name, column in columns.items():
            if len(column) != len(self.queries):
                raise InvalidInputError(
                    f"{name} must have one entry per query ({len(self)}), got {len(column)}"
                )
        for row in range(len(self)):
            self._check_row(row)

    def __repr__(self) -> str:
        """Show how many battles there are, and whose; never a query."""
        models = sorted({*self.model_a, *self.model_b})
        more = f" and {len(models) - 4} more" if len(models) > 4 else ""
        return f"PreferenceData({len(self)} battles of {len(models)} models: {', '.join(models[:4])}{more})"

    def __len__(self) -> int:
        """Count the battles."""
        return len(self.queries)

    def _check_row(self, row: int) -> None:
        wrong = (
            text_fault("a query", self.queries[row])
            or text_fault("model_a", self.model_a[row])
            or text_fault("model_b", self.model_b[row])
        )
        if wrong:
            raise InvalidInputError(f"row {row}: {wrong}")
        if self.winners[row] not in get_args(Winner):
            raise InvalidInputError(
                f'row {row}: a winner must be "a", "b" or "tie", got {shown_winner(self.winners[row])}'
            )
        if self.model_a[row] == self.model_b[row]:
            raise InvalidInputError(f"row {row}: a battle needs two models, got {self.model_a[row]!r} twice")
        weight = 1.0 if self.weights is None else self.weights[row]
        if wrong := weight_fault("a weight", weight):
            raise InvalidInputError(f"row {row}: {wrong}")

    @classmethod
    def from_file(
        cls,
        path: str | Path,
        *,
        columns: Mapping[str, str] | None = None,
        on_bad_rows: OnBadRows = "raise",
        max_bad_fraction: float = MAX_BAD_FRACTION,
        max_row_bytes: int = MAX_ROW_BYTES,
    ) -> "PreferenceData":
        """Read battles from a `.jsonl`, `.json`, `.csv` or `.parquet` file with the columns of `from_rows`.

        Args:
            path: The file; its name's ending says its format. Text is UTF-8.
            columns: What the columns are called in the file, as `{"query": "question"}`; Arena's are known.
            on_bad_rows: `"raise"` at the first bad row, or `"skip"` bad rows with one warning that counts
                them. What damages the whole file raises either way.
            max_bad_fraction: The largest share of rows that may be skipped, in [0, 1].
            max_row_bytes: The longest line (JSONL) or row (CSV), in bytes; no longer one is read whole.

        Returns:
            The battles, in the file's order. Further columns are left out.

        Raises:
            DataError: If a row breaks its rule, too many do, or the file is damaged; the message names
                the line (from 1; in Parquet the row, from 0) and holds no query.
            InvalidInputError: If an option or the file's ending is outside its rule.
            MissingExtraError: If the file is Parquet and pyarrow is not installed.
        """
        check_path("a preference file", path)
        check_whole("max_row_bytes", max_row_bytes, least=1)
        names = names_of(columns)
        needed = [(names[name], *STAND_INS.get(name, ())) for name in COLUMNS]
        with closing(read_file(path, columns=needed, max_row_bytes=max_row_bytes)) as rows:
            battles = collect(rows, names=names, on_bad_rows=on_bad_rows, max_bad_fraction=max_bad_fraction)
        return cls._of(battles)

    @classmethod
    def from_rows(
        cls,
        rows: Iterable[Mapping[str, Any]],
        *,
        columns: Mapping[str, str] | None = None,
        on_bad_rows: OnBadRows = "raise",
        max_bad_fraction: float = MAX_BAD_FRACTION,
    ) -> "PreferenceData":
        """Make battles of mappings, such as a list of dicts or a Hugging Face dataset.

        A pandas frame's rows are `frame.to_dict("records")`.

        Args:
            rows: For each battle a `query`, `model_a`, `model_b`, `winner` (`"a"`, `"b"`, `"tie"`, or
                Chatbot Arena's `"model_a"`, `"model_b"`, `"tie (bothbad)"`) and, if it likes, a `weight`
                > 0.
            columns: As in `from_file`.
            on_bad_rows: As in `from_file`.
            max_bad_fraction: As in `from_file`.

        Raises:
            DataError: If a row breaks its rule or too many do; the message names the row, from 0.
            InvalidInputError: If an option is outside its rule.
        """
        numbered = (
            (
                f"row {i}",
                row if isinstance(row, Mapping) else f"a row must be a mapping, got {type(row).__name__}",
            )
            for i, row in enumerate(rows)
        )
        return cls._of(
            collect(
                numbered,
                names=names_of(columns),
                on_bad_rows=on_bad_rows,
                max_bad_fraction=max_bad_fraction,
            )
        )

    @classmethod
    def _of(cls, battles: Battles) -> "PreferenceData":
        weights = None if all(weight == 1.0 for weight in battles.weights) else battles.weights
        return cls(battles.queries, battles.model_a, battles.model_b, battles.winners, weights)

    @classmethod
    def from_correctness(
        cls,
        queries: Sequence[str],
        strong_scores: Sequence[float],
        weak_scores: Sequence[float],
        *,
        strong: str = "strong",
        weak: str = "weak",
    ) -> "PreferenceData":
        """Turn graded answers of one strong and one weak model into battles (paper, section 4.1).

        Args:
            queries: The texts that were asked, n of them.
            strong_scores: The strong model's grades, n numbers; higher is better.
            weak_scores: The weak model's grades, n numbers, on the same scale.
            strong: The strong model's name; it becomes `model_a`.
            weak: The weak model's name; it becomes `model_b`.

        Returns:
            One battle per query: the higher grade wins, equal grades tie.

        Raises:
            InvalidInputError: If the lengths differ or a grade is no number.
        """
        check_columns(queries=queries, strong_scores=strong_scores, weak_scores=weak_scores)
        winners = [
            winner_by_score(high, low, where=f"row {row}")
            for row, (high, low) in enumerate(zip(strong_scores, weak_scores, strict=True))
        ]
        return cls(queries, [strong] * len(queries), [weak] * len(queries), winners)

    def select(self, rows: Iterable[int]) -> "PreferenceData":
        """Return the battles at the given places, counted from 0, in the given order."""
        check_list("rows", rows)
        chosen = list(rows)
        if not all(is_whole(row) and -len(self) <= row < len(self) for row in chosen):
            raise InvalidInputError(f"rows must be whole numbers below {len(self)}, the number of battles")
        return PreferenceData(
            [self.queries[i] for i in chosen],
            [self.model_a[i] for i in chosen],
            [self.model_b[i] for i in chosen],
            [self.winners[i] for i in chosen],
            None if self.weights is None else [self.weights[i] for i in chosen],
        )

    def to_jsonl(self, path: str | Path) -> None:
        """Write the battles as a file that `from_file` reads back, one JSON object a line, UTF-8.

        Raises:
            InvalidInputError: If it is no path.
            OSError: If it cannot be written.
        """
        check_path("a file", path)
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            for i, (*values,) in enumerate(
                zip(self.queries, self.model_a, self.model_b, self.winners, strict=True)
            ):
                row: dict[str, Any] = dict(zip(COLUMNS, values, strict=True))
                if self.weights is not None:
                    row["weight"] = float(self.weights[i])
                file.write(json.dumps(row, ensure_ascii=False) + "\n")


def check_preferences(preferences: object) -> None:
    """Refuse what are no battles, such as a frame, with an `InvalidInputError`."""
    if not isinstance(preferences, PreferenceData):
        raise InvalidInputError(
            f"fit must be given PreferenceData, got {shown_kind(preferences)}; make it with "
            'PreferenceData.from_rows(frame.to_dict("records")), from_file or from_correctness'
        )
