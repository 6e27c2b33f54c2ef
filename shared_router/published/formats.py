"""The three formats of RouteLLM's published checkpoints (lm-sys/RouteLLM 0.2.0), as routers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.checkpoints.model_keys import ENCODERS
from shared_router.embedding.loading import reading
from shared_router.errors import ArtifactNotFoundError, ArtifactSchemaError
from shared_router.published.models import MF_MODELS

if TYPE_CHECKING:
    from shared_router.embedding.protocol import Embedder
    from shared_router.routers.bert import BertRouter
    from shared_router.routers.causal_lm import CausalLMRouter
    from shared_router.routers.matrix_factorization import MatrixFactorizationRouter
    from shared_router.training.instruction import Prompt

# The training script writes the layers without the server's `.0`, and the prompts' embeddings as Q.
_MF_NAMES = {"text_proj.weight": "text_proj.0.weight", "classifier.weight": "classifier.0.weight"}
_MF_KEYS = {"P.weight", "text_proj.0.weight", "classifier.0.weight"}
_BERT_MAX_LENGTH = 512
_SYSTEM, _CLASSIFIER, _PLACE = "system_ft_v5.txt", "classifier_ft_v5.txt", "{question}"

_DEVICE_MAPS = ("auto", "balanced", "balanced_low_0", "sequential")


def matrix_factorization(
    tensors: Mapping[str, NDArray[Any]], embedder: Embedder, *, strong: str, weak: str
) -> MatrixFactorizationRouter:
    """Make the MF router: 64 model vectors, a projection and a classifier, none with a bias.

    Both spellings are read, the published one and the one that RouteLLM's training script writes and its
    server cannot load.

    Raises:
        ArtifactSchemaError: If the tensors have other names or their shapes do not fit.
        UnknownNameError: If strong or weak is none of the 64.
    """
    from shared_router.routers.matrix_factorization import MatrixFactorizationRouter

    named = {_MF_NAMES.get(name, name): tensor for name, tensor in tensors.items() if name != "Q.weight"}
    if set(named) != _MF_KEYS:
        raise ArtifactSchemaError(
            f"an mf checkpoint must hold {sorted(_MF_KEYS)}, got {sorted(tensors)[:10]}"
        )
    vectors, projection, classifier = (
        named[name] for name in ("P.weight", "text_proj.0.weight", "classifier.0.weight")
    )
    fits = vectors.ndim == 2 and projection.ndim == 2 and len(vectors) == len(MF_MODELS)
    if not (fits and len(projection) == vectors.shape[1] and classifier.shape == (1, vectors.shape[1])):
        raise ArtifactSchemaError(
            "an mf checkpoint must hold P (64, dim), text_proj (dim, width) and classifier (1, dim), got "
            f"{vectors.shape}, {projection.shape} and {classifier.shape}"
        )
    router = MatrixFactorizationRouter.from_weights(
        embedder,
        models=MF_MODELS,
        model_vectors=vectors,
        projection=projection,
        classifier=classifier,
        strong=strong,
        weak=weak,
    )
    router.ties = "drop"
    return router


def bert(
    folder: Path, tensors: Mapping[str, NDArray[Any]], *, strong: str, weak: str, device: str | None
) -> BertRouter:
    """Make the BERT router: an encoder with three classes that reads the head of a prompt.

    Raises:
        ArtifactError: If the config or the tokenizer cannot be read, or the tensors are not all of the
            config's model, with three classes.
    """
    from shared_router.training.modules import backend_of, placed, require_transformers

    require_transformers()
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from shared_router.embedding.building import built, config_from, longest_text
    from shared_router.routers.bert import BertRouter
    from shared_router.training.encoder import Encoder
    from shared_router.training.seeding import seeded

    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    with reading(folder):
        config = config_from(folder, ENCODERS, num_labels=3, shapes=shapes)
        tokenizer = AutoTokenizer.from_pretrained(folder, config=config, trust_remote_code=False)
    with seeded(None, 0):  # the weights drawn here are replaced; nobody's generator should move
        # older releases of transformers also saved buffers that the model makes itself
        model = built(AutoModelForSequenceClassification, config, shapes, exactly=False)
    expected = model.state_dict()
    model.load_state_dict({name: torch.from_numpy(np.array(tensors[name])) for name in expected})
    max_length = longest_text(tokenizer, _BERT_MAX_LENGTH)
    how: dict[str, Any] = {"ties": "class", "keep": "head", "max_length": max_length, "device": device}
    router = BertRouter(folder, strong=strong, weak=weak, **how)
    router.encoder_ = Encoder(
        placed(model, device), backend_of(tokenizer), max_length=max_length, keep="head"
    )
    return router


def causal_llm(
    folder: Path, *, strong: str, weak: str, dtype: str | None, device_map: str | dict[str, Any] | None
) -> CausalLMRouter:
    """Make the causal LM router: Llama 3's chat format without a chat template, five label tokens.

    Raises:
        ArtifactNotFoundError: If one of the two texts around the query is missing.
        ArtifactSchemaError: If a text has no place for the question or weights are missing.
    """
    from shared_router.routers.causal_lm import CausalLMRouter
    from shared_router.training.language_model import LanguageModel

    if dtype is None:
        dtype = "float32" if _on_cpu(device_map) else "bfloat16"
    router = CausalLMRouter(
        folder, lora=None, ties="class", strong=strong, weak=weak, prompt=_llama_prompt(folder), dtype=dtype
    )
    router.device_map = device_map
    router.model_ = LanguageModel.pretrained(
        folder, max_length=router.max_length, prompt=router.prompt, add_labels=True, **router.placement()
    )
    return router


def _on_cpu(device_map: str | dict[str, Any] | None) -> bool:
    if isinstance(device_map, dict):
        return all(str(device) in ("cpu", "disk") for device in device_map.values())
    if device_map is None or device_map == "cpu":
        return True
    import torch

    # names such as "auto" take what accelerator there is
    return device_map in _DEVICE_MAPS and not torch.accelerator.is_available()


def _llama_prompt(folder: Path) -> Prompt:
    """Write what RouteLLM's model reads and, greedily, writes up to where its score comes."""
    from shared_router.training.instruction import Prompt

    texts = []
    for name in (_SYSTEM, _CLASSIFIER):
        try:
            texts.append((folder / name).read_text("utf-8").strip())
        except FileNotFoundError as error:
            raise ArtifactNotFoundError(f"a causal_llm folder must hold {name}") from error
    system, classifier = texts
    if classifier.count(_PLACE) != 1:
        raise ArtifactSchemaError(f"{_CLASSIFIER} must hold {_PLACE} once")
    start, end = classifier.split(_PLACE)
    return Prompt(
        f"{_header('system')}{system}<|eot_id|>{_header('user')}{start}",
        f"{end}<|eot_id|>{_header('assistant')}",
        add_special_tokens=True,
    )


def _header(role: str) -> str:
    return f"<|start_header_id|>{role}<|end_header_id|>\n\n"
