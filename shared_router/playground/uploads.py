"""Files of outcomes for the page: uploaded or named by path, read once, and not kept.

An upload lies in memory, and in a temporary file for as long as it is read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

import streamlit as st

from shared_router.costs.prices import TokenPrices
from shared_router.errors import DataError, InvalidInputError
from shared_router.playground.settings import given_settings
from shared_router.playground.shown import show_text

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from shared_router.records.outcomes import Outcomes

MAX_UPLOAD_MB = 100
_TYPES = ["jsonl", "json", "ndjson", "csv", "tsv", "parquet", "gz", "zst"]
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


def graded_file(panel: str) -> GradedFile | None:
    """Ask for a file and the two models in it; None until there is one.

    Args:
        panel: Sets this panel's fields apart from another's.

    Raises:
        DataError: If it cannot be read, is too large, or holds fewer than two models.
    """
    uploaded = st.file_uploader(
        f"A log or a file of graded answers, at most {MAX_UPLOAD_MB} MB", type=_TYPES, key=f"{panel}-upload"
    )
    path = st.text_input("or the path of a file or folder on this machine", key=f"{panel}-path").strip()
    if uploaded is None and not path:
        st.session_state.pop(f"{panel}-read", None)
        return None
    key = f"upload:{uploaded.file_id}" if uploaded is not None else f"path:{path}"
    outcomes = _once(panel, key, uploaded, path)
    if len(outcomes.models) < 2:
        raise DataError(f"a file must hold grades of two models, got {list(outcomes.models)}")
    columns = st.columns(2)
    strong, weak = (
        column.selectbox(
            f"The {tier} model", outcomes.models, index=_place(outcomes, tier), key=f"{panel}-{tier}"
        )
        for column, tier in zip(columns, ("strong", "weak"), strict=True)
    )
    if strong == weak:
        raise InvalidInputError("strong and weak must be two models, got one twice; choose another")
    return GradedFile(f"{key}:{strong}:{weak}", _priced(outcomes, strong, weak), strong, weak)


@contextmanager
def as_file(uploaded: UploadedFile) -> Iterator[Path]:
    """Give an upload as a file that lasts as long as the block.

    Raises:
        DataError: If it is larger than `MAX_UPLOAD_MB`.
    """
    if uploaded.size > MAX_UPLOAD_MB * 1024 * 1024:
        raise DataError(f"an upload may have {MAX_UPLOAD_MB} MB, got more; name its path instead")
    with tempfile.TemporaryDirectory(prefix="routellm-") as folder:
        file = Path(folder) / plain_name(uploaded.name)
        file.write_bytes(uploaded.getbuffer())
        yield file


def plain_name(name: str) -> str:
    """Return a file's name without folders, and short; readers know a format by how it ends."""
    last = PureWindowsPath(PurePosixPath(name.replace("\0", "")).name).name
    return last[-80:].strip(". ") or "upload"


def _once(panel: str, key: str, uploaded: UploadedFile | None, path: str) -> Outcomes:
    """Read a file the first time that the page runs with it."""
    from shared_router.records.reading import read_outcomes

    kept: tuple[str, Outcomes] | None = st.session_state.get(f"{panel}-read")
    if kept is None or kept[0] != key:
        with st.spinner("Reading the file..."):
            if uploaded is None:
                reading = read_outcomes(path, keep_answers=False)
            else:
                with as_file(uploaded) as file:
                    reading = read_outcomes(file, keep_answers=False)
        kept = st.session_state[f"{panel}-read"] = (key, reading.outcomes)
        st.session_state[f"{panel}-left-out"] = reading.left_out
    for reason, count in st.session_state[f"{panel}-left-out"].items():
        show_text(f"left out, {reason}: {count:,}")
    return kept[1]


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
