"""How fast logs are read, and in how little memory.

Each format's fixture in tests/data/records gives a row; copies of it with prompts, answers and ids of their
own make a file of the wanted size, which is read in a process of its own. Speed is rows a second of one
processor's time; memory is the process's highest, the program itself included.

Run: python -m tests.benchmarks.records_speed [--megabytes 1000] [--only litellm] [--write]
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from shared_router import read_outcomes
from tests.benchmarks.measure import print_table, report
from tests.records.fixtures import FOLDER, PROMPTS

_TEMPLATES = {
    "scored": ("scored_long.jsonl", "nothing"),
    "openai_batch": ("openai_batch/requests.jsonl", "q0"),
    "langsmith": ("langsmith/runs.jsonl", "run-0"),
    "langfuse": ("langfuse_blob/observations_v2/2025.jsonl", "o5"),
    "openinference": ("openinference.jsonl", "s0"),
    "helicone": ("helicone.jsonl", "h0"),
    "litellm": ("litellm_callback.jsonl", "l0"),
    "lm_eval": ("lm_eval/org__big/samples_sums_2025-10-09T08-53-20.123456.jsonl", "hash0"),
    "arena": ("arena_33k.jsonl", "a1"),
}
"""For each format its fixture, whose first line is copied, and the id in that line."""

_WORDS = 150
"""Words in a prompt, and again in an answer."""


def write_log(name: str, path: Path, megabytes: float) -> int:
    """Write a log of about the given size; return its rows."""
    count, size = 0, 0
    with path.open("w", encoding="utf-8") as file:
        for line in _lines(name):
            size += file.write(line)
            count += 1
            if size >= megabytes * 1e6:
                return count
    return count


def _lines(name: str) -> Iterator[str]:
    fixture, old_id = _TEMPLATES[name]
    line = (FOLDER / fixture).read_text("utf-8").splitlines()[0]
    rng = random.Random(1)
    words = [f"word{place}" for place in range(5000)]
    texts = [" ".join(rng.choices(words, k=_WORDS)) for _ in range(1000)]
    number = 0
    while True:
        number += 1
        prompt, answer = (f"{rng.choice(texts)} {number}" for _ in range(2))
        made = line.replace(f'"{old_id}"', f'"{old_id}-{number}"').replace('"4"', f'"{answer}"')
        for known in PROMPTS:
            made = made.replace(known, prompt)
        yield made + "\n"


def read_one(path: str) -> None:
    """Read a log and print what it took; memory is this process's highest."""
    start = time.process_time()
    reading = read_outcomes(path)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(
        json.dumps({"rows": reading.rows, "prompts": len(reading.outcomes), "seconds": seconds, "peak": peak})
    )


def measure(name: str, megabytes: float) -> dict[str, float]:
    """Write a log of a format and read it in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        rows = write_log(name, path, megabytes)
        command = [sys.executable, "-m", "tests.benchmarks.records_speed", "--read", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    if found["prompts"] != rows:
        raise SystemExit(f"{name}: read {found['prompts']} of {rows} prompts")
    return {
        "rows": rows,
        "rows_per_s": rows / found["seconds"],
        "megabytes_per_s": megabytes / found["seconds"],
        "peak_mb": found["peak"] / 1e6,
    }


def main() -> None:
    """Measure every format and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=float, default=1000.0)
    parser.add_argument("--only", choices=sorted(_TEMPLATES))
    parser.add_argument("--read", metavar="PATH", help=argparse.SUPPRESS)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    if arguments.read:
        read_one(arguments.read)
        return
    names = [arguments.only] if arguments.only else list(_TEMPLATES)
    results = {name: measure(name, arguments.megabytes) for name in names}
    print_table([{"format": name, **found} for name, found in results.items()])
    figures = {"megabytes": arguments.megabytes}
    figures |= {f"{name}_rows_per_s": found["rows_per_s"] for name, found in results.items()}
    figures |= {f"{name}_peak_mb": found["peak_mb"] for name, found in results.items()}
    report("records_speed", figures)


if __name__ == "__main__":
    main()
