"""Uploads, past the browser's own limit."""

import gzip

import pytest

pytest.importorskip("streamlit", reason="the extra playground needs Python 3.11")

from streamlit.proto.Common_pb2 import FileURLs
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

from shared_router import DataError
from shared_router.playground.uploads import as_file, plain_name


def upload(name: str, content: bytes) -> UploadedFile:
    return UploadedFile(UploadedFileRec("1", name, "text/csv", content), FileURLs())


def test_an_upload_is_a_file_as_long_as_it_is_read_and_gone_after() -> None:
    with as_file(upload("a.csv", b"x")) as file:
        assert file.read_bytes() == b"x"
        assert file.name == "a.csv"
    assert not file.parent.exists()


def test_an_upload_that_is_too_large_is_refused_with_the_limit() -> None:
    with (
        pytest.raises(DataError, match="may have 100 MB"),
        as_file(upload("a.csv", bytes(100 * 1024 * 1024 + 1))),
    ):
        pass


def test_an_upload_that_unpacks_to_too_much_is_refused_with_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared_router.playground.uploads.MAX_UNPACKED_MB", 2)
    with as_file(upload("a.csv.gz", gzip.compress(bytes(2 * 1024 * 1024)))):
        pass
    with (
        pytest.raises(DataError, match="may have 2 MB when it is unpacked, got more"),
        as_file(upload("a.csv.gz", gzip.compress(bytes(2 * 1024 * 1024 + 1)))),
    ):
        pass


def test_a_damaged_upload_is_left_to_its_reader() -> None:
    with as_file(upload("a.csv.gz", gzip.compress(b"a,b")[:-4])) as file:
        assert file.exists()


@pytest.mark.parametrize(
    ("given", "kept"),
    [("../../etc/a.csv", "a.csv"), ("C:\\a\\b.csv", "b.csv"), ("\0a.csv", "a.csv"), ("..", "upload")],
)
def test_a_files_name_leads_to_no_other_folder(given: str, kept: str) -> None:
    assert plain_name(given) == kept
