"""BARTScore: how likely a BART finds one text, having read another (Yuan et al., NeurIPS 2021, 2106.11520).

The quality of an answer in Hybrid-LLM and LLM-Blender: log p(reference | answer), as LLM-Blender's
`BARTScorer.score(answers, references)` computes it. It follows the original's code in what its paper leaves
open: the mean is over every target token, `<s>` and `</s>` among them, and what is too long loses its end.
Left out: the weights of tokens, the prompts that the paper tries, and the ParaBank2 weights, which are no
safetensors; save them as such to use them.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.checkpoints.tokenizer import tokenizing
from shared_router.choices import check_texts
from shared_router.embedding.loading import quietly, reading
from shared_router.embedding.padding import pad
from shared_router.errors import ArtifactSchemaError, DataError, InvalidInputError
from shared_router.training.modules import backend_of, placed, refuse_missing, require_transformers
from shared_router.training.tokens import batches_by_tokens, plain_text_tokenizer, special_ids_around

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer
    from transformers import BartForConditionalGeneration
    from typing_extensions import Self

Floats = NDArray[np.float64]

DEFAULT_MODEL = "facebook/bart-large-cnn"
_MAX_BATCH_TOKENS = 2048
_SIZES = ("attention_heads", "ffn_dim", "layers")
_CONFIG_KEYS = (
    *(f"{side}_{size}" for side in ("encoder", "decoder") for size in _SIZES),
    *("d_model", "max_position_embeddings", "vocab_size", "scale_embedding", "activation_function"),
    *("dropout", "activation_dropout", "attention_dropout", "init_std"),
    *("bos_token_id", "decoder_start_token_id", "eos_token_id", "pad_token_id"),
)
"""What makes a BART; whatever else a config says, such as code or another model, is not read."""


class BartScore:
    """Judge answers by log p(reference | answer), a number below 0, mostly from -6 to -1.

    Args:
        model: A BART with its output layer; left in evaluation mode.
        tokenizer: Its `tokenizers` tokenizer. Text that spells a special token is read as text.
        max_length: The most tokens of a text, special ones included.

    Raises:
        InvalidInputError: If the model reads fewer tokens than `max_length`.

    See: `labels.grading.grader` where an answer is right or wrong: it needs no model.
    """

    def __init__(
        self, model: BartForConditionalGeneration, tokenizer: Tokenizer, *, max_length: int = 1024
    ) -> None:
        config: Any = model.config
        positions: int = config.max_position_embeddings
        before, after = special_ids_around(tokenizer)
        if not len(before) + len(after) < max_length <= positions:
            raise InvalidInputError(
                f"max_length must be above {len(before) + len(after)} and at most the {positions} tokens "
                f"that the model reads, got {max_length}"
            )
        self.model = model
        self.model.train(False)
        self.tokenizer = plain_text_tokenizer(tokenizer)
        self.max_length = max_length
        self._before, self._after = before, after

    @classmethod
    def pretrained(
        cls,
        name: str | Path = DEFAULT_MODEL,
        *,
        max_length: int = 1024,
        device: str | torch.device | None = None,
        revision: str | None = None,
    ) -> Self:
        """Load a BART from a folder or the hub: safetensors only, no code of its own is run.

        Args:
            name: The folder or the hub's name.
            max_length: See `BartScore`.
            device: Where to run it; None is the CPU.
            revision: The hub's revision, best a commit's 40 hex digits.

        Raises:
            ArtifactError: If the model cannot be read, is no BART or lacks weights.
            MissingExtraError: If torch or transformers is missing.
            InvalidInputError: If its tokenizer is no fast one; see also `BartScore`.
        """
        require_transformers()
        from transformers import AutoTokenizer, BartForConditionalGeneration

        hub: dict[str, Any] = {} if revision is None else {"revision": revision}
        with quietly(), reading(name):
            config = _config(str(name), hub)
            tokenizer = AutoTokenizer.from_pretrained(name, config=config, trust_remote_code=False, **hub)
            loaded: Any = BartForConditionalGeneration.from_pretrained(
                name,
                config=config,
                attn_implementation="sdpa",
                trust_remote_code=False,
                use_safetensors=True,
                output_loading_info=True,
                **hub,
            )
        model, info = loaded
        # a bias of zeros, and weights that are one with the embeddings
        tied = set(model._tied_weights_keys or ()) | {"final_logits_bias"}
        refuse_missing({**info, "missing_keys": [key for key in info["missing_keys"] if key not in tied]})
        return cls(placed(model, device), backend_of(tokenizer), max_length=max_length)

    def __call__(self, prompt: str, answer: str, reference: str | None) -> float:
        """Return log p(reference | answer); see `log_likelihoods`."""
        return float(self.qualities([prompt], [answer], [reference])[0])

    def qualities(
        self, prompts: Sequence[str], answers: Sequence[str], references: Sequence[str | None]
    ) -> Floats:
        """Return log p(reference | answer) of each answer, shape (n,).

        Args:
            prompts: Not read.
            answers: n texts.
            references: The right answers, n texts.

        Raises:
            DataError: If a prompt has no reference.
        """
        del prompts
        given = [text for text in references if text is not None]
        if len(given) < len(references):
            raise DataError(
                f"BARTScore compares with a reference, and {len(references) - len(given)} of "
                f"{len(references)} prompts have none; give one for each prompt"
            )
        return self.log_likelihoods(answers, given)

    def log_likelihoods(self, sources: Sequence[str], targets: Sequence[str]) -> Floats:
        """Return (1 / |y|) sum_k log p(y_k | y_<k, x) of each target y, having read its source x.

        Args:
            sources: n texts.
            targets: n texts.

        Returns:
            Shape (n,), natural logarithms, each <= 0.

        Raises:
            InvalidInputError: If they are no lists of texts, or not as many.
        """
        check_texts("sources", sources)
        check_texts("targets", targets)
        if len(sources) != len(targets):
            raise InvalidInputError(
                f"sources and targets must be as many, got {len(sources)} and {len(targets)}"
            )
        read, written = self._ids(sources), self._ids(targets)
        found = np.empty(len(read))
        lengths = np.array([max(len(x), len(y)) for x, y in zip(read, written, strict=True)], dtype=np.int64)
        for batch in batches_by_tokens(lengths, max_tokens=_MAX_BATCH_TOKENS):
            found[batch] = self._of_batch([read[row] for row in batch], [written[row] for row in batch])
        return found

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        with tokenizing():
            # a lone surrogate is no text
            plain = [text.encode("utf-8", "replace").decode() for text in texts]
            encoded = self.tokenizer.encode_batch(plain, add_special_tokens=False)
        room = self.max_length - len(self._before) - len(self._after)
        return [[*self._before, *one.ids[:room], *self._after] for one in encoded]

    def _of_batch(self, read: list[list[int]], written: list[list[int]]) -> Floats:
        import torch

        config: Any = self.model.config
        padding: dict[str, Any] = {"pad_id": config.pad_token_id, "device": self.model.device}
        targets = pad(written, **padding)
        # each token is foretold from those before it, the first from the one that starts a text
        shifted = pad([[config.decoder_start_token_id, *ids[:-1]] for ids in written], **padding)
        with torch.inference_mode():
            output = self.model(**pad(read, **padding), decoder_input_ids=shifted["input_ids"])
            logs = output.logits.double().log_softmax(dim=2)
            picked = logs.gather(2, targets["input_ids"][..., None])[..., 0]  # (b, longest target)
            sums = (picked * targets["attention_mask"]).sum(dim=1).cpu().numpy()
        mean: Floats = sums / np.array([len(ids) for ids in written])
        return mean


def _config(name: str, hub: dict[str, Any]) -> Any:
    """Return a BART's config, made of nothing but what its architecture needs."""
    from transformers import BartConfig, PretrainedConfig

    utils: Any = import_module("transformers.utils")
    if utils.find_adapter_config_file(name, **hub) is not None:
        raise ArtifactSchemaError(f"{name} must be a model, and it is an adapter of another")
    raw, _ = PretrainedConfig.get_config_dict(name, **hub)
    if raw.get("model_type") != "bart":
        raise ArtifactSchemaError(f"BARTScore needs a BART, and the config of {name} is of another model")
    return BartConfig(**{key: value for key, value in raw.items() if key in _CONFIG_KEYS})
