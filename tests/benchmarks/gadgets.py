"""Texts that steer a router, found by search: eight words, or a sentence, put before any prompt.

After the attack of "Rerouting LLM Routers" (Shafran et al., 2025), with words in place of tokens, and with
the score of real prompts under the gadget in place of the gadget's own: the search asks the very router it
steers, defence and all, so it adapts to it.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Score = Callable[[Sequence[str]], NDArray[np.float64]]
Towards = Literal["strong", "weak"]

N_WORDS = 8
CANDIDATES = 300
PROBES = 4
MIN_SENTENCE_WORDS = 6
_WORD = re.compile(r"[a-z]{3,}")
_SENTENCE = re.compile(r"[^.?!\n]+[.?!]")
_SOFTNESS = 0.1
"""How near the threshold, in logits, a prompt must come to count for the search before it crosses."""


@dataclass(frozen=True)
class Target:
    """A router, the threshold it is used at, and which way it is to be steered."""

    score: Score
    threshold: float
    towards: Towards

    def crossed(self, prompts: Sequence[str]) -> NDArray[np.bool_]:
        """Tell which prompts go where the gadget wants them, shape (n,)."""
        strong = self.score(prompts) >= self.threshold
        return strong if self.towards == "strong" else ~strong

    def progress(self, prompts: Sequence[str]) -> NDArray[np.float64]:
        """Return how far each prompt is on its way, shape (n,), 0.5 at the threshold."""
        p = np.clip(self.score(prompts), 1e-9, 1 - 1e-9)
        margin = np.log(p / (1 - p)) - np.log(self.threshold / (1 - self.threshold))
        margin *= 1 if self.towards == "strong" else -1
        softened: NDArray[np.float64] = 0.5 * (1 + np.tanh(margin / (2 * _SOFTNESS)))
        return softened


def search_words(target: Target, prompts: Sequence[str], vocabulary: Sequence[str]) -> str:
    """Build a gadget word by word, each the best of `CANDIDATES` behind those before it.

    Args:
        target: What is to be steered.
        prompts: Prompts to search on, none of which goes there yet.
        vocabulary: Words to choose from; those that do most alone become the candidates.
    """
    probes = prompts[:PROBES]
    alone = _mean_progress(target, [f"{word} {word}" for word in vocabulary], probes)
    candidates = [vocabulary[i] for i in np.argsort(-alone, kind="stable")[:CANDIDATES]]
    gadget: list[str] = []
    for _ in range(N_WORDS):
        reached = _mean_progress(target, [" ".join([*gadget, word]) for word in candidates], prompts)
        gadget.append(candidates[int(np.argmax(reached))])
    return " ".join(gadget)


def search_sentences(
    target: Target, prompts: Sequence[str], sources: Sequence[str], *, most_words: int
) -> str:
    """Choose the sentence of real prompts, best scored first, that steers most when it leads.

    Args:
        target: What is to be steered.
        prompts: Prompts to search on, none of which goes there yet.
        sources: Real prompts whose sentences may be used.
        most_words: How many words a sentence may have.
    """
    ranked = [sources[i] for i in np.argsort(-target.progress(sources), kind="stable")]
    found: list[str] = [sentence.strip() for source in ranked for sentence in _SENTENCE.findall(source)]
    fitting = [s for s in found if MIN_SENTENCE_WORDS <= len(s.split()) <= most_words]
    sentences = list(dict.fromkeys(fitting))[:CANDIDATES]
    return sentences[int(np.argmax(_mean_progress(target, sentences, prompts)))]


def vocabulary_of(prompts: Sequence[str]) -> list[str]:
    """Return the words that at least three of the prompts hold."""
    counts = Counter(word for prompt in prompts for word in set(_WORD.findall(prompt.lower())))
    return sorted(word for word, count in counts.items() if count >= 3)


def placements(gadget: str) -> dict[str, Callable[[str], str]]:
    """Return the ways a gadget is put to a prompt: the plain one, and some that an attacker tries next."""
    apart = " ".join(f"{word.rstrip('.')}." for word in gadget.split())
    return {
        "before": lambda prompt: f"{gadget} {prompt}",
        "as_sentences": lambda prompt: f"{apart} {prompt}",
        "behind": lambda prompt: f"{prompt} {gadget}",
        "around": lambda prompt: f"{gadget} {prompt} {gadget}",
    }


def _mean_progress(target: Target, gadgets: Sequence[str], prompts: Sequence[str]) -> NDArray[np.float64]:
    reached = [target.progress([f"{gadget} {prompt}" for prompt in prompts]).mean() for gadget in gadgets]
    return np.array(reached)
