from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.notebooks import NOTEBOOKS, executed, written

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.usefixtures("event_loop_of_the_thread")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_offline_and_prints_what_it_shows(path: Path) -> None:
    assert written(executed(path)) == path.read_text("utf-8"), "run: python -m tests.notebooks"


def test_a_cell_sees_the_names_of_those_before_it(tmp_path: Path) -> None:
    """The first cell prints nothing; the second prints 2 in one line."""
    path = tmp_path / "two.ipynb"
    path.write_text(
        '{"cells": [{"cell_type": "code", "source": ["x = 1\\n", "y = x"]},'
        ' {"cell_type": "markdown", "source": ["text"]},'
        ' {"cell_type": "code", "source": ["print(x + y)"]}]}',
        "utf-8",
    )
    first, _, second = executed(path)["cells"]
    assert first["outputs"] == []
    assert second["outputs"][0]["text"] == ["2\n"]
    assert (first["execution_count"], second["execution_count"]) == (1, 2)
