"""A causal language model that puts one of five scores after a prompt: texts in, five logits out.

RouteLLM adds the label tokens [[1]] to [[5]] to the vocabulary, generates up to six tokens, and takes the
softmax over the five where the first of them comes. The prompt here ends where the score is due, so one
forward pass is enough, and of the output layer only the five labels' rows are kept: their logits are all
that the softmax reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.checkpoints.artifact import Artifact
from shared_router.checkpoints.model_config import checked_model_config
from shared_router.checkpoints.model_keys import LANGUAGE_MODELS
from shared_router.checkpoints.tokenizer import TOKENIZER, read_tokenizer, tokenizer_bytes
from shared_router.embedding.building import attention_for, built, checked_keys, config_from, make_config
from shared_router.embedding.loading import reading
from shared_router.embedding.padding import pad
from shared_router.errors import ArtifactNotFoundError, InvalidInputError
from shared_router.training.instruction import Prompt, PromptTokenizer
from shared_router.training.label_tokens import LABEL_TOKENS, N_SCORES, label_rows
from shared_router.training.lora import Lora, add_adapters, check_adapters
from shared_router.training.modules import (
    backend_of,
    load_tensors,
    placed,
    refuse_missing,
    require_transformers,
    tensors_of,
)
from shared_router.training.prefix import Prefix, weights_version
from shared_router.training.seeding import seeded
from shared_router.training.tokens import serving_batches

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer
    from typing_extensions import Self

_LABELS = "labels"
_NO_PREFIX = Prefix(0, (), ())


class LanguageModel:
    """A language model without its output layer, five label rows in its place, and its prompt.

    Args:
        module: `"backbone"`, which returns `last_hidden_state`, and `"labels"`, a linear layer to 5 outputs.
        tokenizer: Its `tokenizers` tokenizer.
        prompt: The text around a query.
        max_length: The most tokens of a prompt.
        adapters: Whether only the adapters and the label rows were trained, so that only they are saved.
    """

    def __init__(
        self,
        module: torch.nn.ModuleDict,
        tokenizer: Tokenizer,
        prompt: Prompt,
        *,
        max_length: int,
        adapters: bool,
    ) -> None:
        self.module = module
        self.tokenizer = tokenizer
        self.prompt = prompt
        self.tokenize = PromptTokenizer(tokenizer, prompt, max_length=max_length)
        self.adapters = adapters
        self._kept: Prefix | None = None
        module.train(False)

    @classmethod
    def pretrained(
        cls,
        name: str | Path,
        *,
        max_length: int,
        prompt: Prompt | None = None,
        lora: Lora | None = None,
        seed: int = 0,
        add_labels: bool = False,
        **hub: Any,
    ) -> Self:
        """Load a language model from a folder or the hub: safetensors only, no code of its own is run.

        Args:
            name: The folder or the hub's name.
            max_length: See `LanguageModel`.
            prompt: The text around a query; None writes one with the model's own chat template.
            lora: The adapters to add; None leaves every weight to be trained.
            seed: Fixes the adapters' first weights.
            add_labels: Whether the model has the label tokens and the tokenizer may lack them, as RouteLLM's.
            **hub: `dtype`, `device_map` and `revision`, for `from_pretrained`.

        Raises:
            MissingExtraError: If torch, transformers or, with `lora`, peft is missing.
            InvalidInputError: If the tokenizer is no fast one or `lora.targets` names no linear layer.
            ArtifactError: If the model cannot be read, or weights are missing.
        """
        require_transformers()
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        revision = {key: hub[key] for key in ("revision",) if key in hub}
        with reading(name):
            config = config_from(name, LANGUAGE_MODELS, **revision)
            wrapper = AutoTokenizer.from_pretrained(name, config=config, trust_remote_code=False, **revision)
        tokenizer = backend_of(wrapper)
        if add_labels:
            tokenizer.add_special_tokens(list(LABEL_TOKENS))
        with seeded(None, seed):
            with reading(name):
                loaded: Any = AutoModelForCausalLM.from_pretrained(
                    name,
                    config=config,
                    attn_implementation=attention_for(AutoModelForCausalLM, config),
                    trust_remote_code=False,
                    use_safetensors=True,
                    output_loading_info=True,
                    **hub,
                )
            model, info = loaded
            refuse_missing(info)
            rows = label_rows(model, tokenizer)
            backbone = model.base_model
            if lora is not None:
                add_adapters(backbone, lora)
        labels = torch.nn.Linear(rows.shape[1], N_SCORES, bias=False, device=rows.device)
        labels.weight.data.copy_(rows)
        module = torch.nn.ModuleDict({"backbone": backbone, _LABELS: labels})
        return cls(
            module,
            tokenizer,
            Prompt.of(wrapper) if prompt is None else prompt,
            max_length=max_length,
            adapters=lora is not None,
        )

    def batch_logits(self, ids: Sequence[Sequence[int]], *, prefix: Prefix | None = None) -> torch.Tensor:
        """Return five logits for each row of ids, whole or after `prefix`, shape (b, 5), with a gradient."""
        backbone: Any = self.module["backbone"]
        labels: Any = self.module[_LABELS]
        # padded on the left, so that every prompt ends in the last column
        padded = pad(ids, pad_id=0, device=backbone.get_input_embeddings().weight.device, side="left")
        inputs = (prefix or _NO_PREFIX).inputs(padded)
        hidden = backbone(**inputs).last_hidden_state[:, -1]
        logits: torch.Tensor = labels(hidden.to(labels.weight))
        return logits

    def logits(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return the five scores' logits of texts, shape (n, 5)."""
        import torch

        logits = np.zeros((len(queries), N_SCORES), dtype=np.float64)
        with torch.inference_mode():
            prefix = self._prefix()
            ids = [prompt[prefix.n_tokens :] for prompt in self.tokenize(queries)]
            for batch in serving_batches(ids, device=next(self.module.parameters()).device):
                found = self.batch_logits([ids[row] for row in batch], prefix=prefix)
                logits[batch] = found.double().cpu().numpy()
        return logits

    def _prefix(self) -> Prefix:
        backbone = self.module["backbone"]
        if self._kept is None or self._kept.version != weights_version(backbone):
            self._kept = Prefix.of(backbone, self.tokenize.prefix)
        return self._kept

    def artifact(self, kind: str, settings: Mapping[str, Any]) -> Artifact:
        """Return what makes this model again: with adapters, these and the label rows alone."""
        backbone: Any = self.module["backbone"]
        config = None if self.adapters else checked_keys(backbone.config, LANGUAGE_MODELS)
        return Artifact(
            kind,
            {**settings, "prompt": asdict(self.prompt), "model_config": config},
            tensors_of(self.module, only=self._trained()),
            {TOKENIZER: tokenizer_bytes(self.tokenizer)},
        )

    def _trained(self) -> set[str] | None:
        if not self.adapters:
            return None
        return {name for name, parameter in self.module.named_parameters() if parameter.requires_grad}

    @classmethod
    def from_artifact(
        cls, artifact: Artifact, *, name: str | Path | None, lora: Lora | None, max_length: int, **hub: Any
    ) -> Self:
        """Make the model that `artifact` described.

        Args:
            artifact: The checkpoint.
            name: With adapters, where the model is that they belong to; None where nobody said so.
            lora: The adapters that were trained, None where every weight was.
            max_length: See `LanguageModel`.
            **hub: See `pretrained`; without adapters `device_map` is one device.

        Raises:
            ArtifactNotFoundError: If the model that the adapters belong to is not there.
            ArtifactSchemaError: If the tensors are not those of the config's model.
            KeyError: If a setting or the tokenizer is missing.
        """
        prompt = Prompt(**artifact.settings["prompt"])
        if lora is None:
            made = cls._from_config(artifact, prompt, max_length, **hub)
        else:
            check_adapters(lora, artifact.tensors)
            if name is None:
                raise ArtifactNotFoundError(
                    "adapters need the model they were trained on, which is not where it was; give load its "
                    "place as model"
                )
            made = cls.pretrained(name, max_length=max_length, prompt=prompt, lora=lora, **hub)
        load_tensors(made.module, artifact.tensors, only=made._trained())
        return made

    @classmethod
    def _from_config(
        cls,
        artifact: Artifact,
        prompt: Prompt,
        max_length: int,
        *,
        dtype: str = "float32",
        device_map: str | dict[str, Any] = "cpu",
        revision: str = "",
    ) -> Self:
        del revision
        if isinstance(device_map, dict):
            raise InvalidInputError("a checkpoint without adapters needs one device, got a map of them")
        start = "backbone."
        shapes = {k.removeprefix(start): v.shape for k, v in artifact.tensors.items() if k.startswith(start)}
        checked = checked_model_config(artifact.settings["model_config"], LANGUAGE_MODELS, shapes)
        tokenizer = read_tokenizer(artifact.files[TOKENIZER], n_ids=checked["vocab_size"])
        require_transformers()
        import torch
        from transformers import AutoModel

        config = make_config(checked)
        with seeded(None, 0):
            backbone = built(AutoModel, config, shapes, dtype=dtype)
        labels = torch.nn.Linear(config.hidden_size, N_SCORES, bias=False)
        module = placed(torch.nn.ModuleDict({"backbone": backbone, _LABELS: labels}), device_map)
        return cls(module, tokenizer, prompt, max_length=max_length, adapters=False)
