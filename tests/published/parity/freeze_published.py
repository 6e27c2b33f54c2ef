"""Ask RouteLLM's own code for the win probabilities that `test_load` compares ours with.

It needs a checkout of lm-sys/RouteLLM (0.2.0) and takes nothing from it but numbers. Its code is run as it
is, save what this has not: the CPU in the GPU's place, float32 for bfloat16, and for OpenAI's client one
that answers with `HashEmbedder`'s vectors. Of `routers.py`, which imports every data set, only the source
of `BERTRouter` is run.

Run: python -m tests.published.parity.freeze_published CHECKOUT
"""

import ast
import json
import os
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from shared_router.testing import HashEmbedder
from tests.published.folders import (
    CLASSIFIER,
    LABELS,
    MF_DIM,
    MF_WIDTH,
    QUERIES,
    SYSTEM,
    bert_folder,
    causal_folder,
    mf_folder,
)

HERE = Path(__file__).parent


class _StubClient:
    """OpenAI's client, as far as RouteLLM uses it."""

    embeddings: Any

    def __init__(self) -> None:
        self.embeddings = self

    def create(self, *, input: list[str], model: str) -> Any:  # noqa: A002 - OpenAI's name
        vector = HashEmbedder(MF_WIDTH).embed(input)[0].tolist()
        return types.SimpleNamespace(data=[types.SimpleNamespace(embedding=vector)])


def module(checkout: Path, path: str, replacements: dict[str, str] | None = None) -> Any:
    """Run one of RouteLLM's files as a module."""
    source = (checkout / path).read_text()
    for old, new in (replacements or {}).items():
        assert old in source
        source = source.replace(old, new)
    made = types.ModuleType(path.removesuffix(".py").replace("/", "."))
    sys.modules[made.__name__] = made
    exec(compile(source, path, "exec"), made.__dict__)
    return made


def mf(checkout: Path, folder: Path) -> list[float]:
    stub = types.ModuleType("routellm.routers.similarity_weighted.utils")
    stub.OPENAI_CLIENT = _StubClient()  # type: ignore[attr-defined]
    sys.modules[stub.__name__] = stub
    code = module(checkout, "routellm/routers/matrix_factorization/model.py")
    sizes = {"dim": MF_DIM, "num_models": 64, "text_dim": MF_WIDTH, "num_classes": 1, "use_proj": True}
    model = code.MFModel.from_pretrained(folder, **sizes).eval()
    pair = code.MODEL_IDS["gpt-4-1106-preview"], code.MODEL_IDS["mixtral-8x7b-instruct-v0.1"]
    return [model.pred_win_rate(*pair, query) for query in QUERIES]


def bert(checkout: Path, folder: Path) -> list[float]:
    tree = ast.parse((checkout / "routellm/routers/routers.py").read_text())
    classes = [
        node for node in tree.body if getattr(node, "name", "") in ("Router", "BERTRouter", "no_parallel")
    ]
    import abc

    scope = {"abc": abc, "np": np, "torch": torch, **vars(transformers)}
    scope |= {
        name: getattr(transformers, name) for name in ("AutoModelForSequenceClassification", "AutoTokenizer")
    }
    exec(compile(ast.Module(classes, []), "routers.py", "exec"), scope)
    router = scope["BERTRouter"](folder)
    return [float(router.calculate_strong_win_rate(query)) for query in QUERIES]


def causal(checkout: Path, folder: Path) -> list[float]:
    base = "routellm/routers/causal_llm"
    configs = module(checkout, f"{base}/configs.py")
    module(checkout, f"{base}/prompt_format.py")
    utils = module(checkout, f"{base}/llm_utils.py", {"torch.bfloat16": "torch.float32"})
    code = module(checkout, f"{base}/model.py", {'"cuda"': '"cpu"'})
    config = configs.RouterModelConfig(
        model_id=str(folder), model_type="causal", special_tokens=LABELS, num_outputs=5
    )
    classifier = code.CausalLLMClassifier(
        config=config,
        ckpt_local_path=str(folder),
        score_threshold=4,
        prompt_format=utils.load_prompt_format("meta-llama/Meta-Llama-3-8B"),
        prompt_field="messages",
        additional_fields=[],
        use_last_turn=True,
    )
    answers = []
    for query in QUERIES:
        output = classifier({"messages": utils.to_openai_api_messages(SYSTEM, CLASSIFIER, [query])})
        assert output is not None, "the model must put a label"
        assert output["output_tokens"][4] in LABELS, "the label must follow the assistant's header"
        answers.append(float(1 - output["binary_prob"]))
    return answers


def main() -> None:
    """Write one JSON file for each of the three."""
    checkout = Path(sys.argv[1])
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    torch.set_num_threads(1)
    for name, make, ask in (
        ("mf", mf_folder, mf),
        ("bert", bert_folder, bert),
        ("causal_llm", causal_folder, causal),
    ):
        with tempfile.TemporaryDirectory() as folder:
            answers = ask(checkout, make(Path(folder)))
        frozen = {
            "made_by": "tests/published/parity/freeze_published.py with lm-sys/RouteLLM 0.2.0",
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "win_probabilities": answers,
        }
        (HERE / f"published_{name}.json").write_text(json.dumps(frozen, indent=1) + "\n")
        print(name, np.round(answers, 4))  # noqa: T201 - a program


if __name__ == "__main__":
    main()
