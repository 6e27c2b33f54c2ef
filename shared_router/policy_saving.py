"""A policy's file, made of a policy and read for one: the router it names is the router that is there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

from shared_router.checkpoints.files import check_pin
from shared_router.checkpoints.single_file import read_file, write_file
from shared_router.errors import ArtifactMismatchError, InvalidInputError, UnknownNameError
from shared_router.policy_file import MAX_POLICY_BYTES, PolicyFile
from shared_router.registry import router_names, saved_config
from shared_router.router import Router
from shared_router.source import RouterSource
from shared_router.thresholds import PolicyThreshold


class Over(NamedTuple):
    """The router that a policy file is over, as `RoutingPolicy` takes it.

    Attributes:
        router: A router, or the name or folder of one.
        sha256: The pin of its checkpoint, where it is a folder that may yet change.
    """

    router: Router | str
    sha256: str | None


def policy_file(
    path: str | Path,
    source: RouterSource,
    threshold: PolicyThreshold,
    *,
    models: tuple[str, ...],
    rules: Mapping[str, Any],
) -> PolicyFile:
    """Return what a policy's file says.

    Args:
        path: Where it is to stand: a router's folder below it is named from there.
        source: The policy's router.
        threshold: The policy's threshold; one that was read from a file says what that file said.
        models: The policy's models, best first.
        rules: The policy's other arguments.
    """
    router = _name_from(path, source)
    if threshold.file is not None:
        return replace(threshold.file, router=router, router_sha256=source.sha256, rules=rules)
    choice, known = threshold.choice, source.quantiles
    scores = known if choice is None or choice.quantiles is None else choice.quantiles
    value = threshold.value
    share = threshold.strong_fraction
    if share is None and known is not None:
        share = known.strong_fraction(value)
    return PolicyFile(
        router=router,
        router_sha256=source.sha256,
        models=models,
        threshold=value,
        strong_fraction=share if choice is None else choice.strong_fraction,
        method=threshold.method,
        n=(0 if scores is None else scores.n_queries) if choice is None else choice.n,
        confidence=None if choice is None else choice.confidence,
        made=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        rules=rules,
        scores=scores,
        choice=choice,
    )


def write_policy(path: str | Path, file: PolicyFile, *, overwrite: bool) -> str:
    """Write a policy file, whole or not at all, and return the SHA-256 that pins it."""
    content = file.as_bytes()
    if len(content) > MAX_POLICY_BYTES:
        raise InvalidInputError(
            f"a policy file must be at most {MAX_POLICY_BYTES} bytes, got {len(content)}; shorten the "
            "choice's notes and assumptions"
        )
    PolicyFile.from_bytes(content)  # refuses what no reader would take
    write_file(path, content, overwrite=overwrite)
    return hashlib.sha256(content).hexdigest()


def read_policy(
    path: str | Path,
    *,
    router: Router | str | Path | None,
    models: tuple[str, ...],
    expected_sha256: str | None,
) -> tuple[PolicyFile, Over]:
    """Return what a policy file says, and the router that it was made for.

    Raises:
        ArtifactError: If there is none, it is damaged, or it was made for another router or other models.
        UnknownNameError: If the router is not where the file says and none is given.
    """
    content = read_file(path, MAX_POLICY_BYTES)
    check_pin(os.path.basename(path), content, expected_sha256)
    file = PolicyFile.from_bytes(content)
    if file.models != models:
        raise ArtifactMismatchError(
            f"a policy must decide between the models it was made for, and {path} was made for "
            f"{list(file.models)}, got {list(models)}"
        )
    given = _router_named(path, file) if router is None else router
    given = os.fspath(given) if isinstance(given, os.PathLike) else given
    if isinstance(given, Router):
        name, sha256 = given.name, given.checkpoint_sha256
    else:
        name, sha256 = str(given), saved_config(given).sha256
    # one without a checkpoint is known by its name alone
    same = sha256 == file.router_sha256 if None not in (sha256, file.router_sha256) else name == file.router
    if not same:
        raise ArtifactMismatchError(
            f"a policy must go with the router it was made for, and {path} was made for {file.router} "
            f"(SHA-256 {file.router_sha256}), got {name} (SHA-256 {sha256}); give that router, or make the "
            "policy anew with routellm calibrate"
        )
    pinned = not isinstance(given, Router) and given not in router_names()
    return file, Over(given, sha256 if pinned else None)


def _name_from(path: str | Path, source: RouterSource) -> str:
    """Return a router's name; a folder's as it is found from the policy file."""
    if not source.named or source.name in router_names():
        return source.name
    folder, beside = Path(os.path.realpath(source.name)), Path(os.path.realpath(path)).parent
    return folder.relative_to(beside).as_posix() if folder.is_relative_to(beside) else str(folder)


def _router_named(path: str | Path, file: PolicyFile) -> str:
    """Return the shipped router, or the folder, that a policy file names."""
    if file.router in router_names():
        return file.router
    for shipped in router_names():  # it may have been given as an object
        if saved_config(shipped).sha256 == file.router_sha256:
            return shipped
    folder = os.path.join(os.path.dirname(os.path.realpath(path)), file.router)
    if not os.path.isdir(folder):
        raise UnknownNameError(
            f"a policy's router must be there, and {path} names {file.router!r}, which is no shipped router "
            "and no folder; give router="
        )
    return folder
