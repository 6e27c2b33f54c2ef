"""Which router a typed text means."""

from pathlib import Path

import pytest

pytest.importorskip("streamlit", reason="the extra playground needs Python 3.11")

from shared_router.playground.routers import short_name, typed_path


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("static-v2", "static-v2"),
        (" /a/b ", "/a/b"),
        ('"/a/b c"', "/a/b c"),
        ("'/a/b'", "/a/b"),
        ('"', '"'),
        ("", ""),
        ("~/routers", str(Path.home() / "routers")),
    ],
)
def test_a_path_is_taken_as_it_was_meant(typed: str, meant: str) -> None:
    assert typed_path(typed) == meant


@pytest.mark.parametrize(
    ("name", "short"), [("static-v2", "static-v2"), ("/home/me/routers/v3", "v3"), ("/", "/")]
)
def test_a_folder_is_called_by_its_last_part(name: str, short: str) -> None:
    assert short_name(name) == short
