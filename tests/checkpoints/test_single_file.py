"""checkpoints/single_file.py: a small file is the old one or the new one."""

import os
from pathlib import Path
from typing import Any

import pytest

from shared_router import (
    ArtifactCorruptError,
    ArtifactExistsError,
    ArtifactNotFoundError,
    ArtifactSchemaError,
)
from shared_router.checkpoints.single_file import read_file, write_file
from shared_router.errors import ArtifactWriteError, InvalidInputError


def test_what_was_written_is_read_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    write_file(tmp_path / "below" / "a.json", b"one", overwrite=False)
    assert read_file(tmp_path / "below" / "a.json", 3) == b"one"
    assert os.listdir(tmp_path / "below") == ["a.json"]


def test_a_file_is_replaced_only_when_asked_and_a_folder_never(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_file(path, b"one", overwrite=False)
    with pytest.raises(ArtifactExistsError, match="replaced only when asked"):
        write_file(path, b"two", overwrite=False)
    write_file(path, b"two", overwrite=True)
    assert read_file(path, 9) == b"two"
    with pytest.raises(ArtifactExistsError, match="is a folder"):
        write_file(tmp_path, b"two", overwrite=True)


def test_a_link_is_followed_as_mounted_settings_need(tmp_path: Path) -> None:
    write_file(tmp_path / "data" / "a.json", b"one", overwrite=False)
    (tmp_path / "a.json").symlink_to(tmp_path / "data" / "a.json")
    assert read_file(tmp_path / "a.json", 9) == b"one"
    write_file(tmp_path / "a.json", b"two", overwrite=True)
    assert (tmp_path / "a.json").is_symlink()
    assert read_file(tmp_path / "data" / "a.json", 9) == b"two"


def test_what_is_no_small_regular_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"123456789")
    with pytest.raises(ArtifactCorruptError, match="at most 8 bytes"):
        read_file(tmp_path / "long", 8)
    with pytest.raises(ArtifactNotFoundError, match="must be there"):
        read_file(tmp_path / "none", 8)
    with pytest.raises(ArtifactSchemaError, match="regular file"):
        read_file(tmp_path, 8)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ArtifactSchemaError, match="regular file"):
        read_file(tmp_path / "pipe", 8)


@pytest.mark.skipif(os.getuid() == 0, reason="the superuser may write anywhere")
def test_where_nobody_may_write_nothing_is_left(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ArtifactWriteError, match="permission"):
        write_file(tmp_path / "a.json", b"one", overwrite=False)
    tmp_path.chmod(0o700)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("path", [3, None, b"a.json", "a\0b"])
def test_what_is_no_path_is_refused(path: Any) -> None:
    with pytest.raises(InvalidInputError, match="given by its path"):
        read_file(path, 8)
    with pytest.raises(InvalidInputError, match="given by its path"):
        write_file(path, b"", overwrite=True)
