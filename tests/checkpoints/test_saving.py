"""folders.py: a checkpoint is replaced whole, by processes that are really killed, compete and run full."""

import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from shared_router import (
    ArtifactError,
    ArtifactExistsError,
    ArtifactWriteError,
    RouterError,
    StaticEmbedder,
    load_artifact,
    load_published,
    load_router,
    save_artifact,
)
from shared_router.checkpoints.files import PARTIAL
from shared_router.checkpoints.folders import exchange_in_two_moves
from shared_router.routers.random import RandomRouter
from tests.checkpoints.saving import checkpoint

KILLS = 12
SECONDS = 2.0


@contextmanager
def saver(folder: Path, *seeds: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run `tests.checkpoints.saving` until the block ends."""
    command = [sys.executable, "-m", "tests.checkpoints.saving", str(folder), *map(str, seeds)]
    with subprocess.Popen(command) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until_saved(folder: Path) -> None:
    for _ in range(3000):
        if (folder / "config.json").exists():
            return
        time.sleep(0.01)
    pytest.fail("the saver saved nothing")


def seed_of(folder: Path) -> int:
    """Return which checkpoint a folder holds, all of it."""
    loaded = load_artifact(folder)
    seed = int(loaded.settings["seed"])
    expected = checkpoint(seed)
    assert np.array_equal(loaded.tensors["weights"], expected.tensors["weights"])
    assert loaded.files == expected.files
    return seed


def test_a_killed_saver_leaves_the_old_checkpoint_or_the_new_one(tmp_path: Path) -> None:
    """A saver is killed at a random moment of its work, twelve times over."""
    folder = tmp_path / "router"
    moments = random.Random(5)
    for seed in range(KILLS):
        with saver(folder, seed, seed + 1) as process:
            wait_until_saved(folder)
            time.sleep(0.3 + moments.random() * 0.1)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        assert seed_of(folder) in range(KILLS + 1)
    save_artifact(folder, checkpoint(99), overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["router"]  # what killed savers left is gone


def test_two_savers_leave_one_checkpoint_and_a_reader_always_finds_one(tmp_path: Path) -> None:
    folder = tmp_path / "router"
    with saver(folder, 1, 2), saver(folder, 3, 4):
        wait_until_saved(folder)
        found = []
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            found.append(seed_of(folder))
    assert len(set(found)) > 1
    assert seed_of(folder) in (1, 2, 3, 4)


def test_one_of_two_savers_that_may_not_replace_wins(tmp_path: Path) -> None:
    code = (
        "import sys; from shared_router import save_artifact; "
        "from tests.checkpoints.saving import checkpoint; "
        "save_artifact(sys.argv[1], checkpoint(int(sys.argv[2])))"
    )
    folder = tmp_path / "router"
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(folder), str(seed)], stderr=subprocess.PIPE)
        for seed in range(3)
    ]
    errors = [process.communicate()[1].decode() for process in processes]
    assert [process.returncode for process in processes].count(0) == 1
    assert all(error == "" or "ArtifactExistsError" in error for error in errors)
    seed_of(folder)


def test_a_reader_that_has_begun_goes_on_with_what_it_began(tmp_path: Path) -> None:
    """Mapped tensors are the old ones after the folder holds new ones."""
    save_artifact(tmp_path / "router", checkpoint(1))
    mapped = load_artifact(tmp_path / "router", memory_map=True)
    save_artifact(tmp_path / "router", checkpoint(2), overwrite=True)
    assert np.array_equal(mapped.tensors["weights"], checkpoint(1).tensors["weights"])
    assert seed_of(tmp_path / "router") == 2


def test_a_checkpoint_is_replaced_only_when_asked(tmp_path: Path) -> None:
    RandomRouter(1).save(tmp_path)
    with pytest.raises(ArtifactExistsError, match="replaced only when asked, and .* give overwrite=True"):
        RandomRouter(2).save(tmp_path)
    before = load_router(tmp_path).win_probability(["a"])
    assert before == RandomRouter(1).win_probability(["a"])
    RandomRouter(2).save(tmp_path, overwrite=True)
    assert load_router(tmp_path).win_probability(["a"]) == RandomRouter(2).win_probability(["a"])


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    "names",
    [["thesis.docx"], ["config.json"], ["weights.safetensors"], ["config.json", "model.safetensors"]],
)
def test_a_folder_that_holds_anything_else_is_never_replaced(
    tmp_path: Path, names: list[str], overwrite: bool
) -> None:
    for name in names:
        (tmp_path / name).write_text('{"model_type": "bert"}')
    with pytest.raises(ArtifactExistsError, match="must have a folder of its own"):
        RandomRouter().save(tmp_path, overwrite=overwrite)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_a_checkpoint_with_a_file_beside_it_is_not_replaced(tmp_path: Path) -> None:
    RandomRouter().save(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ArtifactExistsError, match=r"holds other files, such as \['notes.txt'\]"):
        RandomRouter().save(tmp_path, overwrite=True)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_file_in_the_place_of_the_folder_is_kept(tmp_path: Path) -> None:
    (tmp_path / "router").write_text("mine")
    with pytest.raises(ArtifactExistsError, match="router is a file"):
        RandomRouter().save(tmp_path / "router", overwrite=True)
    with pytest.raises(ArtifactWriteError, match="must be written where there are room and permission"):
        RandomRouter().save(tmp_path / "router" / "below")
    assert (tmp_path / "router").read_text() == "mine"


def test_a_working_directory_is_not_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArtifactExistsError, match="is a working directory"):
        RandomRouter().save(".")
    RandomRouter().save("router")
    assert load_router("router").name == "random"


def test_a_link_goes_on_leading_to_the_checkpoint_that_is_saved(tmp_path: Path) -> None:
    RandomRouter(1).save(tmp_path / "v1")
    (tmp_path / "latest").symlink_to(tmp_path / "v1")
    RandomRouter(2).save(tmp_path / "latest", overwrite=True)
    assert (tmp_path / "latest").is_symlink()
    assert load_router(tmp_path / "v1").win_probability(["a"]) == RandomRouter(2).win_probability(["a"])


def test_a_folders_permissions_are_those_of_any_new_folder_or_those_it_had(tmp_path: Path) -> None:
    RandomRouter().save(tmp_path / "router")
    (tmp_path / "plain").mkdir()
    assert (tmp_path / "router").stat().st_mode == (tmp_path / "plain").stat().st_mode
    (tmp_path / "router").chmod(0o750)
    RandomRouter().save(tmp_path / "router", overwrite=True)
    assert (tmp_path / "router").stat().st_mode & 0o777 == 0o750


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    """A limit of 100,000 bytes a file stands for the full disk; the weights are twice that."""
    save_artifact(tmp_path / "old", checkpoint(1))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        for folder in (tmp_path / "a" / "b" / "new", tmp_path / "old"):
            with pytest.raises(ArtifactWriteError, match=f"{folder} cannot be: File too large"):
                save_artifact(folder, checkpoint(2), overwrite=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert seed_of(tmp_path / "old") == 1


@pytest.fixture
def drive(tmp_path: Path) -> Iterator[Path]:
    """A drive of 300 kB in memory, where this process may mount one."""
    place = tmp_path / "drive"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("only an administrator may mount a drive")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_drive_without_room_for_a_second_checkpoint_keeps_the_first(drive: Path) -> None:
    save_artifact(drive / "router", checkpoint(1))
    with pytest.raises(ArtifactWriteError, match="No space left on device"):
        save_artifact(drive / "router", checkpoint(2), overwrite=True)
    assert seed_of(drive / "router") == 1
    assert [path.name for path in drive.iterdir()] == ["router"]


def test_a_read_only_drive_is_said_and_a_checkpoint_on_it_is_read(drive: Path) -> None:
    save_artifact(drive / "router", checkpoint(1))
    subprocess.run(["mount", "-o", "remount,ro", str(drive)], check=True)
    for folder in (drive / "router", drive / "other"):
        with pytest.raises(ArtifactWriteError, match="Read-only file system"):
            save_artifact(folder, checkpoint(2), overwrite=True)
    assert seed_of(drive / "router") == 1


def test_a_mounted_drive_itself_cannot_be_exchanged(drive: Path) -> None:
    with pytest.raises(ArtifactExistsError, match="a mounted drive; give a folder in it"):
        save_artifact(drive, checkpoint(1))
    assert list(drive.iterdir()) == []


def test_a_folder_is_replaced_also_where_the_system_exchanges_none(tmp_path: Path) -> None:
    save_artifact(tmp_path / "router", checkpoint(1))
    save_artifact(tmp_path / "new", checkpoint(2))
    exchange_in_two_moves(tmp_path / "new", tmp_path / "router")
    assert seed_of(tmp_path / "router") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["router"]


def test_an_exchange_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    save_artifact(tmp_path / "router", checkpoint(1))
    with pytest.raises(FileNotFoundError):
        exchange_in_two_moves(tmp_path / "none", tmp_path / "router")
    assert seed_of(tmp_path / "router") == 1


def test_a_reader_waits_for_a_folder_that_is_being_replaced(tmp_path: Path) -> None:
    """Between the two moves there is no folder of that name for a moment."""
    save_artifact(tmp_path / "router", checkpoint(1))
    aside = tmp_path / PARTIAL.replace("*", "aside")
    (tmp_path / "router").rename(aside)
    back = threading.Timer(0.1, aside.rename, [tmp_path / "router"])
    back.start()
    assert seed_of(tmp_path / "router") == 1
    back.join()


def test_a_missing_checkpoint_is_named_by_its_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for load in (load_artifact, load_router, RandomRouter.load, StaticEmbedder.load):
        with pytest.raises(RouterError, match=str(tmp_path / "none")):
            load("none")


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "\ud800"])
def test_a_name_that_no_folder_can_have_is_refused_as_any_missing_one(name: str) -> None:
    for load in (load_artifact, load_router, load_published):
        with pytest.raises(RouterError):
            load(name)
    with pytest.raises(ArtifactWriteError):
        RandomRouter().save(name)


def test_every_refusal_to_save_is_an_artifact_error() -> None:
    assert issubclass(ArtifactExistsError, ArtifactError)
    assert issubclass(ArtifactWriteError, (ArtifactError, OSError))
