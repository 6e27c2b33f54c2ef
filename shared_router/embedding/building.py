"""Transformers made of configs that were checked: no code, no repository, nothing larger than the weights.

`from_pretrained` alone does what a folder's config says: it fetches kernels that the config names, loads a
quantiser's package, follows an adapter to the model it names. Here the config is read and checked first,
the attention implementation is this project's choice, and a model is compared with its weights before it
takes memory.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared_router.checkpoints.model_config import checked_model_config, needed_keys
from shared_router.checkpoints.tokenizer import MAX_TOKENIZER_BYTES, TOKENIZER, check_tokenizer
from shared_router.errors import ArtifactSchemaError, RouterError

if TYPE_CHECKING:
    import torch

_MAX_CONFIG_BYTES = 1 << 20
_MAX_HEADER_BYTES = 8 << 20
_SPARE_IDS = 4096
"""How many ids a model's own tokenizer may have that the model lacks: some have tokens nobody ever puts."""


def config_from(
    model: str | Path,
    model_types: Collection[str],
    *,
    num_labels: int | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
    **hub: Any,
) -> Any:
    """Return a model's config, made of nothing but the keys that its architecture needs.

    Args:
        model: A folder, or a hub name.
        model_types: The architectures that the caller can serve.
        num_labels: A classification head's outputs; None has none.
        shapes: The shapes of the weights, by name; None reads those of a folder's safetensors.
        **hub: `revision` and `local_files_only`, for a hub name.

    Raises:
        ArtifactSchemaError: If the config names code, a repository or another model, is of another
            architecture, or is larger than the folder's weights; also where its tokenizer is.
        ValueError: If a file cannot be parsed, like what else is raised then (`reading` says so better).
        OSError: If it is not there.
    """
    folder = Path(model)
    if os.path.isdir(folder):
        raw = json.loads(_read_bounded(folder / "config.json", _MAX_CONFIG_BYTES))
        shapes = _shapes_in(folder) if shapes is None else shapes
        if (folder / "adapter_config.json").exists():
            raise ArtifactSchemaError(f"{folder.absolute()} must be a model, and it is an adapter of another")
    else:
        from transformers import PretrainedConfig

        raw, _ = PretrainedConfig.get_config_dict(str(model), **hub)
        _refuse_adapter(str(model), hub)
    labels = {} if num_labels is None else {"num_labels": num_labels}
    needed = needed_keys({**raw, **labels}, _defaults(raw, model_types))
    checked = checked_model_config(needed, model_types, shapes)
    if os.path.isdir(folder) and (folder / TOKENIZER).is_file() and "vocab_size" in checked:
        content = _read_bounded(folder / TOKENIZER, MAX_TOKENIZER_BYTES)
        check_tokenizer(content, n_ids=checked["vocab_size"] + _SPARE_IDS)
    return make_config(checked)


def make_config(checked: Mapping[str, Any]) -> Any:
    """Make transformers' config of one that was checked.

    Raises:
        ArtifactSchemaError: If transformers refuses it.
    """
    from transformers import AutoConfig

    with building():
        return AutoConfig.for_model(**checked)


def checked_keys(config: Any, model_types: Collection[str]) -> dict[str, Any]:
    """Return what makes a config again, as a checkpoint keeps it."""
    written = json.loads(config.to_json_string(use_diff=False))
    needed = needed_keys({**written, "num_labels": config.num_labels}, _defaults(written, model_types))
    return checked_model_config(needed, model_types, None)


def attention_for(auto: Any, config: Any) -> str:
    """Return the attention implementation to build with: torch's where the architecture has it.

    Args:
        auto: The auto class that builds.
        config: The config.
    """
    return "sdpa" if getattr(auto._model_mapping[type(config)], "_supports_sdpa", False) else "eager"


def built(
    auto: Any, config: Any, shapes: Mapping[str, Sequence[int]], *, exactly: bool = True, **options: Any
) -> Any:
    """Build a model whose weights are to be replaced, if they are those that there are.

    Args:
        auto: The auto class that builds.
        config: The config.
        shapes: The shapes of the weights that will replace the model's, by name.
        exactly: Whether there may be no others.
        **options: Of `from_config`.

    Raises:
        ArtifactSchemaError: If the config makes no model, or one of other weights.
    """
    import torch

    options = {"trust_remote_code": False, "attn_implementation": attention_for(auto, config), **options}
    with building():
        with torch.device("meta"):  # shapes without memory
            outline: torch.nn.Module = auto.from_config(config, **options)
        expected = {name: tuple(tensor.shape) for name, tensor in outline.state_dict().items()}
        needed = {name for name, _ in outline.named_parameters()}
    wrong = sorted(
        name
        for name in {*(shapes if exactly else needed), *needed}
        if name not in expected or name not in shapes or tuple(shapes[name]) != expected[name]
    )
    if wrong:
        raise ArtifactSchemaError(
            "a checkpoint must hold every weight of its config's model, got none or another shape "
            f"for {wrong[:5]}"
        )
    with building():
        return auto.from_config(config, **options)


def longest_text(tokenizer: Any, most: int) -> int:
    """Return how many tokens of a text are read, where a tokenizer's files may say anything.

    Args:
        tokenizer: A tokenizer of transformers.
        most: How many at most.
    """
    says = tokenizer.model_max_length
    return min(most, int(says)) if type(says) in (int, float) and says >= 1 else most


@contextmanager
def building() -> Iterator[None]:
    """Say in this project's errors that a config makes no model.

    Raises:
        ArtifactSchemaError: In the place of what torch and transformers raise.
    """
    from huggingface_hub import errors

    strict = getattr(errors, "StrictDataclassError", ValueError)  # since huggingface_hub 0.32
    try:
        yield
    except RouterError:
        raise
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        ImportError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
        strict,
    ) as error:
        raise ArtifactSchemaError("a model's config must make a model, and its values do not") from error


def _defaults(raw: Mapping[str, Any], model_types: Collection[str]) -> Mapping[str, Any]:
    from transformers import AutoConfig

    kind = raw.get("model_type") if isinstance(raw, Mapping) else None
    if not isinstance(kind, str) or kind not in model_types:
        raise ArtifactSchemaError(f"a model's config must be of a type among {sorted(model_types)}")
    defaults: Mapping[str, Any] = AutoConfig.for_model(kind).to_dict()
    return defaults


def _refuse_adapter(model: str, hub: Mapping[str, Any]) -> None:
    utils: Any = import_module("transformers.utils")
    if utils.find_adapter_config_file(model, **hub) is not None:
        raise ArtifactSchemaError(f"{model} must be a model, and it is an adapter of another")


def _shapes_in(folder: Path) -> dict[str, Sequence[int]] | None:
    """Return the shapes that a folder's safetensors say, by name, without reading the tensors."""
    shapes: dict[str, Sequence[int]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length) if length <= _MAX_HEADER_BYTES else b"")
        shapes |= {name: entry["shape"] for name, entry in header.items() if name != "__metadata__"}
    if not all(type(size) is int for shape in shapes.values() for size in shape):
        raise ValueError("a shape must be whole numbers")
    return shapes or None


def _read_bounded(path: Path, most_bytes: int) -> bytes:
    with path.open("rb") as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise ArtifactSchemaError(f"{path.name} must be at most {most_bytes} bytes")
    return content
