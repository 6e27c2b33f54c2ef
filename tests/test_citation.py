from __future__ import annotations

import re
from pathlib import Path

from shared_router import __version__

_ROOT = Path(__file__).parents[1]


def test_what_is_cited_is_the_version_that_is_here() -> None:
    cited = re.search(r"^version: (.+)$", (_ROOT / "CITATION.cff").read_text("utf-8"), re.MULTILINE)
    assert cited is not None
    assert cited[1] == __version__
