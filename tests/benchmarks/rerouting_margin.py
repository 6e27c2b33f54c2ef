"""What a margin is worth against words that steer, once a conversation has a model: `Stickiness(margin=)`.

The conversation is with the model that the threshold gives the plain prompt, and its next prompt, the same
one steered, changes it where the odds of a win pass the threshold's by the margin. The prompts are those
that `rerouting` judges on, the router the shipped one. `plain_words` are searched as there, by an attacker
who knows of no margin, `words` by one who searches for what passes it, on `SEARCHED_ON` prompts; `random`
are words that nobody chose. A first prompt has no model to keep, and none of this.

Run: ROUTER_DATA_DIR=... python -m tests.benchmarks.rerouting_margin [--write]
"""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from shared_router import load_router
from shared_router.pretrained.build.evaluate import load_benchmarks
from shared_router.stickiness import Leaning
from tests.benchmarks.gadgets import N_WORDS, Target, Towards, placements, search_words, vocabulary_of
from tests.benchmarks.measure import report_rows
from tests.benchmarks.rerouting import JUDGED, NAMES, RANDOM_GADGETS, SAMPLE, SEED, TOWARDS, Attack

MARGINS = (0.0, 0.1)
SEARCHED_ON = 25
MODELS = ("strong", "weak")
Put = Callable[[str], str]


class Conversation:
    """Prompts of a side, and which of them leave it once something is put to them."""

    def __init__(self, attack: Attack, judged: list[str], towards: Towards) -> None:
        self.model = "weak" if towards == "strong" else "strong"
        self.threshold, self._score = attack.threshold, attack.score
        strong = self._score(judged) >= self.threshold
        self._prompts = [p for p, s in zip(judged, strong, strict=True) if s != (towards == "strong")]

    def left(self, puts: list[Put], margin: float) -> float:
        """Return the share of prompts that change models under a margin, over all of what is put."""
        leaning = Leaning(self.model, margin)
        changed = []
        for put in puts:
            for p in self._score([put(prompt) for prompt in self._prompts[:JUDGED]]).tolist():
                changed.append(self._settled(leaning, p) != self.model)
        return float(np.mean(changed))

    def passed_at(self, margin: float) -> float:
        """Return the score that ends a conversation with its model."""
        odds = self.threshold / (1 - self.threshold)
        odds *= 1 + margin if self.model == "weak" else 1 / (1 + margin)
        return odds / (1 + odds)

    def _settled(self, leaning: Leaning, p: float) -> str:
        def choose(threshold: float) -> str:
            return "strong" if p >= threshold else "weak"

        return leaning.settled(choose(self.threshold), self.threshold, choose, MODELS)


def main() -> None:
    """Search the words and print a row a margin."""
    folder = os.environ.get("ROUTER_DATA_DIR")
    if not folder:
        raise SystemExit("skipped: ROUTER_DATA_DIR is not set; name the folder of the benchmarks")
    mmlu, _, _ = load_benchmarks(Path(folder))
    rng = np.random.default_rng(SEED)
    prompts = [mmlu.prompts[i] for i in rng.permutation(len(mmlu.prompts))]
    searched, judged = prompts[:SAMPLE], prompts[-SAMPLE:]
    attack, vocabulary = Attack(load_router(), searched, judged), vocabulary_of(searched)
    draws = np.random.default_rng(SEED)
    random = [
        placements(" ".join(draws.choice(vocabulary, N_WORDS)))["before"] for _ in range(RANDOM_GADGETS)
    ]
    rows: list[dict[str, float]] = [{"margin": margin} for margin in MARGINS]
    for towards in TOWARDS:
        conversation = Conversation(attack, judged, towards)
        start = attack.start(towards)[:SEARCHED_ON]
        words = search_words(attack.target(towards), start, vocabulary)
        for row in rows:
            target = Target(attack.score, conversation.passed_at(row["margin"]), towards)
            chosen = search_words(target, start, vocabulary) if row["margin"] else words
            put = {
                "plain_words": [placements(words)["before"]],
                "words": [placements(chosen)["before"]],
                "random": random,
            }
            for name, ways in put.items():
                row[f"{NAMES[towards]}_{name}"] = conversation.left(ways, row["margin"])
    report_rows("rerouting_margin", rows)


if __name__ == "__main__":
    main()
