"""The example notebooks: run as they stand, without a kernel, and kept with what they print.

A notebook's cells share a namespace and run in its own folder, as Jupyter runs them. What a cell prints is
its one output; nothing here draws.

Run: python -m tests.notebooks    (writes what the cells print into the notebooks)
"""

from __future__ import annotations

import json
import os
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[1] / "docs" / "notebooks"
NOTEBOOKS = tuple(sorted(EXAMPLES.glob("*.ipynb")))


def executed(path: Path) -> dict[str, Any]:
    """Return a notebook with the outputs that its cells have now."""
    notebook: dict[str, Any] = json.loads(path.read_text("utf-8"))
    namespace: dict[str, Any] = {"__name__": "__main__"}
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        for number, cell in enumerate(_code(notebook), 1):
            printed = StringIO()
            with redirect_stdout(printed):
                exec(compile("".join(cell["source"]), f"{path.name}, cell {number}", "exec"), namespace)
            lines = printed.getvalue().splitlines(keepends=True)
            cell["execution_count"] = number
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": lines}] if lines else []
    finally:
        os.chdir(before)
    return notebook


def written(notebook: dict[str, Any]) -> str:
    """Return a notebook's file."""
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write what the cells print into every notebook."""
    for path in NOTEBOOKS:
        path.write_text(written(executed(path)), "utf-8")


def _code(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


if __name__ == "__main__":
    main()
