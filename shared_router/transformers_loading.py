"""How encoders are loaded from transformers: without its reports, and without layers that are not run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from shared_router.errors import InvalidInputError


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
