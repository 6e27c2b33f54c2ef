"""The ten sets that `learning_curve` measures on, each with a stronger and a weaker model's grades."""

from collections.abc import Iterator
from pathlib import Path

from shared_router.evaluation.benchmarks import read_benchmarks
from shared_router.pretrained.build.corpus import load_corpus
from shared_router.records.outcomes import Outcomes
from shared_router.text import prompt_key
from tests.benchmarks.evaluation_sets import MIXED_PAIR, PRO_PAIR, arena_votes, long_table

PRO_PAIRS = {
    "MMLU-Pro 70B/8B": PRO_PAIR,
    "MMLU-Pro Gemini/Mixtral": ("gemini-1.5-pro-002", "Mixtral-8x7B-Instruct-v0.1"),
    "MMLU-Pro Qwen 110B/7B": ("Qwen1.5-110B", "Qwen1.5-7B-Chat"),
}
ZERO_PAIRS = {
    "CRUX": ("crux", "gpt-4-turbo-2024-04-09", "Mixtral-8x7B-Instruct-v0.1"),
    "MATH": ("math-l5", "gpt-4-turbo-2024-04-09", "gpt-3.5-turbo-0125"),
    "Zebra": ("zebra-grid", "gpt-4o-2024-05-13", "gpt-3.5-turbo-0125"),
}


def graded_sets(folder: Path) -> Iterator[tuple[str, Outcomes, str, str]]:
    """Yield each set's name, outcomes, strong and weak model."""
    mmlu, gsm8k = read_benchmarks(folder)[:2]
    yield "MMLU", mmlu.judged, mmlu.strong, mmlu.weak
    yield "GSM8K", gsm8k.judged, gsm8k.strong, gsm8k.weak
    trained_on = {prompt_key(prompt) for prompt in load_corpus(folder).pro.prompts}
    for name, pair in PRO_PAIRS.items():
        pro = long_table(folder / "mmlu_pro_multi.parquet", pair)
        unseen = [i for i, prompt in enumerate(pro.prompts) if prompt_key(prompt) not in trained_on]
        yield name, pro.select(unseen), *pair
    yield "LLMRouter", long_table(folder / "llmrouter_multi.parquet", MIXED_PAIR), *MIXED_PAIR
    for name, (domain, strong, weak) in ZERO_PAIRS.items():
        zero = long_table(folder / "zeroeval_multi.parquet", (strong, weak))
        rows = [i for i, of in enumerate(zero.domains or ()) if of == domain]
        yield name, zero.select(rows), strong, weak
    yield "arena votes", arena_votes(folder / "arena_human_55k_subset.parquet"), "strong", "weak"
