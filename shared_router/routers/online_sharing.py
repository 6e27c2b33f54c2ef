"""What several processes learn, added up in one checkpoint's folder, one process at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared_router.checkpoints.artifact import load_artifact
from shared_router.errors import ArtifactMismatchError, ArtifactWriteError
from shared_router.learners.running_regression import Sums
from shared_router.routers.online_head import sums_of

if TYPE_CHECKING:
    from shared_router.routers.online import OnlineRouter

try:
    import fcntl
except ImportError:  # Windows: one process alone may share a folder
    fcntl = None  # type: ignore[assignment]


@contextmanager
def alone_at(folder: str | Path) -> Iterator[None]:
    """Wait until no other process is at a folder, and keep others from it for a `with` block.

    The lock is a file of its own beside the folder, `<folder>.lock`, that stays; a process that dies lets go
    of it.

    Raises:
        ArtifactWriteError: If there is no room or no permission for it.
    """
    if fcntl is None:
        yield
        return
    path = f"{os.path.abspath(folder)}.lock"
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ArtifactWriteError(
            f"what is shared must be where files can be written, and {path} is not: {error.strerror}"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def share_sums(router: OnlineRouter, folder: str | Path) -> None:
    """Add what a router has learned since the last time to the checkpoint that processes share.

    Args:
        router: The router, which then knows what all have learned.
        folder: The checkpoint; see `OnlineRouter.share`, also for what is raised.
    """
    regression = router._head.regression
    with alone_at(folder):
        stored = _stored(folder, _alike(router))
        with router._lock:
            told, kept = router._n_told, regression.sums
            fading = regression.fading(told - router._n_shared)
            new = regression.take_new()
            regression.set_sums(regression.sums if stored is None else stored.faded(fading) + new)
        try:
            router.save(folder, overwrite=True)
        except BaseException:
            with router._lock:  # what others learned is read again the next time
                since = regression.new
                regression.set_sums(kept + since)
                regression.new = new + since
            raise
        router._n_shared = told


def _alike(router: OnlineRouter) -> dict[str, Any]:
    """Return what two routers must have alike for their sums to be added."""
    names = ("strong", "weak", "trim", "memory", "most_share")
    return {**{name: getattr(router, name) for name in names}, "scale": router._reader.scale.as_list()}


def _stored(folder: str | Path, settings: Mapping[str, Any]) -> Sums | None:
    """Return the sums in a checkpoint, or None where there is none.

    Raises:
        ArtifactMismatchError: If its router has other settings than these.
        ArtifactError: If it is damaged.
    """
    if not os.path.lexists(folder):
        return None
    artifact = load_artifact(folder)
    found = {name: artifact.settings.get(name) for name in settings}
    found["scale"] = artifact.settings.get("reader", {}).get("scale")
    if artifact.kind != "router/online" or found != settings:
        other = [name for name in settings if found[name] != settings[name]]
        raise ArtifactMismatchError(
            f"a shared checkpoint must be of an online router with the same settings, and {folder} is of "
            f"{artifact.kind} with other {other}; give all processes the same router"
        )
    return sums_of(artifact.tensors, artifact.settings["count"])
