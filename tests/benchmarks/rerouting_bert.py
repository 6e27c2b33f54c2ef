"""What the words that steer the shipped router do to a fine-tuned bert: the last row of the transfer.

A row of its own, since a bert takes minutes to train and to ask: one seed of `routers_quality`'s (MiniLM, two
layers, two heads, on the 1,500 gold prompts), and fewer prompts than the other rows have: `SEARCHED_ON` of
the half to search on give the threshold, and success is judged on up to `JUDGED` unseen prompts of
`JUDGED_OF`. Only the eight words are put, before a prompt; they are searched as `rerouting` searches them.
`random` is what eight words that nobody chose turn, in as many draws as there.

Run: ROUTER_DATA_DIR=... python -m tests.benchmarks.rerouting_bert [--write]
"""

import os
from pathlib import Path

import numpy as np

from shared_router import load_router
from shared_router.pretrained.build.evaluate import load_benchmarks
from tests.benchmarks.gadgets import placements, search_words, vocabulary_of
from tests.benchmarks.measure import report
from tests.benchmarks.mmlu_routing import load_mmlu
from tests.benchmarks.rerouting import JUDGED, NAMES, SAMPLE, SEARCHED, SEED, TOWARDS, Attack
from tests.benchmarks.routers_quality_finetuned import fit_bert

SEARCHED_ON, JUDGED_OF = 500, 800


def main() -> None:
    """Search the words, train a bert, and print what they turn."""
    folder = os.environ.get("ROUTER_DATA_DIR")
    if not folder:
        raise SystemExit("skipped: ROUTER_DATA_DIR is not set; name the folder of the benchmarks")
    import torch

    torch.set_num_threads(1)
    mmlu, _, _ = load_benchmarks(Path(folder))
    rng = np.random.default_rng(SEED)
    prompts = [mmlu.prompts[i] for i in rng.permutation(len(mmlu.prompts))]
    searched, judged = prompts[:SAMPLE], prompts[-SAMPLE:]
    shipped = Attack(load_router(), searched, judged)
    words = {
        towards: search_words(
            shipped.target(towards), shipped.start(towards)[:SEARCHED], vocabulary_of(searched)
        )
        for towards in TOWARDS
    }
    print(words, flush=True)
    bert = fit_bert(load_mmlu()[0], SEED)
    attack = Attack(bert, searched[:SEARCHED_ON], judged[:JUDGED_OF])
    figures: dict[str, float] = {"judged_at_most": JUDGED, "judged_of": JUDGED_OF}
    for towards, gadget in words.items():
        put = placements(gadget)["before"]
        figures[f"shipped_{NAMES[towards]}"] = shipped.success(towards, put)
        figures[f"bert_{NAMES[towards]}"] = attack.success(towards, put)
        figures[f"bert_{NAMES[towards]}_random"] = attack.random_success(towards)
    report("rerouting_bert", figures)


if __name__ == "__main__":
    main()
