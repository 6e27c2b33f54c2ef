"""Embeddings of any encoder that transformers can load, from a folder or the Hugging Face hub.

Follows sentence-transformers' reading of such models: pool the last layer, then scale to unit length. An
earlier layer can be pooled instead: it keeps more of a prompt's form, which a router needs as much as its
topic, and the layers after it are not run. Code that a model brings is never run, and weights are read from
safetensors alone.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from shared_router.checkpoints.model_keys import ENCODERS, LANGUAGE_MODELS
from shared_router.choices import check_choice, check_texts, check_whole
from shared_router.embedding.building import attention_for, config_from, longest_text
from shared_router.embedding.loading import cut_layers, position_count, quietly, reading
from shared_router.embedding.padding import pad
from shared_router.embedding.threads import torch_threads
from shared_router.errors import ArtifactError, EmbedderError, MissingExtraError
from shared_router.text import clean

if TYPE_CHECKING:
    import torch
    from tokenizers import Encoding, Tokenizer

Pooling = Literal["mean", "cls"]


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: Any
    tokenizer: Tokenizer
    pad_id: int
    dim: int


class TransformersEmbedder:
    """Embed texts with a transformer encoder, on this machine.

    The model is loaded at the first use. Texts are cleaned as routers see them (`shared_router.clean`), and
    text that spells a special token, such as `[SEP]`, is read as text. Safe with several threads.

    Args:
        model: A local folder, or a model's name on the hub.
        pooling: `"mean"` of the tokens' hidden states after the last layer that is run, or the first
            token's (`"cls"`).
        layers: How many of the encoder's layers to run, >= 1; None runs all.
        normalize: Whether to scale each row to length 1.
        max_length: The most tokens that are read of a text, special ones included, >= 3; the rest of it is
            left out.
        batch_size: The most texts at a time, >= 1; texts of like length go together.
        device: Where to run, such as `"cuda"`; None is the CPU.
        threads: How many threads torch may use meanwhile; None leaves it alone. Short texts are fastest on
            one, and callers on several threads then do not fight over cores.
        local_files_only: Whether never to ask the hub.
        revision: The hub revision, best a commit's hash; None is the newest.

    Raises:
        InvalidInputError: If an option is outside its range.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        pooling: Pooling = "mean",
        layers: int | None = None,
        normalize: bool = True,
        max_length: int = 256,
        batch_size: int = 32,
        device: str | torch.device | None = None,
        threads: int | None = 1,
        local_files_only: bool = False,
        revision: str | None = None,
    ) -> None:
        check_choice("pooling", pooling, get_args(Pooling))
        bounds = {
            "layers": (layers, 1),
            "max_length": (max_length, 3),
            "batch_size": (batch_size, 1),
            "threads": (threads, 1),
        }
        for name, (value, least) in bounds.items():
            if value is not None or name not in ("layers", "threads"):
                check_whole(name, value, least=least)
        self.model = model
        self.pooling: Pooling = pooling
        self.layers = layers
        self.normalize = normalize
        self.max_length = max_length
        self.batch_size = batch_size
        self.device = device
        self.threads = threads
        self.local_files_only = local_files_only
        self.revision = revision
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None

    @property
    def identity(self) -> str:
        """What tells this embedder's vectors from another's: the weights and how they are read.

        A folder is known by the hash of its weights, a hub model by its name and revision: pin the revision.
        """
        folder = Path(self.model)
        name = _hash_of_weights(folder) if folder.is_dir() else f"{self.model}@{self.revision or 'newest'}"
        length = "unit" if self.normalize else "raw"
        layers = "" if self.layers is None else f"/{self.layers} layers"
        return f"transformers/{name}/{self.pooling}/{length}/{self.max_length}{layers}"

    def __repr__(self) -> str:
        """Show the model and how it is read."""
        return f"TransformersEmbedder({str(self.model)!r}, pooling={self.pooling!r})"

    def __getstate__(self) -> dict[str, Any]:
        """Leave the loaded model out of pickles and copies; it is loaded again."""
        return {key: value for key, value in self.__dict__.items() if key not in ("_lock", "_loaded")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the settings of a pickle."""
        self.__dict__.update(state, _lock=threading.Lock(), _loaded=None)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row per text, shape (n, dim).

        Raises:
            EmbedderError: If the model cannot be loaded, or it returns a number that is not finite.
            InvalidInputError: If `texts` is no list of texts; if the encoder has fewer layers than are to
                be run.
            MissingExtraError: If torch or transformers is not installed.
        """
        check_texts("texts", texts)
        loaded = self._load()
        rows = np.zeros((len(texts), loaded.dim), dtype=np.float32)
        encodings = loaded.tokenizer.encode_batch([clean(text) for text in texts])
        longest_first = sorted(range(len(texts)), key=lambda i: -len(encodings[i]))
        with torch_threads(self.threads):
            for start in range(0, len(texts), self.batch_size):
                chosen = longest_first[start : start + self.batch_size]
                rows[chosen] = self._forward(loaded, [encodings[i] for i in chosen])
        if not np.isfinite(rows).all():
            raise EmbedderError(f"an encoder must return finite numbers, and {self.model} does not")
        return rows

    def _forward(self, loaded: _Loaded, encodings: list[Encoding]) -> NDArray[np.float32]:
        import torch

        # a tokenizer without [CLS] finds no token in an empty text, and no token has no mean
        tokens = [encoding.ids or [loaded.pad_id] for encoding in encodings]
        inputs = pad(tokens, pad_id=loaded.pad_id, device=loaded.model.device)
        with torch.inference_mode():
            hidden = loaded.model(**inputs).last_hidden_state  # (batch, width, dim)
            if self.pooling == "cls":
                pooled = hidden[:, 0]
            else:
                weights = inputs["attention_mask"][:, :, None].to(hidden.dtype)
                pooled = (hidden * weights).sum(1) / weights.sum(1)
            if self.normalize:
                pooled = torch.nn.functional.normalize(pooled.float(), dim=1)
            rows: NDArray[np.float32] = pooled.float().cpu().numpy()
        return rows

    def _load(self) -> _Loaded:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._read()
            return self._loaded

    def _read(self) -> _Loaded:
        try:
            import torch
            from tokenizers import Tokenizer
            from transformers import AutoModel, AutoTokenizer
        except ImportError as error:
            raise MissingExtraError.of(error.name or "transformers", "torch") from error
        source: dict[str, Any] = {
            "local_files_only": self.local_files_only,
            "revision": self.revision or "main",
        }
        try:
            with quietly(), reading(self.model):
                config = config_from(self.model, (*ENCODERS, *LANGUAGE_MODELS), **source)
                fast = AutoTokenizer.from_pretrained(
                    str(self.model), config=config, trust_remote_code=False, **source
                )
                cut_layers(config, self.layers)
                model, report = AutoModel.from_pretrained(
                    str(self.model),
                    config=config,
                    attn_implementation=attention_for(AutoModel, config),
                    trust_remote_code=False,
                    use_safetensors=True,
                    output_loading_info=True,
                    **source,
                )
                backend = fast.backend_tokenizer
        except ArtifactError as error:
            raise EmbedderError(
                f"{self.model} must be an encoder with safetensors weights that transformers can load"
            ) from error
        # transformers fills what a checkpoint lacks with random numbers; no pooler is used here
        missing = [name for name in report["missing_keys"] if "pooler" not in name]
        if missing:
            raise EmbedderError(
                f"{self.model} must hold all of its encoder's weights, and lacks {missing[:3]}"
            )
        # a copy with settings that never change: changing them between calls breaks under threads
        tokenizer = Tokenizer.from_str(backend.to_str())
        tokenizer.no_padding()
        # many a tokenizer does not know how much its model reads
        positions = position_count(model.config) or self.max_length
        tokenizer.enable_truncation(min(longest_text(fast, self.max_length), positions))
        tokenizer.encode_special_tokens = True
        model.eval().to(torch.device("cpu" if self.device is None else self.device))
        return _Loaded(model, tokenizer, fast.pad_token_id or 0, int(model.config.hidden_size))


def _hash_of_weights(folder: Path) -> str:
    hashed = hashlib.sha256()
    for pattern in ("*.safetensors", "tokenizer.json", "config.json"):
        for path in sorted(folder.glob(pattern)):
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    hashed.update(block)
    return hashed.hexdigest()
