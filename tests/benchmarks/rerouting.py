"""Who can steer the bill, and by how much: gadgets found by search, their transfer, and harmless noise.

On RouteLLM's MMLU prompts, `ROUTER_DATA_DIR`: a half to search on, the other to judge on, so that every
figure is a share of prompts that the search has not seen. `static` is the first shipped router, `general`
the second; `whole` the first one fitted to read a prompt whole, as it was before; each gadget is searched
against the router it is judged on, but for `transfer_`, where general's gadgets meet routers that learned
from the 1,500 gold prompts; `rerouting_bert` has that row of a bert.
The threshold is each router's median over the prompts searched on, so that half of them go strong.

Run: ROUTER_DATA_DIR=... python -m tests.benchmarks.rerouting [--write]
"""

import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router import PreferenceData, Router, load_router
from shared_router.pretrained.build.battles import gold_battles, like_battles
from shared_router.pretrained.build.corpus import load_corpus
from shared_router.pretrained.build.evaluate import load_benchmarks, paired_interval
from shared_router.routers.knn import KNNRouter
from shared_router.routers.matrix_factorization import MatrixFactorizationRouter
from shared_router.routers.similarity_weighted import SimilarityWeightedRouter
from shared_router.routers.static import StaticRouter
from tests.benchmarks.gadgets import (
    N_WORDS,
    Score,
    Target,
    Towards,
    placements,
    search_sentences,
    search_words,
    vocabulary_of,
)
from tests.benchmarks.harmless_noise import NOISE
from tests.benchmarks.measure import print_table, report, take_turns

SEED = 0
SAMPLE = 2000
"""Prompts of either half: the judged ones are none of those searched on."""

SEARCHED, JUDGED, SOURCES = 50, 400, 300
SENTENCES = {"short_sentence": 12, "long_sentence": 30}
RANDOM_GADGETS = 10
NOISY = 500
TIMED = 3000
TOWARDS: tuple[Towards, Towards] = ("strong", "weak")
NAMES: dict[Towards, str] = {"strong": "up", "weak": "down"}


class Attack:
    """What is searched for and judged on one router.

    Args:
        router: The router.
        searched: Prompts of the half to search on.
        judged: Prompts of the half to judge on.
    """

    def __init__(self, router: Router, searched: Sequence[str], judged: Sequence[str]) -> None:
        self.score = router.win_probability
        self._searched, self._judged = searched, judged
        self._scores = self.score(searched)
        self.threshold = float(np.median(self._scores))
        self._judged_scores = self.score(judged)

    def target(self, towards: Towards) -> Target:
        """Return the router as something to be steered."""
        return Target(self.score, self.threshold, towards)

    def found(self, towards: Towards) -> tuple[str, dict[str, str]]:
        """Search the words that steer most, and the short and the long sentence."""
        target = self.target(towards)
        start = self.start(towards)
        words = search_words(target, start[:SEARCHED], vocabulary_of(self._searched))
        kept = set(start)
        high = [prompt for prompt in self._searched if prompt not in kept][:SOURCES]
        sentences = {
            name: search_sentences(target, start[:SEARCHED], high, most_words=most)
            for name, most in SENTENCES.items()
        }
        return words, sentences

    def start(self, towards: Towards) -> list[str]:
        """Return the prompts searched on that do not go there by themselves."""
        return self._from(self._searched, self._scores, towards)

    def success(self, towards: Towards, put: Callable[[str], str]) -> float:
        """Return the share of unseen prompts that a gadget turns."""
        unseen = self._from(self._judged, self._judged_scores, towards)[:JUDGED]
        return float(self.target(towards).crossed([put(prompt) for prompt in unseen]).mean())

    def random_success(self, towards: Towards) -> float:
        """Return what words that nobody chose turn."""
        rng, words = np.random.default_rng(SEED), vocabulary_of(self._searched)
        gadgets = [" ".join(rng.choice(words, N_WORDS)) for _ in range(RANDOM_GADGETS)]
        return float(np.mean([self.success(towards, placements(each)["before"]) for each in gadgets]))

    def _from(self, prompts: Sequence[str], scores: NDArray[np.float64], towards: Towards) -> list[str]:
        """Return the prompts that do not go there by themselves."""
        strong = scores >= self.threshold
        return [p for p, s in zip(prompts, strong, strict=True) if s != (towards == "strong")]


def steered(attack: Attack) -> tuple[dict[str, float], dict[Towards, str]]:
    """Search both ways, and return every success rate and the gadgets of words."""
    rates: dict[str, float] = {}
    gadgets: dict[Towards, str] = {}
    for towards in TOWARDS:
        words, sentences = attack.found(towards)
        gadgets[towards] = words
        for name, put in placements(words).items():
            rates[f"{NAMES[towards]}_words_{name}"] = attack.success(towards, put)
        for name, sentence in sentences.items():
            rates[f"{NAMES[towards]}_{name}"] = attack.success(towards, placements(sentence)["before"])
        rates[f"{NAMES[towards]}_random"] = attack.random_success(towards)
    return rates, gadgets


def noise_flips(score: Score, prompts: Sequence[str]) -> dict[str, float]:
    """Return, for each kind of noise, the share of prompts whose model it changes at the median score."""
    scores = score(prompts)
    median = float(np.median(scores))
    strong = scores >= median
    flips = {}
    for kind, ways in NOISE.items():
        changed = [(score([add(prompt) for prompt in prompts]) >= median) != strong for add in ways]
        flips[f"noise_{kind}"] = float(np.mean(changed))
    return flips


def others_of(battles: PreferenceData) -> dict[str, Router]:
    """Return routers of other kinds, trained on the gold prompts with their defaults."""
    return {
        "sw": SimilarityWeightedRouter().fit(battles),
        "mf": MatrixFactorizationRouter().fit(battles),
        "knn": KNNRouter().fit(battles),
    }


def transfer(gadgets: Mapping[Towards, str], routers: Mapping[str, Attack]) -> dict[str, float]:
    """Return what the gadgets of one router turn on others."""
    return {
        f"transfer_{name}_{NAMES[towards]}": attack.success(towards, placements(gadget)["before"])
        for name, attack in routers.items()
        for towards, gadget in gadgets.items()
    }


def time_ratio(first: Score, second: Score, prompts: Sequence[str]) -> float:
    """Return the ratio of the median times of one query, asked of both in turns."""
    asked = itertools.cycle(prompts)
    calls = {"first": lambda: first([next(asked)]), "second": lambda: second([next(asked)])}
    times = take_turns(calls, rounds=TIMED)
    return times["first"].p50 / times["second"].p50


def main() -> None:
    """Print a table of every router, and what guarding costs."""
    folder = os.environ.get("ROUTER_DATA_DIR")
    if not folder:
        raise SystemExit("skipped: ROUTER_DATA_DIR is not set; name the folder of the benchmarks")
    mmlu, gsm8k, mtbench = load_benchmarks(Path(folder))
    corpus = load_corpus(Path(folder))
    battles, subjects = gold_battles(corpus)
    whole = StaticRouter(trim=None).fit(battles, subjects=subjects, like=like_battles(corpus))
    static = load_router("static-v1")
    rng = np.random.default_rng(SEED)
    prompts = [mmlu.prompts[i] for i in rng.permutation(len(mmlu.prompts))]
    searched, judged = prompts[:SAMPLE], prompts[-SAMPLE:]
    noisy = [*judged[:NOISY], *gsm8k.prompts[:NOISY], *mtbench.prompts]
    rows: list[dict[str, Any]] = []
    figures: dict[str, float] = {}
    for name, router in {"whole": whole, "static": static, "general": load_router()}.items():
        rates, gadgets = steered(Attack(router, searched, judged))
        rates |= noise_flips(router.win_probability, noisy)
        rows.append({"router": name, **rates})
        figures |= {f"{name}_{key}": rate for key, rate in rates.items()}
        print(f"{name}: {gadgets}", flush=True)
    print_table(rows)
    others = {name: Attack(each, searched, judged) for name, each in others_of(battles).items()}
    figures |= transfer(gadgets, others)
    ask, ask_whole = static.win_probability, whole.win_probability
    figures["time_ratio_p50"] = time_ratio(ask, ask_whole, judged)
    low, high = paired_interval(mmlu, ask(mmlu.prompts), ask_whole(mmlu.prompts))
    figures |= {"mmlu_apgr_change_low": low, "mmlu_apgr_change_high": high}
    report("rerouting", figures)


if __name__ == "__main__":
    main()
