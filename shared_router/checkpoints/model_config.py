"""A transformer's config as data: only keys that its architecture needs, and nothing larger than the weights.

A config of transformers can name code (`auto_map`), a repository's kernels (`_attn_implementation`), a
quantiser's package (`quantization_config`) or another model, and it can ask for more memory than there is.
So a config is taken apart here: keys that are not in `model_keys` are refused or left out, and sizes must be
those of the tensors that are there. Left out: architectures that transformers cannot build of such values.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from shared_router.checkpoints.model_keys import (
    CHOICES,
    COUNTS,
    EMBEDDED,
    ENCODERS,
    FALSE,
    FLAGS,
    LAYERS,
    LISTS,
    NUMBERS,
    ROPE_NUMBERS,
    ROPE_TYPES,
    TOKENS,
    UNUSED,
    WIDTHS,
)
from shared_router.errors import ArtifactSchemaError

_MAX_COUNT = 1 << 24
_MAX_LABELS = 64
_SMALL = 8192
_MAX_NUMBER = 1e12
_ROPE = ("rope_parameters", "rope_scaling")
_QUANTIZED = ("compression_config", "quantization_config")


def checked_model_config(
    config: object, model_types: Collection[str], shapes: Mapping[str, Sequence[int]] | None
) -> dict[str, Any]:
    """Return a config whose every key is one that is needed and whose every value is of its kind.

    Args:
        config: What a checkpoint says, parsed from JSON; with no other keys than those needed.
        model_types: The architectures that the caller can serve.
        shapes: Each tensor's shape, by name, of the weights that go with it; None where they are elsewhere.

    Returns:
        The config, safe to build of: it names no code and no repository, and where `shapes` are given
        nothing in it is larger than the tensors are.

    Raises:
        ArtifactSchemaError: If a key or a value is another.
    """
    if not isinstance(config, Mapping):
        raise ArtifactSchemaError(f"a model's config must be an object, got {type(config).__name__}")
    if not isinstance(config.get("model_type"), str) or config["model_type"] not in model_types:
        raise ArtifactSchemaError(f"a model's config must be of a type among {sorted(model_types)}")
    for key, value in config.items():
        if key != "model_type" and not _fits(key, value):
            raise ArtifactSchemaError(
                f"a model's config must have the keys that its architecture needs, each with a value of its "
                f"kind, and {key[:64]!r} is none or has none"
            )
    vocabulary, padding = config.get("vocab_size"), config.get("pad_token_id")
    if vocabulary is not None and padding is not None and padding >= vocabulary:
        raise ArtifactSchemaError("pad_token_id must be below vocab_size")
    if shapes is not None:
        _check_sizes(config, shapes)
    return dict(config)


def needed_keys(config: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out of a config what no architecture needs.

    Args:
        config: A config as transformers writes it.
        defaults: What transformers takes where a config says nothing.

    Raises:
        ArtifactSchemaError: If what would be left out makes another model.
    """
    needed = {key: value for key, value in config.items() if key == "model_type" or is_needed(key)}
    lost = sorted(
        key
        for key, value in config.items()
        if key in _QUANTIZED
        or (key not in needed and key not in UNUSED and key in defaults and defaults[key] != value)
    )
    if lost:
        raise ArtifactSchemaError(
            f"a model's config must be made of its architecture's settings, and {lost[:5]} are none that "
            "this release knows; use a model without them"
        )
    return needed


def is_needed(key: str) -> bool:
    """Tell whether a key says something about an architecture."""
    kinds = (WIDTHS, LAYERS, COUNTS, TOKENS, NUMBERS, FLAGS, FALSE, CHOICES, LISTS, _ROPE)
    return any(key in kind for kind in kinds)


def _fits(key: str, value: Any) -> bool:
    if key in CHOICES:
        return value is None or (isinstance(value, str) and value in CHOICES[key])
    if key in FLAGS:
        return value is None or isinstance(value, bool)
    if key in FALSE:
        return value is False
    if key == "num_labels":
        return type(value) is int and 1 <= value <= _MAX_LABELS
    if key in WIDTHS or key in LAYERS:
        return value is None or (type(value) is int and 1 <= value <= _MAX_COUNT)
    if key in TOKENS:
        ids = value if isinstance(value, list) and len(value) <= _MAX_LABELS else [value]
        return all(each is None or (type(each) is int and 0 <= each < _MAX_COUNT) for each in ids) and (
            key != "pad_token_id" or not isinstance(value, list)
        )
    if key in COUNTS:
        return value is None or (_is_number(value) and -1 <= value <= _MAX_COUNT)
    if key in NUMBERS:
        return value is None or _is_number(value)
    if key in LISTS:
        parts = value.split("|") if isinstance(value, str) else value
        return parts is None or (
            isinstance(parts, list)
            and len(parts) <= _MAX_COUNT >> 12
            and all(type(part) in (str, int) and part in LISTS[key] for part in parts)
        )
    return key in _ROPE and _is_rope(value)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and abs(value) <= _MAX_NUMBER


def _is_rope(value: object, *, nested: bool = True) -> bool:
    if value is None:
        return True
    if not isinstance(value, Mapping):
        return False
    return all(
        (key in ROPE_NUMBERS and (each is None or _is_number(each)))
        or (key in ("rope_type", "type") and isinstance(each, str) and each in ROPE_TYPES)
        or (key in ("long_factor", "short_factor") and _is_factors(each))
        or (nested and key in LISTS["layer_types"] and _is_rope(each, nested=False))
        for key, each in value.items()
    )


def _is_factors(value: object) -> bool:
    return isinstance(value, list) and len(value) <= 1024 and all(map(_is_number, value))


def _check_sizes(config: Mapping[str, Any], shapes: Mapping[str, Sequence[int]]) -> None:
    """Refuse a model that is larger than its tensors, before anything of it is made."""
    sizes = {size for shape in shapes.values() for size in shape}
    widest = max((size for shape in shapes.values() for size in shape), default=0)
    deepest = 1 + max(
        (int(number) for name in shapes for number in re.findall(r"\.(\d{1,6})\.", name)), default=-1
    )
    for key, value in config.items():
        limit = widest if key in WIDTHS else deepest if key in LAYERS else None
        if limit is not None and value is not None and value > limit:
            raise ArtifactSchemaError(
                "a checkpoint must hold every weight of its config's model, got a config whose "
                f"{key} is {value} and tensors for at most {limit}"
            )
    for key in EMBEDDED:
        # what is small costs little where an architecture makes no tensor of it
        if (config.get(key) or 0) > _SMALL and config[key] not in sizes and config["model_type"] in ENCODERS:
            raise ArtifactSchemaError(
                f"a checkpoint must hold every weight of its config's model, got a config whose {key} is "
                f"{config[key]} and no tensor of that size"
            )
