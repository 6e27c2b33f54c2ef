"""A checkpoint's card: what a router was made of and what it reaches, under the same pin as its weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from shared_router.checkpoints.config import MAX_CONFIG_BYTES, read_config, read_promised
from shared_router.checkpoints.files import OpenFolder, read_whole
from shared_router.errors import ArtifactCorruptError

CARD = "card.json"


def read_card(folder: str | Path, *, expected_sha256: str | None = None) -> bytes | None:
    """Return a checkpoint's card, or None where it has none.

    A card that the config does not name, such as one written by hand, is read only where no hash is given.

    Args:
        folder: The checkpoint.
        expected_sha256: The hash of `config.json` that the caller trusts, in hex.

    Raises:
        ArtifactError: If the checkpoint is missing or damaged, or the card is not the one that is pinned.
    """

    def read(opened: OpenFolder) -> bytes | None:
        config = read_config(opened, expected_sha256)
        if CARD in config["files"]:
            return bytes(read_promised(opened, config, CARD))
        if not opened.holds(CARD):
            return None
        if expected_sha256 is not None:
            raise ArtifactCorruptError(
                f"{CARD} must be named in config.json to be under its hash, and is not; add it with add_card"
            )
        return bytes(opened.read(CARD, MAX_CONFIG_BYTES))

    return read_whole(folder, read)


def add_card(folder: str | Path, card: bytes) -> str:
    """Put a card into a checkpoint, or another in its place, and return the hash that pins both."""
    from shared_router.checkpoints.artifact import load_artifact, save_artifact

    artifact = load_artifact(folder)
    return save_artifact(folder, replace(artifact, files={**artifact.files, CARD: card}), overwrite=True)
