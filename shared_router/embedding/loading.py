"""How encoders are loaded from transformers: without its reports, and without layers that are not run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from shared_router.checkpoints.tokenizer import tokenizing
from shared_router.errors import (
    ArtifactCorruptError,
    ArtifactNotFoundError,
    InvalidInputError,
    RouterError,
)


def cut_layers(config: Any, layers: int | None) -> None:
    """Leave out of an encoder's config the layers that are not run, so that they are not read either.

    Args:
        config: A transformers config; changed in place.
        layers: How many layers to run; None runs all.

    Raises:
        InvalidInputError: If the encoder does not have as many.
    """
    if layers is None:
        return
    if not 1 <= layers <= config.num_hidden_layers:
        raise InvalidInputError(
            f"layers must be in [1, {config.num_hidden_layers}], which the encoder has, got {layers}"
        )
    config.num_hidden_layers = layers


def position_count(config: Any) -> int | None:
    """Return how many tokens an encoder reads at most, or None where its config sets no bound."""
    positions: int | None = getattr(config, "max_position_embeddings", None)
    # RoBERTa counts positions from the one after the padding token's number
    if positions is not None and ("roberta" in config.model_type or config.model_type == "camembert"):
        positions -= config.pad_token_id + 1
    return positions


@contextmanager
def quietly() -> Iterator[None]:
    """Keep transformers from drawing bars and from reporting weights that are left out on purpose."""
    logs: Any = import_module("transformers.utils.logging")
    shown, verbosity = logs.is_progress_bar_enabled(), logs.get_verbosity()
    logs.disable_progress_bar()
    logs.set_verbosity_error()
    try:
        yield
    finally:
        logs.set_verbosity(verbosity)
        if shown:
            logs.enable_progress_bar()


@contextmanager
def reading(model: str | Path) -> Iterator[None]:
    """Say in this project's errors that transformers could not read a model.

    Args:
        model: Its folder or hub name, for the message.

    Raises:
        ArtifactNotFoundError: If it, or a file it must have, is not there.
        ArtifactCorruptError: If its files are not what transformers can load.
    """
    from huggingface_hub import errors
    from safetensors import SafetensorError

    strict = getattr(errors, "StrictDataclassError", ValueError)  # since huggingface_hub 0.32
    broken = (ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, RuntimeError)
    try:
        with tokenizing():
            yield
    except RouterError:
        raise
    except OSError as error:
        raise ArtifactNotFoundError(
            f"{model} must be a folder, or a hub name, with config.json, safetensors and a tokenizer, and "
            f"could not be had; as a folder it would be {Path(model).absolute()}"
        ) from error
    except (*broken, RecursionError, SafetensorError, TypeError, ValueError, strict) as error:
        raise ArtifactCorruptError(
            f"{model} must be a model and a tokenizer that transformers can load; a file is damaged, missing "
            "or of another release"
        ) from error
