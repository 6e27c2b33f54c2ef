"""Make the shipped embedder and router; see the package."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from shared_router.checkpoints.card import add_card
from shared_router.embedding.shipped import DEFAULT_EMBEDDER
from shared_router.embedding.static import StaticEmbedder
from shared_router.registry import DEFAULT_ROUTER

PRETRAINED = Path(__file__).parents[1]


def main() -> None:
    """Read the arguments and write both checkpoints and the card."""
    parser = argparse.ArgumentParser(description="Make the shipped embedder and router.")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the sources and benchmarks")
    embedder = parser.add_mutually_exclusive_group(required=True)
    embedder.add_argument("--model", type=Path, help="the folder of all-MiniLM-L6-v2, to distil")
    embedder.add_argument("--keep-embedder", action="store_true", help="fit the router on the shipped one")
    parser.add_argument("--out", type=Path, default=PRETRAINED, help="where to write (default: the package)")
    parser.add_argument("--cache", type=Path, help="where to keep the encoder's rows between runs")
    build(parser.parse_args())


def build(arguments: argparse.Namespace) -> None:
    """Train, write, and measure what was written."""
    from shared_router.pretrained.build.card import card_of, page
    from shared_router.pretrained.build.corpus import load_corpus
    from shared_router.pretrained.build.evaluate import load_benchmarks
    from shared_router.pretrained.build.traffic import traffic_quantiles
    from shared_router.pretrained.build.training import fit_router, train

    corpus = load_corpus(arguments.data)
    if arguments.keep_embedder:
        shipped = json.loads((PRETRAINED / DEFAULT_ROUTER / "card.json").read_bytes())
        embedder = StaticEmbedder.load(PRETRAINED / DEFAULT_EMBEDDER)
        trained = fit_router(corpus, embedder, shipped["embedder"]["held_out_cosine"])
    else:
        with tempfile.TemporaryDirectory() as passing:
            trained = train(corpus, arguments.model, arguments.cache or Path(passing))
        trained.embedder.save(arguments.out / DEFAULT_EMBEDDER, overwrite=True)
    trained.router.score_quantiles_ = traffic_quantiles(trained.router, arguments.data)
    trained.router.save_on(DEFAULT_EMBEDDER, arguments.out / DEFAULT_ROUTER, overwrite=True)
    card = card_of(trained, corpus, load_benchmarks(arguments.data))
    folder = arguments.out / DEFAULT_ROUTER
    add_card(folder, (json.dumps(card, indent=1) + "\n").encode())
    (folder / "CARD.md").write_text(page(card), "utf-8")
    sys.stdout.write(page(card))


if __name__ == "__main__":
    # one thread, so that sums are added in one order and two runs give the same bits
    if os.environ.get("OMP_NUM_THREADS") != "1":
        os.environ["OMP_NUM_THREADS"] = "1"
        os.execv(sys.executable, [sys.executable, "-m", "shared_router.pretrained.build", *sys.argv[1:]])
    main()
