"""`routellm show`: what a router's scores mean, read from its checkpoint without loading it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from shared_router.registry import (
    DEFAULT_ROUTER,
    recommended_threshold,
    saved_config,
    saved_quantiles,
    saved_score_tables,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from shared_router.quantiles import ScoreQuantiles

_SETTINGS = ("ties", "strong", "weak", "embedder", "encoder", "model")
_SHARES = tuple(tenth / 10 for tenth in range(1, 10))
_SOME_SHARES = (0.1, 0.2, 0.3, 0.5, 0.7)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the router, its pin and `--json`."""
    parser.add_argument(
        "router",
        nargs="?",
        metavar="NAME",
        help="a shipped router's name or a saved one's folder (default: the shipped)",
    )
    parser.add_argument("--expected-sha256", metavar="HASH", help="refuse any other checkpoint")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> None:
    """Print what the checkpoint is, how ties were read, and which threshold sends which share strong."""
    pin = {"expected_sha256": arguments.expected_sha256}
    config = saved_config(arguments.router, **pin)
    known = saved_quantiles(arguments.router, **pin)
    tables = saved_score_tables(arguments.router, **pin)
    told: dict[str, Any] = {
        "router": arguments.router or DEFAULT_ROUTER,
        "kind": config.kind,
        "sha256": config.sha256,
        **{name: config.settings[name] for name in _SETTINGS if config.settings.get(name) is not None},
        "threshold": recommended_threshold(arguments.router, otherwise=0.5, **pin),
    }
    if arguments.json:
        thresholds = {} if known is None else {str(share): known.threshold(share) for share in _SHARES}
        quantiles = None if known is None else known.as_settings()
        of_sets = {
            name: {str(share): each.threshold(share) for share in _SHARES} for name, each in tables.items()
        }
        print(
            json.dumps(
                {**told, "score_quantiles": quantiles, "thresholds": thresholds, "score_tables": of_sets}
            )
        )
        return
    told["threshold"] = f"{told['threshold']:.4g}"
    for name, value in told.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        print(f"{name:<11}{''.join(char if char.isprintable() else '?' for char in shown)}")
    print(_table(known))
    if tables:
        print(_tables(tables))


def _tables(tables: Mapping[str, ScoreQuantiles]) -> str:
    """Return the thresholds on each named set, a column for some shares."""
    head = "".join(f"{share:>9}" for share in _SOME_SHARES)
    rows = "".join(
        f"\n{name:<17}" + "".join(f"{known.threshold(share):>9.4g}" for share in _SOME_SHARES)
        for name, known in tables.items()
    )
    return f"\nby set of prompts{head}{rows}"


def _table(known: ScoreQuantiles | None) -> str:
    if known is None:
        return (
            "scores     no quantiles are kept, so nobody can say which share a threshold sends strong; "
            "fit and save it anew"
        )
    rows = "".join(f"\n{share:<17}{known.threshold(share):.4g}" for share in _SHARES)
    return (
        f"scores     {known.low:.4g} to {known.high:.4g} on {known.n_queries} {known.source}\n\n"
        f"strong_fraction  threshold{rows}"
    )
