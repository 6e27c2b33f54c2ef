"""Files of outcomes for the page: uploaded or named by path, read once, and not kept.

An upload lies in memory, and in a temporary file for as long as it is read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

import streamlit as st

from shared_router.costs.prices import TokenPrices
from shared_router.errors import DataError, FormatError, InvalidInputError, ScaleError
from shared_router.playground.routers import typed_path
from shared_router.playground.settings import given_settings
from shared_router.playground.shown import head_of, show_error, show_table, show_text
from shared_router.records.unpacked import DAMAGES, opened

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from shared_router.records.outcomes import Outcomes

MAX_UPLOAD_MB = 100
MAX_UNPACKED_MB = 1_000
_TYPES = ["jsonl", "json", "ndjson", "csv", "tsv", "parquet", "gz", "zst"]
_EXPECTED = (
    "The plainest file is a CSV file with the columns prompt, strong_score and weak_score, a row a prompt, "
    "each grade in 0 to 1. Logs and benchmarks' files are read as they are; the documentation of "
    "routellm evaluate lists them."
)
_GUESSES = {"strong": 0, "weak": 1}


@dataclass(frozen=True, slots=True)
class GradedFile:
    """Two models' graded answers.

    Attributes:
        key: Tells one file and pair from another within a session.
        outcomes: The table, with dollars where they are known.
        strong: The strong model's name in it.
        weak: The weak model's name.
    """

    key: str
    outcomes: Outcomes
    strong: str
    weak: str


def graded_file() -> GradedFile | None:
    """Ask for a file and the two models in it, once for all panels that read one; None until there is one.

    Raises:
        DataError: If it cannot be read, is too large, or holds fewer than two models.
    """
    uploaded = st.file_uploader(
        f"A log or a file of graded answers, at most {MAX_UPLOAD_MB} MB",
        type=_TYPES,
        key="graded-upload",
        on_change=_forget,
    )
    path = typed_path(
        st.text_input("or the path of a file or folder on this machine", key="graded-path", on_change=_forget)
    )
    try:
        read = _read(uploaded, path, _choose_scale())
    except ScaleError as error:
        raise DataError(f"{str(error).partition(';')[0]}; open The scale of the grades and say it") from None
    except FormatError as error:
        _show_unknown(error)
        return None
    if read is None:
        show_text(_EXPECTED)
        return None
    for reason, count in read.left_out.items():
        show_text(f"left out, {reason}: {count:,}")
    outcomes = read.outcomes
    if len(outcomes.models) < 2:
        raise DataError(f"a file must hold grades of two models, got {list(outcomes.models)}")
    columns = st.columns(2)
    strong, weak = (
        column.selectbox(
            f"The {tier} model", outcomes.models, index=_place(outcomes, tier), key=f"graded-{tier}"
        )
        for column, tier in zip(columns, ("strong", "weak"), strict=True)
    )
    if strong == weak:
        raise InvalidInputError("strong and weak must be two models, got one twice; choose another")
    return GradedFile(f"{read.key}:{strong}:{weak}", _priced(outcomes, strong, weak), strong, weak)


@contextmanager
def as_file(uploaded: UploadedFile) -> Iterator[Path]:
    """Give an upload as a file that lasts as long as the block.

    Raises:
        DataError: If it is larger than `MAX_UPLOAD_MB`, or than `MAX_UNPACKED_MB` when it is unpacked.
    """
    if uploaded.size > MAX_UPLOAD_MB * 1024 * 1024:
        raise DataError(f"an upload may have {MAX_UPLOAD_MB} MB, got more; name its path instead")
    with tempfile.TemporaryDirectory(prefix="routellm-") as folder:
        file = Path(folder) / plain_name(uploaded.name)
        file.write_bytes(uploaded.getbuffer())
        _check_unpacked(file)
        yield file


def _check_unpacked(file: Path) -> None:
    """Refuse a small file that unpacks to a huge one before anything is made of it."""
    left = MAX_UNPACKED_MB * 1024 * 1024
    with opened(file) as unpacked:
        try:
            while part := unpacked.read(1 << 20):
                left -= len(part)
                if left < 0:
                    raise DataError(
                        f"an upload may have {MAX_UNPACKED_MB:,} MB when it is unpacked, got more; "
                        "name its path instead"
                    )
        except DAMAGES:
            return  # the reader says what is wrong with it


def plain_name(name: str) -> str:
    """Return a file's name without folders, and short; readers know a format by how it ends."""
    last = PureWindowsPath(PurePosixPath(name.replace("\0", "")).name).name
    return last[-80:].strip(". ") or "upload"


@dataclass(frozen=True, slots=True)
class _Read:
    key: str
    name: str
    scale: tuple[float, float]
    outcomes: Outcomes
    left_out: Mapping[str, int]


def _show_unknown(error: FormatError) -> None:
    """Show that no reader knows a file, and out of the way what each of them misses in it."""
    rule, _, tried = str(error).partition("; tried ")
    show_error(rule)
    show_text(_EXPECTED)
    if tried:
        with st.expander("What each reader misses in it"):
            show_table("Readers", ["format", "missing"], [each.split(": ", 1) for each in tried.split("; ")])


def _forget() -> None:
    for name in ("graded-read", "graded-strong", "graded-weak"):
        st.session_state.pop(name, None)


def _choose_scale() -> tuple[float, float]:
    with st.expander("The scale of the grades"):
        worst, best = st.columns(2)
        return (
            float(worst.number_input("The worst grade there can be", value=0.0, key="graded-worst")),
            float(best.number_input("The best grade there can be", value=1.0, key="graded-best")),
        )


def _read(uploaded: UploadedFile | None, path: str, scale: tuple[float, float]) -> _Read | None:
    """Read a file the first time that the page runs with it; it stays while other panels are looked at."""
    kept: _Read | None = st.session_state.get("graded-read")
    if uploaded is not None or path:
        key = f"{uploaded.file_id if uploaded is not None else path}:{scale}"
        return kept if kept is not None and kept.key == key else _read_now(uploaded, path, scale, key)
    if kept is None:
        return None
    show_text(f"The file that you uploaded before: {head_of(kept.name)}.")
    st.button("Forget it", key="graded-forget-button", on_click=_forget)
    if kept.scale != scale:
        raise InvalidInputError("a file must be read anew for another scale; upload it again")
    return kept


def _read_now(uploaded: UploadedFile | None, path: str, scale: tuple[float, float], key: str) -> _Read:
    from shared_router.records.reading import read_outcomes

    with st.spinner("Reading the file; a million rows take minutes..."):
        if uploaded is None:
            reading, name = read_outcomes(path, scale=scale, keep_answers=False), path
        else:
            with as_file(uploaded) as file:
                reading, name = read_outcomes(file, scale=scale, keep_answers=False), uploaded.name
    found = _Read(key, name, scale, reading.outcomes, reading.left_out)
    st.session_state["graded-read"] = found
    return found


def _place(outcomes: Outcomes, tier: str) -> int:
    return list(outcomes.models).index(tier) if tier in outcomes.models else _GUESSES[tier]


def _priced(outcomes: Outcomes, strong: str, weak: str) -> Outcomes:
    """Price tokens where the file holds tokens and no dollars."""
    from shared_router.records.pricing import unpriced_models

    given = given_settings().prices
    prices: dict[str, TokenPrices] = {
        name: given[tier]
        for tier, name in (("strong", strong), ("weak", weak))
        if name in unpriced_models(outcomes)
    }
    return outcomes.with_prices(prices) if prices else outcomes
