"""Where the model is that a fine-tuned router was made of: no checkpoint may name a repository.

A checkpoint is somebody else's file: were it to say `model: org/name`, loading it would download that. A
folder of this machine is kept, for adapters are of no use without their model; a hub name is not.
"""

from __future__ import annotations

from pathlib import Path

from shared_router.errors import ArtifactSchemaError, InvalidInputError

_DTYPES = (None, "auto", "bfloat16", "float16", "float32")


def base_model(place: str | Path | None) -> str | Path:
    """Return the model to train from.

    Raises:
        InvalidInputError: If there is none, as of a router that was loaded.
    """
    if place is None:
        raise InvalidInputError(
            "a router must be made with the model to train, and one that was loaded has none; make another"
        )
    return place


def folder_to_save(place: str | Path | None) -> str | None:
    """Return a model's folder as a checkpoint may keep it, or None for a hub name."""
    return str(Path(place).absolute()) if place is not None and Path(place).is_dir() else None


def folder_from(saved: object) -> str | None:
    """Return the folder that a checkpoint names, or None where it is not on this machine.

    Args:
        saved: What the checkpoint says.
    """
    if not isinstance(saved, str) or saved.startswith(("//", "\\\\")):  # a network drive is a network
        return None
    folder = Path(saved)
    return saved if folder.is_absolute() and "\0" not in saved and folder.is_dir() else None


def check_dtype(dtype: object) -> None:
    """Check the type that a checkpoint's model is served in.

    Raises:
        ArtifactSchemaError: If it is none.
    """
    if dtype not in _DTYPES:
        raise ArtifactSchemaError(f"dtype must be one of {list(_DTYPES)}")
