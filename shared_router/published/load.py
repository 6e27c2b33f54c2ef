"""RouteLLM's published checkpoints, read as they are (lm-sys/RouteLLM 0.2.0).

    load_published("bert")                                  from the hub: routellm/bert_gpt4_augmented
    load_published("mf", embedder=...)                      the embedder is text-embedding-3-small
    load_published("/models/causal_llm", kind="causal_llm") from a folder

Nothing that a checkpoint holds is run: safetensors is read, no code of a repository's own, and a pickle
only where the user names that very file, and then with torch's `weights_only=True`. The similarity-weighted
router has no checkpoint: it is its battles.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_choice, shown
from shared_router.errors import (
    ArtifactCorruptError,
    ArtifactNotFoundError,
    ArtifactSchemaError,
    InvalidInputError,
    MissingExtraError,
    UnknownNameError,
)

if TYPE_CHECKING:
    from shared_router.embedding.protocol import Embedder
    from shared_router.router import Router

Kind = Literal["mf", "bert", "causal_llm"]
REPOSITORIES: dict[Kind, str] = {
    "mf": "routellm/mf_gpt4_augmented",
    "bert": "routellm/bert_gpt4_augmented",
    "causal_llm": "routellm/causal_llm_gpt4_augmented",
}
STRONG, WEAK = "gpt-4-1106-preview", "mixtral-8x7b-instruct-v0.1"
SAFETENSORS = "model.safetensors"
_MAX_CONFIG_BYTES = _MAX_HEADER_BYTES = 1 << 20
_DATA = ("*.safetensors", "*.json", "*.txt", "*.model")


def load_published(
    name: str | Path,
    *,
    kind: Kind | None = None,
    weights: str | None = None,
    revision: str | None = None,
    embedder: Embedder | None = None,
    strong: str = STRONG,
    weak: str = WEAK,
    device: str | None = None,
    dtype: str | None = None,
    device_map: str | dict[str, Any] | None = None,
) -> Router:
    """Load one of RouteLLM's published routers.

    Args:
        name: `"mf"`, `"bert"` or `"causal_llm"` for the hub's, or a folder that holds one.
        kind: Which of the three the folder holds; None tells it by its config.json.
        weights: The weights' file in the folder, where it is not safetensors: `"pytorch_model.bin"`. Such a
            file is a pickle; naming it says that you trust it. Not for `"causal_llm"`.
        revision: The hub's revision, best a commit's 40 hex digits.
        embedder: For `"mf"`, what it was trained on: OpenAI's text-embedding-3-small, 1,536 wide.
        strong: For `"mf"`, one of the published models' names. The others know one pair and only take the
            name.
        weak: The same of the weak model.
        device: For `"bert"`, where to serve; None is the CPU.
        dtype: For `"causal_llm"`, what to serve in; None is bfloat16, as published, or on a CPU float32,
            since most compute bfloat16 several times slower.
        device_map: For `"causal_llm"`, what `from_pretrained` takes; None is the CPU.

    Returns:
        A `MatrixFactorizationRouter`, `BertRouter` or `CausalLMRouter`, ready to ask and to `save` in this
        project's own format. Its win probabilities are those of RouteLLM's code to 1e-6, except for queries
        that spell special tokens; see `docs/compatibility.md`.

    Raises:
        UnknownNameError: If `name` is none of the three and no folder, or a model's name is not known.
        InvalidInputError: If an option does not go with the kind.
        ArtifactNotFoundError: If the hub does not give it, a file is missing, or there is only a pickle that
            nobody named.
        ArtifactCorruptError: If a file cannot be parsed.
        ArtifactSchemaError: If the tensors are not those that were published.
        MissingExtraError: If torch, transformers or huggingface_hub is missing.
    """
    folder, kind = _locate(name, kind, weights, revision)
    if kind == "mf":
        if embedder is None:
            raise InvalidInputError(
                "mf needs the embedder it was trained on, got none; give OpenAI's text-embedding-3-small"
            )
        from shared_router.published.formats import matrix_factorization

        return matrix_factorization(read_tensors(folder, weights), embedder, strong=strong, weak=weak)
    if embedder is not None:
        raise InvalidInputError(f"{kind} reads the query itself, got an embedder; leave it out")
    if kind == "bert":
        from shared_router.published.formats import bert

        return bert(folder, read_tensors(folder, weights), strong=strong, weak=weak, device=device)
    if weights is not None:
        raise InvalidInputError("causal_llm is read from safetensors alone, got weights; convert them")
    from shared_router.published.formats import causal_llm

    return causal_llm(folder, strong=strong, weak=weak, dtype=dtype, device_map=device_map)


def read_tensors(folder: Path, weights: str | None) -> Mapping[str, NDArray[Any]]:
    """Read a checkpoint's tensors as float32.

    Args:
        folder: The checkpoint.
        weights: The file's name, a pickle only if it is named; None is `model.safetensors`.

    Raises:
        InvalidInputError: If `weights` is no plain file name.
        ArtifactNotFoundError: If the file is missing.
        ArtifactCorruptError: If it cannot be parsed as plain tensors.
    """
    name = SAFETENSORS if weights is None else weights
    if Path(name).name != name:
        raise InvalidInputError(f"weights must be the name of a file in the folder, got {shown(name)}")
    path = folder / name
    if not path.is_file():
        pickles = sorted(file.name for file in folder.glob("*.bin"))
        hint = f"; it holds the pickle {pickles[0]!r}: name it as weights if you trust it" if pickles else ""
        raise ArtifactNotFoundError(f"the checkpoint must hold {name}, and {folder} does not{hint}")
    return _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)


def _locate(
    name: str | Path, kind: Kind | None, weights: str | None, revision: str | None
) -> tuple[Path, Kind]:
    if kind is not None:
        check_choice("kind", kind, get_args(Kind))
    for known, repository in REPOSITORIES.items():
        if name == known:
            return _download(repository, weights, revision), known
    folder = Path(name)
    if not os.path.isdir(folder):
        raise UnknownNameError(
            f"a published router must be one of {list(REPOSITORIES)} or the folder of one, got "
            f"{str(name)!r}, and {folder.absolute()} is no folder"
        )
    return folder, kind or _kind_of(folder)


def _download(repository: str, weights: str | None, revision: str | None) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise MissingExtraError.of("huggingface_hub", "torch") from error
    patterns = [*_DATA] if weights is None else [*_DATA, weights]
    try:
        return Path(snapshot_download(repository, revision=revision, allow_patterns=patterns))
    except (OSError, ValueError) as error:  # no network, revision or access
        raise ArtifactNotFoundError(
            f"{repository} must be on the hub or in its cache, and could not be had; "
            "download it and give its folder"
        ) from error


def _kind_of(folder: Path) -> Kind:
    try:
        with (folder / "config.json").open("rb") as file:
            config = json.loads(file.read(_MAX_CONFIG_BYTES))
    except FileNotFoundError:
        config = {}
    except (ValueError, RecursionError) as error:
        raise ArtifactCorruptError(f"{folder}'s config.json must be JSON") from error
    architectures = config.get("architectures") if isinstance(config, dict) else False
    if not (architectures is None or isinstance(architectures, list)):
        raise ArtifactCorruptError(f"{folder}'s config.json must be an object with a list of architectures")
    architecture = str((architectures or [""])[0])
    if architecture.endswith("ForSequenceClassification"):
        return "bert"
    return "causal_llm" if architecture.endswith("ForCausalLM") else "mf"


def _read_safetensors(path: Path) -> Mapping[str, NDArray[Any]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    with path.open("rb") as file:
        header_bytes = int.from_bytes(file.read(8), "little")
    if header_bytes > _MAX_HEADER_BYTES:  # safetensors takes seconds for half a million empty tensors
        raise ArtifactCorruptError(f"{path.name} must be a safetensors file of a model's tensors")
    try:
        tensors = load_file(path)
    except (SafetensorError, KeyError, ValueError) as error:
        raise ArtifactCorruptError(f"{path.name} must be a safetensors file") from error
    except TypeError as error:
        raise ArtifactSchemaError(
            f"{path.name} must hold numbers of a type that numpy has, which bfloat16 is not; save float32"
        ) from error
    return _checked(tensors)


def _read_pickle(path: Path) -> Mapping[str, NDArray[Any]]:
    from pickle import UnpicklingError

    from shared_router.training.modules import require_transformers

    require_transformers()
    import torch

    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise ArtifactCorruptError(f"{path.name} must hold tensors and nothing that runs") from error
    if not isinstance(tensors, dict) or not all(isinstance(t, torch.Tensor) for t in tensors.values()):
        raise ArtifactSchemaError(f"{path.name} must hold tensors by name")
    return _checked({str(name): tensor.float().numpy() for name, tensor in tensors.items()})


def _checked(tensors: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise ArtifactSchemaError(f"tensor {name} must be finite")
    return tensors
