"""Encode texts with all-MiniLM-L6-v2 on the CPU, the same bits at every run.

Mean pooling and unit rows as sentence-transformers does it. Texts are cut to `max_tokens`; batches
are built from length-sorted texts, so a batch holds the same texts at every run, and every process
uses one thread.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BATCH = 64


def encode_ids(
    model_dir: Path, token_ids: Sequence[Sequence[int]], *, processes: int = 2
) -> NDArray[np.float32]:
    """Return unit MiniLM embeddings of token id rows that include [CLS] and [SEP], shape (n, 384)."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    order = sorted(range(len(token_ids)), key=lambda i: (len(token_ids[i]), i))
    batches = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    shares = [batches[k::processes] for k in range(processes)]
    jobs = [[[list(token_ids[i]) for i in batch] for batch in share] for share in shares]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        parts = list(pool.map(_encode_batches, [model_dir] * processes, jobs))
    out = np.zeros((len(token_ids), 384), np.float32)
    for share, part in zip(shares, parts, strict=True):
        for batch, rows in zip(share, part, strict=True):
            out[batch] = rows
    return out


def cached(path: Path, token_ids: Sequence[Sequence[int]], model_dir: Path) -> NDArray[np.float32]:
    """Return `encode_ids`, kept in `path` under a name that changes with the input."""
    digest = hashlib.sha256(repr([list(row) for row in token_ids]).encode()).hexdigest()[:16]
    file = path.with_name(f"{path.name}-{digest}.npy")
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, encode_ids(model_dir, token_ids))
    rows: NDArray[np.float32] = np.load(file)
    return rows


def _encode_batches(model_dir: Path, batches: list[list[list[int]]]) -> list[NDArray[np.float32]]:
    import torch
    from transformers import BertModel

    torch.set_num_threads(1)
    model = BertModel.from_pretrained(model_dir, local_files_only=True, add_pooling_layer=False)
    model.train(False)
    out: list[NDArray[np.float32]] = []
    with torch.inference_mode():
        for batch in batches:
            width = max(map(len, batch))
            ids = torch.tensor([row + [0] * (width - len(row)) for row in batch])
            mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in batch])
            hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
            pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
            out.append(torch.nn.functional.normalize(pooled, dim=1).numpy())
    return out
