"""A torch module's weights as plain arrays, and back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import shown
from shared_router.errors import ArtifactSchemaError, InvalidInputError, MissingExtraError

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

M = TypeVar("M", bound="torch.nn.Module")


def require_transformers() -> None:
    """Say which extra brings torch and transformers, where one of them is missing.

    Raises:
        MissingExtraError: If one cannot be imported.
    """
    try:
        import torch  # noqa: F401
        import transformers  # noqa: F401
    except ImportError as error:
        raise MissingExtraError.of(error.name or "torch", "torch") from error


def placed(module: M, device: str | torch.device | None) -> M:
    """Return a module on a device; None is the CPU.

    Raises:
        InvalidInputError: If torch knows no such device, or it is not there.
    """
    import torch

    try:
        torch.zeros(1, device=device or "cpu")
    except (AssertionError, RuntimeError) as error:  # torch asserts that it was built for it
        raise InvalidInputError(
            f"device must be one that torch has on this machine, got {shown(str(device))}; None is the CPU"
        ) from error
    return module.to(device or "cpu")


def backend_of(tokenizer: Any) -> Tokenizer:
    """Return the `tokenizers` tokenizer inside a transformers tokenizer.

    Raises:
        InvalidInputError: If there is none.
    """
    backend: Tokenizer | None = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise InvalidInputError(
            f"a transformer's tokenizer must be a fast one, got {type(tokenizer).__name__}; "
            "save a tokenizer.json beside it"
        )
    return backend


def tensors_of(module: torch.nn.Module, *, only: Collection[str] | None = None) -> dict[str, NDArray[Any]]:
    """Return a module's weights by name; of weights that are one tensor (tied), the first name.

    Half precision becomes float32, since numpy has no bfloat16.

    Args:
        module: The module.
        only: The names to return; None for all.
    """
    found: dict[str, NDArray[Any]] = {}
    seen: set[int] = set()
    for name, tensor in module.state_dict().items():
        if tensor.data_ptr() in seen or not (only is None or name in only):
            continue
        seen.add(tensor.data_ptr())
        tensor = tensor.detach().cpu()
        found[name] = (tensor.float() if tensor.is_floating_point() else tensor).numpy()
    return found


def load_tensors(
    module: torch.nn.Module, tensors: Mapping[str, NDArray[Any]], *, only: Collection[str] | None = None
) -> None:
    """Copy arrays into a module, which must have exactly these names and shapes.

    Args:
        module: The module.
        tensors: What `tensors_of` returned, with the same `only`.
        only: The names to load; None for all.

    Raises:
        ArtifactSchemaError: If a name or a shape differs.
    """
    import torch

    own = tensors_of(module, only=only)
    differing = {
        name
        for name in {*own, *tensors}
        if name not in own or name not in tensors or own[name].shape != tensors[name].shape
    }
    if differing:
        raise ArtifactSchemaError(
            "the tensors must be those of the model that the settings name, got other names or shapes for "
            f"{sorted(differing)[:5]}"
        )
    state = module.state_dict()
    with torch.no_grad():
        for name, tensor in tensors.items():
            state[name].copy_(torch.from_numpy(np.array(tensor)))


def refuse_missing(loading_info: Mapping[str, Any]) -> None:
    """Refuse a model that was loaded without all of its weights: the others were drawn at random.

    Args:
        loading_info: What `from_pretrained` returns with `output_loading_info=True`.

    Raises:
        ArtifactSchemaError: If a weight is missing or has another shape.
    """
    mismatched = (key[0] if isinstance(key, tuple) else key for key in loading_info["mismatched_keys"])
    wrong = sorted({*loading_info["missing_keys"], *mismatched})
    if wrong:
        raise ArtifactSchemaError(
            "a checkpoint must hold every weight of its config's model, got none or another shape for "
            f"{wrong[:5]}"
        )
