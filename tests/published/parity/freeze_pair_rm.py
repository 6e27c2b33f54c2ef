"""Ask LLM-Blender's own code for the numbers that the tests of `PairRanker` and `GenFuser` compare ours with.

It needs a checkout of yuchenlin/LLM-Blender (0.0.2) and takes nothing from it but numbers. Its model and its
collator are run as they are, save what transformers 5 no longer has: `batch_encode_plus`, which is the
tokenizer's call, and `use_return_dict`. Of files that import what cannot be imported any more, only the
source of one class or function is run.

Run: python -m tests.published.parity.freeze_pair_rm CHECKOUT
"""

import ast
import importlib
import json
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoTokenizer, DebertaV2Model, PreTrainedTokenizerFast

from tests.plans.fusing import FUSED, fuser_tokenizer
from tests.published.pair_rm_folders import (
    ASKED,
    CANDIDATE_TOKENS,
    SOURCE_TOKENS,
    pair_rm_config,
    pair_rm_folder,
    pair_rm_hf_folder,
)

HERE = Path(__file__).parent
LEFT, RIGHT = [[0.5, -1.0], [2.0, 0.0], [-0.5, 0.3]], [[0.1, 1.0], [-1.0, 0.0], [0.5, 0.2]]
BETTER, WORSE = [[0.9, 0.1], [0.2, 0.2], [0.0, 1.0]], [[0.4, 0.6], [0.2, 0.1], [1.0, 1.0]]


def part(checkout: Path, path: str, name: str, **names: Any) -> Any:
    """Run one class or function of a file."""
    tree = ast.parse((checkout / path).read_text())
    found = [node for node in tree.body if getattr(node, "name", "") == name]
    namespace: dict[str, Any] = {"torch": torch, "np": np, "List": list, **names}
    exec(compile(ast.Module(found, []), path, "exec"), namespace)
    return namespace[name]


def tokenizer_of(folder: Path) -> Any:
    PreTrainedTokenizerFast.batch_encode_plus = PreTrainedTokenizerFast.__call__  # type: ignore[attr-defined]
    return AutoTokenizer.from_pretrained(folder)


def matrices(checkout: Path, folder: Path, *, n_tasks: int) -> tuple[list[Any], list[Any]]:
    """The comparisons and the scores of each question's answers."""
    ranker_code = importlib.import_module("llm_blender.pair_ranker.ranker")
    collator_code = importlib.import_module("llm_blender.pair_ranker.collator")
    tokenizer = tokenizer_of(folder)
    collator = collator_code.CrossCompareCollator(SOURCE_TOKENS, tokenizer, CANDIDATE_TOKENS)
    backbone = DebertaV2Model(pair_rm_config(len(tokenizer)))
    backbone.config.out_hidden_state_size = backbone.config.hidden_size
    args = types.SimpleNamespace(
        n_tasks=n_tasks, num_pos=1, num_neg=1, sub_sampling_mode="all_pair", sub_sampling_ratio=0.4,
        loss_type="instructgpt", drop_out=0.05, inference_mode="full",
    )  # fmt: skip
    ranker = ranker_code.CrossCompareReranker(backbone, args, tokenizer).eval()
    ranker.load_state_dict(load_file(folder / "model.safetensors"), strict=True)
    scores_of = part(checkout, "llm_blender/gpt_eval/utils.py", "get_scores_from_cmps")
    logits, scores = [], []
    for question, answers in ASKED:
        batch = collator([{"source": question, "candidates": list(answers)}])
        batch = {name: value for name, value in batch.items() if value is not None}
        with torch.no_grad():
            found = ranker._full_predict(**batch)["logits"].numpy()
        logits.append(found[0].tolist())
        scores.append(scores_of(found)[0].tolist())
    return logits, scores


def hf_logits(checkout: Path, folder: Path) -> list[float]:
    """The logits of each question's first two answers, as PairRM-hf's model card asks for them."""
    code = importlib.import_module("llm_blender.pair_ranker.pairrm")
    raw = json.loads((folder / "config.json").read_text())
    config = pair_rm_config(raw["vocab_size"])
    for name in ("n_tasks", "drop_out", "sep_token_id", *(n for n in raw if n.endswith("_prefix_id"))):
        setattr(config, name, raw[name])
    model = code.DebertaV2PairRM(config).eval()
    model.load_state_dict(load_file(folder / "model.safetensors"), strict=True)
    tokenize = part(checkout, "llm_blender/blender/blender_utils.py", "tokenize_pair")
    tokenizer = tokenizer_of(folder)
    found = []
    for question, answers in ASKED:
        if "[SEP]" in question + "".join(answers):  # which this function reads as the separator
            continue
        ids = tokenize(tokenizer, [question], [answers[0]], [answers[1]])
        with torch.no_grad():
            found.append(float(model(ids["input_ids"], ids["attention_mask"], return_dict=True).logits))
    return found


def losses(checkout: Path) -> dict[str, float]:
    """`compute_loss` of three pairs with two kinds of quality."""
    code = importlib.import_module("llm_blender.pair_ranker.ranker")
    tensors = [torch.tensor(each) for each in (LEFT, RIGHT, BETTER, WORSE)]
    compute = code.CrossCompareReranker.compute_loss
    kinds = ("BCE", "instructgpt", "MSE")
    return {kind: float(compute(types.SimpleNamespace(loss_type=kind), *tensors)) for kind in kinds}


def fuser_ids(checkout: Path) -> list[list[int]]:
    """What GenFuser reads, with 64 tokens in all and 8 of a candidate."""
    base = types.SimpleNamespace(utils=types.SimpleNamespace(data=types.SimpleNamespace(Dataset=object)))
    path = "llm_blender/blender/blender_utils.py"
    dataset = part(checkout, path, "GenFuserDataset", torch=base)
    found = []
    for instruction, question, answers, tokens, candidate_tokens in FUSED:
        fast: Any = PreTrainedTokenizerFast
        wrapped = fast(tokenizer_object=fuser_tokenizer(), pad_token="<pad>")
        made = dataset(
            [question], [list(answers)], wrapped, max_length=tokens, candidate_maxlength=candidate_tokens,
            instructions=[instruction],
        )  # fmt: skip
        row = made[0]
        found.append(row["input_ids"][row["attention_mask"].bool()].tolist())
    return found


def main() -> None:
    checkout = Path(sys.argv[1])
    sys.path.insert(0, str(checkout))
    with tempfile.TemporaryDirectory() as place:
        folder = pair_rm_folder(Path(place) / "one")
        logits, scores = matrices(checkout, folder, n_tasks=1)
        two, _ = matrices(checkout, pair_rm_folder(Path(place) / "two", n_tasks=2), n_tasks=2)
        hf = hf_logits(checkout, pair_rm_hf_folder(Path(place) / "hf"))
    frozen = {
        "made_by": "tests/published/parity/freeze_pair_rm.py with yuchenlin/LLM-Blender 0.0.2",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "logits": logits,
        "scores": scores,
        "logits_of_two_tasks": two,
        "hf_logits": hf,
        "losses": losses(checkout),
        "fuser_ids": fuser_ids(checkout),
    }
    (HERE / "pair_rm.json").write_text(json.dumps(frozen, indent=1) + "\n")


if __name__ == "__main__":
    main()
