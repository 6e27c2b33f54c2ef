"""The keys and values of a prompt's start, computed once for every query that comes after it.

An instruction is most of a routing prompt, and attention reads it through its keys and values alone, which
no later token changes. Left to whole passes are models whose layers keep something else of a text: windows
that slide, and states in place of a cache.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import DynamicCache
    from typing_extensions import Self

MIN_TOKENS = 8
"""A shorter start is not worth a copy of its keys and values for each row."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """What a language model keeps of the tokens that every prompt starts with.

    Attributes:
        n_tokens: How many they are.
        layers: Each layer's keys and values, of shape (1, heads, n_tokens, width).
        version: What `weights_version` said of the model that they are of.
        argument: What the model calls the argument that they are given as.
    """

    n_tokens: int
    layers: tuple[tuple[torch.Tensor, torch.Tensor], ...]
    version: tuple[tuple[int, int], ...]
    argument: str = ""

    @classmethod
    def of(cls, backbone: Any, ids: Sequence[int]) -> Self:
        """Run a model on the tokens that every prompt starts with.

        Args:
            backbone: A transformer; asked under `torch.inference_mode`.
            ids: The tokens.

        Returns:
            Its keys and values, or those of no token where it keeps something else or they are few.
        """
        import torch
        from transformers import DynamicCache

        version, argument = weights_version(backbone), _cache_argument(backbone)
        if len(ids) < MIN_TOKENS or argument is None:
            return cls(0, (), version)
        tokens = torch.tensor([list(ids)], device=backbone.get_input_embeddings().weight.device)
        cache = DynamicCache(config=backbone.config)
        backbone(input_ids=tokens, use_cache=True, **{argument: cache})
        kept = _keys_and_values(cache, len(ids))
        return cls(len(ids) if kept else 0, kept, version, argument)

    def inputs(self, padded: dict[str, Any]) -> dict[str, Any]:
        """Return what the model takes for rows that come after these tokens.

        Args:
            padded: `input_ids` and `attention_mask` of the rows' own tokens, padded on the left.
        """
        import torch
        from transformers import DynamicCache

        own = padded["attention_mask"]
        positions = (own.cumsum(dim=1) - 1).clamp(min=0) + self.n_tokens
        if not self.n_tokens:
            return {**padded, "position_ids": positions, "use_cache": False}
        cache = DynamicCache()
        for layer, (keys, values) in enumerate(self.layers):
            cache.update(keys.expand(len(own), -1, -1, -1), values.expand(len(own), -1, -1, -1), layer)
        mask = torch.cat([own.new_ones(len(own), self.n_tokens), own], dim=1)
        return {
            "input_ids": padded["input_ids"],
            "attention_mask": mask,
            "position_ids": positions,
            self.argument: cache,
            "use_cache": True,
        }


def weights_version(backbone: Any) -> tuple[tuple[int, int], ...]:
    """Return what differs once a weight was trained, loaded or moved."""
    return tuple((weight.data_ptr(), weight._version) for weight in backbone.parameters())


def _cache_argument(backbone: Any) -> str | None:
    known = inspect.signature(type(backbone).forward).parameters
    # transformers calls it by one name in older releases and by the other in newer
    return next((name for name in ("cache", "past_key_values") if name in known), None)


def _keys_and_values(cache: DynamicCache, n_tokens: int) -> tuple[tuple[torch.Tensor, torch.Tensor], ...]:
    from transformers.cache_utils import DynamicLayer

    layers: Sequence[Any] = cache.layers
    if any(type(layer) is not DynamicLayer for layer in layers):
        return ()  # a window that slides
    # a model with states in their place puts nothing in
    if any(layer.keys is None or layer.keys.shape[-2] != n_tokens for layer in layers):
        return ()
    return tuple((layer.keys, layer.values) for layer in layers)
