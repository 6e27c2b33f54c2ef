"""Routers on learned weights beside how RouteLLM asks the same weights, in turns, in CPU time of one thread.

RouteLLM asks one query at a time. BERT: transformers' tokenizer and one pass, as `BERTRouter` does. Causal
LM: the whole prompt and `generate`, as `CausalLLMClassifier` does, here of two tokens (a label and its end;
it allows six), with our instruction and with one as long as RouteLLM's, 197 tokens before the query. Matrix
factorization: `MFModel.pred_win_rate` in torch, the embedding call left out of both.

Run: python -m tests.benchmarks.published_ways [--write]
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from shared_router.demo.local_model import local_model_folder
from shared_router.routers.bert import BertRouter
from shared_router.routers.causal_lm import CausalLMRouter
from shared_router.routers.matrix_factorization import MatrixFactorizationRouter
from shared_router.training.instruction import INSTRUCTION, Prompt
from tests.benchmarks.bert_speed import BATTLES, UNTRAINED, queries
from tests.benchmarks.measure import print_table, report
from tests.benchmarks.minilm import model_folder
from tests.benchmarks.regression_per_query import VectorEmbedder

N_BERT, N_CAUSAL_LM, N_MF = 192, 16, 256
ROUTELLM_PREFIX = 197
Ask = Callable[[Sequence[str]], object]


def take_turns(theirs: Ask, ours: Ask, asked: list[str], *, turn: int) -> dict[str, float]:
    """Return both ways' milliseconds a query, one by one and in batches of `turn`, and the ratios."""
    ways: dict[str, Callable[[list[str]], object]] = {
        "RouteLLM ms": theirs,
        "ours, single ms": lambda batch: [ours([query]) for query in batch],
        "ours, batch ms": ours,
    }
    spent = dict.fromkeys(ways, 0.0)
    for way in ways.values():
        way(asked[:2])
    for start in range(0, len(asked), turn):
        batch = asked[start : start + turn]
        for name, way in ways.items():
            began = time.process_time()
            way(batch)
            spent[name] += 1e3 * (time.process_time() - began) / len(asked)
    return spent


def bert() -> dict[str, float]:
    """Time MiniLM-L6 with two heads."""
    import torch
    from transformers import AutoTokenizer

    router = BertRouter(model_folder(), head="correctness", recipe=UNTRAINED)
    router.fit_correctness(["Prove it.", "Say hello."], [1, 1], [0, 1])
    assert router.encoder_ is not None
    model: Any = router.encoder_.model
    tokenizer = AutoTokenizer.from_pretrained(model_folder())
    options: Any = {"return_tensors": "pt", "padding": True, "truncation": True, "max_length": 512}

    def theirs(batch: Sequence[str]) -> object:
        with torch.no_grad():
            return [model(**tokenizer(query, **options)).logits for query in batch]

    return take_turns(theirs, router.win_probability, queries(N_BERT), turn=96)


def causal_lm(*, long_instruction: bool) -> dict[str, float]:
    """Time SmolLM2-135M in float32."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = local_model_folder()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    text = INSTRUCTION
    while long_instruction and len(tokenizer(Prompt.of(tokenizer, text).before).input_ids) < ROUTELLM_PREFIX:
        text += " " + INSTRUCTION.split(" ")[len(text) % 30]
    prompt = Prompt.of(tokenizer, text)
    router = CausalLMRouter(folder, lora=None, prompt=prompt, dtype="float32", recipe=UNTRAINED).fit(BATTLES)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
    model.eval()

    def theirs(batch: Sequence[str]) -> object:
        answers = []
        for query in batch:
            inputs = tokenizer(prompt.before + query + prompt.after, return_tensors="pt")
            with torch.no_grad():
                answers.append(
                    model.generate(
                        **inputs,
                        min_new_tokens=2,
                        max_new_tokens=2,
                        do_sample=False,
                        output_scores=True,
                        return_dict_in_generate=True,
                    )
                )
        return answers

    return take_turns(theirs, router.win_probability, queries(N_CAUSAL_LM), turn=8)


def matrix_factorization() -> dict[str, float]:
    """Time 64 models, 128 factors, embeddings of 1,536 dimensions."""
    import torch

    rng = np.random.default_rng(0)
    shapes = {"P.weight": (64, 128), "text_proj.0.weight": (128, 1536), "classifier.0.weight": (1, 128)}
    weights = {name: rng.standard_normal(shape, dtype=np.float32) / 20 for name, shape in shapes.items()}
    vectors = rng.standard_normal((N_MF, 1536), dtype=np.float32)
    lists = vectors.tolist()  # as an embedding client gives them
    models, project, score = (torch.from_numpy(weights[name]) for name in shapes)
    router = MatrixFactorizationRouter.from_weights(
        VectorEmbedder(vectors),
        model_vectors=weights["P.weight"],
        projection=weights["text_proj.0.weight"],
        classifier=weights["classifier.0.weight"],
        models=[str(i) for i in range(64)],
        strong="1",
        weak="0",
    )

    def theirs(batch: Sequence[str]) -> object:
        rates = []
        for query in batch:
            with torch.no_grad():
                embedded = models[torch.tensor([1, 0])]
                embedded = torch.nn.functional.normalize(embedded, p=2, dim=1)
                text = torch.tensor(lists[int(query)]) @ project.T
                logits = (embedded * text @ score.T).squeeze()
                rates.append(torch.sigmoid(logits[0] - logits[1]).item())
        return rates

    return take_turns(theirs, router.win_probability, [str(i) for i in range(N_MF)], turn=N_MF)


def measure_published_ways() -> dict[str, float]:
    """Print a table; return how many times faster than RouteLLM's way each router is."""
    import torch

    torch.set_num_threads(1)
    found = {
        "bert": bert(),
        "causal_lm": causal_lm(long_instruction=False),
        "causal_lm_197": causal_lm(long_instruction=True),
        "mf": matrix_factorization(),
    }
    print_table([{"router": name, **spent} for name, spent in found.items()])
    figures = {}
    for name, spent in found.items():
        figures[f"{name}_ratio_single"] = spent["RouteLLM ms"] / spent["ours, single ms"]
        figures[f"{name}_ratio_batch"] = spent["RouteLLM ms"] / spent["ours, batch ms"]
    return figures


if __name__ == "__main__":
    report("published_ways", measure_published_ways())
