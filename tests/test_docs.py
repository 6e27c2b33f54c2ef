from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pytest_socket import disable_socket, enable_socket

from tests.benchmarks.figures import PAGES, rendered
from tests.docs_blocks import python_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[1]
_PAGES = [_ROOT / "README.md", *sorted((_ROOT / "docs").glob("**/*.md"))]


@pytest.fixture
def no_network() -> Iterator[None]:
    disable_socket(allow_unix_socket=True)  # an event loop's own pair of sockets is no network
    yield
    enable_socket()


@pytest.mark.usefixtures("no_network", "event_loop_of_the_thread")
# LlamaIndex's workflows look at every attribute of an agent, pydantic's deprecated ones too
@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")
@pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(_ROOT)))
def test_every_python_block_runs_as_it_stands(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page's blocks share a namespace, as a reader who types them in does; nothing reaches the network."""
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for block in python_blocks(page):
        if block.run:
            block.execute(namespace)


_PAGE = """\
# Title
```python
x = 1
```
```python no-run
raise SystemExit
```
```sh
python -m shared_router
```
- item
  ~~~py
  if x:
      y = "```"
  ~~~
````markdown
```python
not code
```
````
"""


def test_blocks_are_found_with_their_lines_and_marks(tmp_path: Path) -> None:
    """`x = 1` is line 3; the unrun block starts in line 6; the indented one, in line 13, loses 2 spaces; a
    block quoted inside another fence is none."""
    page = tmp_path / "page.md"
    page.write_text(_PAGE, "utf-8")
    found = [(block.line, block.code, block.run) for block in python_blocks(page)]
    assert found == [
        (3, "x = 1\n", True),
        (6, "raise SystemExit\n", False),
        (13, 'if x:\n    y = "```"\n', True),
    ]


def test_a_block_that_fails_names_its_line_in_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("text\n\n```python\na = 1\nb = a / 0\n```\n", "utf-8")
    (block,) = python_blocks(page)
    with pytest.raises(ZeroDivisionError) as caught:
        block.execute({})
    assert caught.traceback[-1].lineno == 4  # counted from 0: line 5 of the page
    assert str(caught.traceback[-1].path) == str(page)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_figure_in_the_docs_is_the_one_a_script_wrote(page: Path) -> None:
    text = page.read_text("utf-8")
    assert rendered(text) == text, "run: python -m tests.benchmarks.figures"
