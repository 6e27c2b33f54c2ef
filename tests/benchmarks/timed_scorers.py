"""A process that scores prompts and tells what each took: `first_seen` starts one a scorer.

It is run by its path, with the interpreter that has what the scorer needs; LiteLLM's has nothing of ours.
Each line that it reads is a JSON list of prompts, or `{"batch": [...]}`; each that it writes is a list of
microseconds, of CPU time and by the clock, a prompt each or the batch's.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

Scorer = Callable[[list[str]], object]


def static() -> Scorer:
    """Return the shipped router."""
    from shared_router import load_router

    return load_router().win_probability


def static_v1() -> Scorer:
    """Return the first router that shipped, for English alone."""
    from shared_router import load_router

    return load_router("static-v1").win_probability


def tokenizer() -> Scorer:
    """Return the tokenizer of the first shipped router alone, on the text as a router gets it."""
    from tokenizers import Tokenizer

    from shared_router import clean, load_router

    router: Any = load_router("static-v1")
    found = Tokenizer.from_str(router.embedder.tokenizer_json.decode())
    return lambda prompts: found.encode_batch_fast([clean(p) for p in prompts], add_special_tokens=False)


def litellm_v1() -> Scorer:
    """Return LiteLLM's weighted keyword score."""
    return _litellm({})


def litellm_v2() -> Scorer:
    """Return LiteLLM's bundled success model."""
    return _litellm({"classifier_type": "heuristic_v2"})


def _litellm(options: dict[str, str]) -> Scorer:
    import warnings

    warnings.simplefilter("ignore", DeprecationWarning)
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else its import asks a server for prices
    from importlib import import_module

    module = import_module("litellm.router_strategy.complexity_router.complexity_router")
    tiers = {"SIMPLE": "weak", "MEDIUM": "weak", "COMPLEX": "strong", "REASONING": "strong"}
    router = module.ComplexityRouter(
        model_name="auto",
        litellm_router_instance=object(),
        complexity_router_config={"tiers": tiers, **options},
    )
    return lambda prompts: [router._classify_locally(prompt, None) for prompt in prompts]


SCORERS = {
    "static": static,
    "static_v1": static_v1,
    "tokenizer": tokenizer,
    "litellm_v1": litellm_v1,
    "litellm_v2": litellm_v2,
}


def _timed(score: Scorer, prompts: list[str]) -> tuple[float, float]:
    start, on_cpu = time.perf_counter_ns(), time.process_time_ns()
    score(prompts)
    return (time.process_time_ns() - on_cpu) / 1e3, (time.perf_counter_ns() - start) / 1e3


def main() -> None:
    """Score what is read until there is no more."""
    score = SCORERS[sys.argv[1]]()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        gc.collect()
        gc.disable()
        calls = [asked["batch"]] if isinstance(asked, dict) else [[prompt] for prompt in asked]
        print(json.dumps([_timed(score, call) for call in calls]), flush=True)
        gc.enable()


if __name__ == "__main__":
    main()
