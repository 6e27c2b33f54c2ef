"""A router's card: what it was made of and what it reaches, as data and as a page."""

from __future__ import annotations

import platform
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from shared_router.errors import NotFittedError
from shared_router.evaluation.metrics import Floats, apgr, calibration_error
from shared_router.pretrained.build.evaluate import (
    Benchmark,
    Line,
    domain_means,
    line,
    nearest_mean,
    paired_interval,
    random_line,
)
from shared_router.pretrained.build.score_tables import SHARES_HEAD, score_tables_page
from shared_router.pretrained.build.training import held_out_probabilities
from shared_router.quantiles import ScoreQuantiles

if TYPE_CHECKING:
    from shared_router.pretrained.build.corpus import Corpus
    from shared_router.pretrained.build.training import Trained

COMMAND = "python -m shared_router.pretrained.build --data DATA --model MODEL"
NEIGHBOURS = (10, 20, 40, 80)


def card_of(trained: Trained, corpus: Corpus, benchmarks: list[Benchmark]) -> dict[str, Any]:
    """Measure the router once on each benchmark, beside the baselines, and say how it was made."""
    held_out = held_out_probabilities(trained)
    k = _neighbours(trained)
    return {
        "name": "static-v1",
        "recommended_threshold": round(float(_quantiles(trained).threshold(0.5)), 4),
        "traffic": _quantiles(trained).source,
        "command": COMMAND,
        "machine": f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}",
        "strong": "gpt-4-1106-preview",
        "weak": "mixtral-8x7b-instruct-v0.1",
        "seed": trained.router.seed,
        "embedder": {"dim": trained.embedder.dim, "held_out_cosine": round(trained.cosine, 4)},
        "prompts": corpus.counts,
        "gold_cross_validation": {
            "apgr": _mean(apgr(p, trained.gold_strong, trained.gold_weak) for p in held_out),
            "calibration_error": _mean(calibration_error(p, trained.gold.wins) for p in held_out),
        },
        "benchmarks": [_measured(trained, benchmark, k) for benchmark in benchmarks],
    }


def _quantiles(trained: Trained) -> ScoreQuantiles:
    known = trained.router.score_quantiles_
    if known is None:
        raise NotFittedError("a router must be fitted before its card is made; call fit")
    return known


def _measured(trained: Trained, benchmark: Benchmark, k: int) -> dict[str, Any]:
    rows = trained.router.reader.embed(benchmark.prompts)
    p = trained.router.win_probability(benchmark.prompts)
    lengths = np.array([len(prompt) for prompt in benchmark.prompts], dtype=float)
    gold = trained.gold
    near = nearest_mean(gold.rows, gold.wins, rows.astype(np.float64), k=k)
    lines = [line("static-v1", p, benchmark), line(f"kNN (k={k}, gold rows)", near, benchmark)]
    if set(benchmark.domains) <= {*gold.subjects}:
        means = domain_means(list(gold.subjects), gold.wins, benchmark.domains)
        lines.append(line("domain mean (needs the label)", means, benchmark))
    lines += [line("prompt length", lengths, benchmark), random_line(benchmark)]
    low, high = paired_interval(benchmark, p, lengths)
    measured = {
        "name": benchmark.name,
        "queries": len(benchmark.prompts),
        "quality_strong": round(float(benchmark.strong.mean()), 4),
        "quality_weak": round(float(benchmark.weak.mean()), 4),
        "over_length": [round(low, 4), round(high, 4)],
        "calibration_error": round(
            calibration_error(p, np.asarray(benchmark.strong > benchmark.weak, float)), 4
        ),
        "lines": [_rounded(each) for each in lines],
    }
    template = np.array(benchmark.domains) != "moral_scenarios"
    if not template.all():
        measured["without_moral_scenarios"] = _without(benchmark, p, lengths, template)
    return measured


def _without(benchmark: Benchmark, p: Floats, lengths: Floats, kept: Any) -> dict[str, Any]:
    """Measure again without the one subject that is a single template asked 804 times."""
    rest = Benchmark(
        benchmark.name,
        [prompt for prompt, keep in zip(benchmark.prompts, kept, strict=True) if keep],
        benchmark.strong[kept],
        benchmark.weak[kept],
        [domain for domain in benchmark.domains if domain != "moral_scenarios"],
    )
    low, high = paired_interval(rest, p[kept], lengths[kept])
    return {
        "queries": len(rest.prompts),
        "apgr": round(apgr(p[kept], rest.strong, rest.weak), 4),
        "apgr_length": round(apgr(lengths[kept], rest.strong, rest.weak), 4),
        "over_length": [round(low, 4), round(high, 4)],
    }


def _neighbours(trained: Trained) -> int:
    """Choose k of the kNN baseline by cross-validation on gold, as everything here is chosen."""
    gold = trained.gold
    fold = np.random.default_rng(0).permutation(len(gold.rows)) % 5
    reached = {}
    for k in NEIGHBOURS:
        scores = np.zeros(len(fold))
        for out in (fold == part for part in range(5)):
            scores[out] = nearest_mean(gold.rows[~out], gold.wins[~out], gold.rows[out], k=k)
        reached[k] = apgr(scores, trained.gold_strong, trained.gold_weak)
    return max(reached, key=lambda k: reached[k])


def _mean(values: Any) -> float:
    return round(float(np.mean(list(values))), 4)


def _rounded(each: Line) -> dict[str, Any]:
    return {key: value if isinstance(value, str) else round(value, 4) for key, value in asdict(each).items()}


def page(card: dict[str, Any]) -> str:
    """Return the card as Markdown."""
    cv = card["gold_cross_validation"]
    parts = [
        f"# {card['name']}",
        f"P({card['strong']}'s answer is preferred to {card['weak']}'s | query), from a static embedding "
        f"({card['embedder']['dim']} wide, distilled from all-MiniLM-L6-v2; mean cosine to it on unseen text "
        f"{card['embedder']['held_out_cosine']}) under a head of subject and likeness "
        "(`shared_router/routers/static.py`). A tie counts for the weak model.",
        f"Recommended threshold: {card['recommended_threshold']}, which half of a mix of traffic reach: "
        f"{card['traffic']}. On other traffic it sends another share; `routellm show` prints the mix's.",
        "## Made from",
        _sources(card["prompts"]),
        "All three sources are Apache-2.0. No prompt of a benchmark below is among them: prompts that match "
        "one by normalised text, by question without choices, or in 13 words running were dropped. Gold is "
        "RouteLLM's 1,500 MMLU questions; every choice was made by cross-validation on it, never on a "
        f"benchmark. There: APGR {cv['apgr']}, calibration error {cv['calibration_error']}; many settings "
        "were compared on these rows, so this is optimistic.",
        f"Made by `{card['command']}` (seed {card['seed']}; {card['machine']}), where DATA holds the three "
        "sources and the benchmarks and MODEL all-MiniLM-L6-v2.",
        "## Reaches",
        *[benchmark_table(benchmark) for benchmark in card["benchmarks"]],
        "Intervals are 95%, from 1,000 resamples of the queries; for random, the range of 5 seeds.",
    ]
    if "score_tables" in card:
        parts += [SHARES_HEAD, score_tables_page(card["score_tables"])]
    return "\n\n".join(parts) + "\n"


def benchmark_table(benchmark: dict[str, Any]) -> str:
    """Return one benchmark's table, and what to know of it."""
    rows = "".join(
        f"\n| {r['router']} | {r['apgr']:.3f} | {r['low']:.3f} to {r['high']:.3f} | {r['decile_apgr']:.3f} "
        f"| {r['cpt50']:.2f} | {r['cpt80']:.2f} |"
        for r in benchmark["lines"]
    )
    low, high = benchmark["over_length"]
    text = (
        f"**{benchmark['name']}**, {benchmark['queries']:,} queries (quality: weak "
        f"{benchmark['quality_weak']}, strong {benchmark['quality_strong']})\n\n"
        "| router | APGR | interval | decile APGR | CPT(50%) | CPT(80%) |\n|---|---:|---:|---:|---:|---:|"
        f"{rows}\n\nstatic-v1 over prompt length: {low:+.3f} to {high:+.3f}. Calibration error "
        f"{benchmark['calibration_error']:.3f}."
    )
    rest = benchmark.get("without_moral_scenarios")
    if rest is None:
        return text
    low, high = rest["over_length"]
    return (
        f"{text} One subject, moral_scenarios, is one template asked "
        f"{benchmark['queries'] - rest['queries']} times; without it static-v1 reaches {rest['apgr']:.3f} "
        f"and prompt length {rest['apgr_length']:.3f}: {low:+.3f} to {high:+.3f}."
    )


def _sources(counts: dict[str, dict[str, int]]) -> str:
    rows = "".join(f"\n| {name} | {c['before']:,} | {c['kept']:,} |" for name, c in counts.items())
    return f"| source | prompts | kept |\n|---|---:|---:|{rows}"
