"""Distil all-MiniLM-L6-v2 into one vector and one weight a token.

1. Encode every token alone ([CLS] token [SEP]) and project on the principal axes of the corpus.
2. Start weights from SIF, `a / (a + p_t)` with `p_t` the corpus frequency and `a` = 1e-3.
3. Refine weights and vectors for a few epochs, so that pooled rows match MiniLM's projected
   sentence rows: loss `1 - cos`. Gold prompts are held out, to stay unseen text for the head's
   cross-validation, as evaluation prompts are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared_router.embedding.static import StaticEmbedder
from shared_router.pretrained.build.corpus import Corpus, question_stem
from shared_router.pretrained.build.teacher import cached

PROMPT_TOKENS, STEM_TOKENS = 158, 62
SIF_A = 1e-3
CLS, SEP = 101, 102
Array = NDArray[np.float32]


@dataclass(frozen=True)
class DistillData:
    """Hold texts as token ids with what MiniLM says of them.

    Attributes:
        tokenizer_json: Tokenizer without `[unusedN]`; its ids index `token_rows`.
        token_ids: Ids of each text, without special tokens.
        token_rows: MiniLM's row of each token alone, shape (vocabulary, 384).
        text_rows: MiniLM's row of each text, shape (n, 384).
        held_out: True for gold prompts and their stems, shape (n,).
    """

    tokenizer_json: str
    token_ids: list[list[int]]
    token_rows: Array
    text_rows: Array
    held_out: NDArray[np.bool_]


def load_distill_data(corpus: Corpus, model_dir: Path, cache_dir: Path) -> DistillData:
    """Encode the training prompts, their stems and the vocabulary with MiniLM, or read the cache."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model_dir / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    prompts = sorted({*corpus.gold.prompt, *corpus.pro.prompts, *corpus.zero.prompts})
    stems = sorted({question_stem(p) for p in prompts} - set(prompts))
    tokenizer_json, old_ids = without_unused_tokens((model_dir / "tokenizer.json").read_text())
    new_id = {old: new for new, old in enumerate(old_ids)}

    def ids_of(texts: Sequence[str], limit: int) -> list[list[int]]:
        return [e.ids[:limit] for e in tokenizer.encode_batch(texts, add_special_tokens=False)]

    prompt_ids, stem_ids = ids_of(prompts, PROMPT_TOKENS), ids_of(stems, STEM_TOKENS)
    wrap = [[CLS, i, SEP] for i in range(tokenizer.get_vocab_size())]
    tokens = cached(cache_dir / "tokens", wrap, model_dir)[old_ids]
    texts = [
        cached(cache_dir / name, [[CLS, *row, SEP] for row in ids], model_dir)
        for name, ids in (("prompts", prompt_ids), ("stems", stem_ids))
    ]
    gold = set(corpus.gold.prompt) | {question_stem(p) for p in corpus.gold.prompt}
    held_out = np.array([text in gold for text in [*prompts, *stems]])
    ids = [[new_id[i] for i in row] for row in [*prompt_ids, *stem_ids]]
    return DistillData(tokenizer_json, ids, tokens, np.concatenate(texts), held_out)


@dataclass(frozen=True)
class Distilled:
    """Hold the fp32 student: vectors (vocabulary, dim), weights (vocabulary,), held-out mean cosine."""

    vectors: Array
    weights: Array
    held_out_cosine: float


def distil(
    data: DistillData,
    *,
    dim: int = 128,
    epochs: int = 3,
    vector_lr: float = 1e-3,
    weight_lr: float = 1e-2,
    seed: int = 0,
) -> Distilled:
    """Fit token vectors and weights; with `epochs=0` return the PCA and SIF start."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    train = np.flatnonzero(~data.held_out)
    start, sif, target = _start(data, train, dim)
    vectors, log_weights = torch.nn.Parameter(torch.tensor(start)), torch.nn.Parameter(torch.tensor(sif))
    goal = torch.tensor(target)

    def mean_cosine(rows: NDArray[np.intp]) -> torch.Tensor:
        lengths = [len(data.token_ids[i]) for i in rows]
        flat = torch.tensor(np.concatenate([data.token_ids[i] for i in rows]).astype(np.int64))
        offsets = torch.tensor(np.cumsum([0, *lengths[:-1]]))
        pooled = torch.nn.functional.embedding_bag(
            flat, vectors, offsets, mode="sum", per_sample_weights=log_weights[flat].exp()
        )
        return torch.nn.functional.cosine_similarity(pooled, goal[rows]).mean()

    groups = [{"params": [vectors], "lr": vector_lr}, {"params": [log_weights], "lr": weight_lr}]
    optimizer = torch.optim.Adam(groups, betas=(0.9, 0.98))
    batches = max(1, len(train) // 256)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, max(1, epochs * batches))
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        for rows in np.array_split(rng.permutation(train), batches):
            loss = 1 - mean_cosine(rows)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    with torch.no_grad():
        held = float(mean_cosine(np.flatnonzero(data.held_out)))
    return Distilled(vectors.detach().numpy().copy(), log_weights.detach().exp().numpy(), held)


def _start(data: DistillData, train: NDArray[np.intp], dim: int) -> tuple[Array, Array, Array]:
    """Return PCA token vectors, log SIF weights and projected targets."""
    mean = data.text_rows[train].mean(0)
    _, _, axes = np.linalg.svd((data.text_rows[train] - mean).astype(np.float64), full_matrices=False)
    projection = axes[:dim].T
    vectors = (data.token_rows - data.token_rows.mean(0)) @ projection
    vectors /= np.linalg.norm(vectors, axis=1).mean()
    counts = np.bincount(np.concatenate([data.token_ids[i] for i in train]), minlength=len(vectors))
    frequency = (counts + 0.5) / counts.sum()
    weights = np.log(SIF_A / (SIF_A + frequency))
    return (
        vectors.astype(np.float32),
        weights.astype(np.float32),
        ((data.text_rows - mean) @ projection).astype(np.float32),
    )


def quantised(student: Distilled, tokenizer_json: str) -> StaticEmbedder:
    """Round vectors to int8 with one step a row; the step is part of the token's weight."""
    steps = np.abs(student.vectors).max(axis=1) / 127
    steps = np.where(steps > 0, steps, 1)
    codes = np.clip(np.rint(student.vectors / steps[:, None]), -127, 127).astype(np.int8)
    weights = (student.weights * steps).astype(np.float32)
    return StaticEmbedder(codes, token_weights=weights, tokenizer_json=tokenizer_json.encode())


def without_unused_tokens(tokenizer_json: str) -> tuple[str, list[int]]:
    """Drop `[unusedN]` from a WordPiece vocabulary.

    Returns:
        The new `tokenizer.json` text, and for each new id the id it had before.
    """
    spec = json.loads(tokenizer_json)
    vocabulary: dict[str, int] = spec["model"]["vocab"]
    kept = sorted((i, token) for token, i in vocabulary.items() if not token.startswith("[unused"))
    new_id = {token: i for i, (_, token) in enumerate(kept)}
    spec["model"]["vocab"] = new_id
    spec["padding"] = spec["truncation"] = spec["post_processor"] = None
    for added in spec["added_tokens"]:
        added["id"] = new_id[added["content"]]
    return json.dumps(spec, ensure_ascii=False, separators=(",", ":")), [i for i, _ in kept]
