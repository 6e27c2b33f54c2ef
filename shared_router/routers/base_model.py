"""Where the model is that a fine-tuned router was made of: no checkpoint may name a repository.

A checkpoint is somebody else's file: were it to say `model: org/name`, loading it would download that. A
folder of this machine is kept, for adapters are of no use without their model; a hub name is not.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared_router.errors import ArtifactSchemaError, InvalidInputError
from shared_router.training.instruction import Prompt
from shared_router.training.lora import Lora
from shared_router.training.recipe import FineTuning

DTYPES = (None, "auto", "bfloat16", "float16", "float32")


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
    return str(Path(place).absolute()) if place is not None and os.path.isdir(place) else None


def folder_from(saved: object) -> str | None:
    """Return the folder that a checkpoint names, or None where it is not on this machine.

    Args:
        saved: What the checkpoint says.
    """
    if not isinstance(saved, str) or saved.startswith(("//", "\\\\")):  # a network drive is a network
        return None
    return saved if Path(saved).is_absolute() and os.path.isdir(saved) else None


def arguments_from(settings: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a `CausalLMRouter` that a checkpoint describes.

    Args:
        settings: The checkpoint's.
        given: What the caller says in their place; None says nothing.

    Raises:
        ArtifactSchemaError: If the type to serve in is none.
        KeyError: If a setting is missing, like what else is raised of values that are none.
    """
    arguments = {name: value for name, value in settings.items() if name != "model_config"}
    if arguments["dtype"] not in DTYPES:
        raise ArtifactSchemaError(f"dtype must be one of {list(DTYPES)}")
    arguments["model"] = folder_from(arguments["model"])
    lora = arguments["lora"]
    arguments["lora"] = None if lora is None else Lora(**{**lora, "targets": tuple(lora["targets"])})
    arguments["prompt"] = Prompt(**arguments["prompt"])
    arguments["recipe"] = FineTuning(**arguments["recipe"])
    return arguments | {name: value for name, value in given.items() if value is not None}
