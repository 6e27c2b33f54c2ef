"""What the shipped router costs on real prompts that it sees for the first time.

Five kinds of prompts; for each, fresh processes that score them one by one, in turns of 25: the shipped
router, the first one that shipped and its tokenizer alone, and LiteLLM's two heuristics, pinned, in an
environment that is made in a temporary folder (`--litellm PYTHON` names one that has it). The second half of
a kind is scored by a warm process, and once more at once, by one that has seen the first half. Times are CPU
time of one thread, which a busy machine disturbs less; those by the clock are printed too.

Run: python -m tests.benchmarks.first_seen [--litellm PYTHON] [--beside FOLDER] [--write]

`--beside` names another checkout of this repository, whose router takes its turns.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.measure import print_table, process_ms, report
from tests.benchmarks.real_prompts import KINDS, real_prompts

LITELLM = "litellm==1.110.0"
N_PROMPTS = 200
TURN = 25
STARTS = 9
ROOT = Path(__file__).parents[2]
SCORERS = Path(__file__).with_name("timed_scorers.py")
FIRST_SCORE = "from shared_router import load_router; load_router().win_probability(['Why?'])"
Times = dict[str, list[tuple[float, float]]]


class Process:
    """A process that scores prompts, with the microseconds that each took."""

    def __init__(self, scorer: str, *, python: str = sys.executable, folder: Path = ROOT) -> None:
        self.process = subprocess.Popen(
            [python, str(SCORERS), scorer],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=_one_thread(folder),
        )
        self._read()

    def ask(self, asked: object) -> list[tuple[float, float]]:
        """Return microseconds of CPU time and by the clock."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return [(cpu, clock) for cpu, clock in self._read()]

    def close(self) -> None:
        """End the process."""
        self.process.communicate()

    def _read(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())


def _one_thread(folder: Path) -> dict[str, str]:
    threads = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "RAYON_NUM_THREADS": "1"}
    return {**os.environ, **threads, "PYTHONPATH": str(folder)}


@contextmanager
def litellm_python(given: str | None) -> Iterator[str | None]:
    """Give an interpreter that has the pinned LiteLLM, or None where it cannot be installed."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / "bin" / "python")
        install = [python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", LITELLM]
        done = subprocess.run(install, capture_output=True, text=True)
        yield python if done.returncode == 0 else None


def measure_kind(prompts: list[str], programs: dict[str, dict[str, Any]]) -> dict[str, Times]:
    """Return the times of fresh processes on the first half, of warm ones on the second, and at once."""
    half = len(prompts) // 2
    with ExitStack() as stack:
        processes = {name: Process(**options) for name, options in programs.items()}
        for process in processes.values():
            stack.callback(process.close)
        times: dict[str, Times] = {"fresh": {name: [] for name in programs}, "warm": {}, "batch": {}}
        times["warm"] = {name: [] for name in programs}
        for state, part in (("fresh", prompts[:half]), ("warm", prompts[half:])):
            for start in range(0, len(part), TURN):
                for name, process in processes.items():
                    times[state][name] += process.ask(part[start : start + TURN])
    with ExitStack() as stack:
        for name, options in programs.items():
            process = Process(**options)
            stack.callback(process.close)
            process.ask(["Why?"])  # what a process makes once is no batch's
            times["batch"][name] = [
                (cpu / len(prompts), clock / len(prompts)) for cpu, clock in process.ask({"batch": prompts})
            ]
    return times


def first_score(folder: Path = ROOT) -> dict[str, float]:
    """Return the milliseconds of a process's first score with the import, and of importing numpy alone."""
    numpy, ours = process_ms(
        ("import numpy", FIRST_SCORE), rounds=STARTS, environment=_one_thread(folder), clock="process_time"
    )
    return {"first_score_ms": ours, "first_score_over_numpy_ms": ours - numpy}


def rows_of(kind: str, state: str, times: Times) -> list[dict[str, Any]]:
    """Return a row a scorer, with its ratio to the shipped router's of the same turns."""
    ours = np.percentile([cpu for cpu, _ in times["static"]], [50, 99])
    rows = []
    for name, found in times.items():
        cpu = np.percentile([cpu for cpu, _ in found], [50, 99])
        clock = np.percentile([clock for _, clock in found], [50, 99])
        rows.append(
            {
                "prompts": kind,
                "process": state,
                "scorer": name,
                "p50 us": float(cpu[0]),
                "p99 us": float(cpu[1]),
                "clock p50": float(clock[0]),
                "clock p99": float(clock[1]),
                "static p50 over it": float(ours[0] / cpu[0]),
                "static p99 over it": float(ours[1] / cpu[1]),
            }
        )
    return rows


def figures_of(found: dict[str, dict[str, Times]]) -> dict[str, float]:
    """Return what the shipped router takes and its ratios to the others, of warm processes, in CPU time."""
    figures: dict[str, float] = {}
    warm: dict[str, list[float]] = {}
    for kind, states in found.items():
        cpu = {name: [cpu for cpu, _ in times] for name, times in states["warm"].items()}
        figures[f"{kind}_p50_us"] = float(np.percentile(cpu["static"], 50))
        figures[f"{kind}_batch_per_s"] = 1e6 / states["batch"]["static"][0][0]
        for name, times in cpu.items():
            warm.setdefault(name, []).extend(times)
    for q in (50, 99):
        ours = {name: float(np.percentile(times, q)) for name, times in warm.items()}
        figures[f"all_p{q}_us"] = ours["static"]
        figures |= {
            f"all_p{q}_over_{name}": ours["static"] / of for name, of in ours.items() if name != "static"
        }
    if "beside" in warm:
        batches = [states["batch"] for states in found.values()]
        once = {name: sum(batch[name][0][0] for batch in batches) for name in ("static", "beside")}
        figures["batch_over_beside"] = once["beside"] / once["static"]
    return figures


def measure_first_seen(litellm: str | None = None, beside: str | None = None) -> dict[str, float]:
    """Print a table a kind; return the figures, as `figures_of` does, and those of `first_score`."""
    prompts = real_prompts(N_PROMPTS)
    programs: dict[str, dict[str, Any]] = {
        "static": {"scorer": "static"},
        "static_v1": {"scorer": "static_v1"},
        "tokenizer": {"scorer": "tokenizer"},
    }
    if beside is not None:
        programs["beside"] = {"scorer": "static", "folder": Path(beside)}
    with litellm_python(litellm) as python:
        if python is None:
            print(f"LiteLLM's rows are missing: {LITELLM} cannot be installed here")
        else:
            programs |= {n: {"scorer": n, "python": python} for n in ("litellm_v1", "litellm_v2")}
        found = {kind: measure_kind(prompts[kind], programs) for kind in KINDS}
    rows = [rows_of(kind, state, times) for kind, states in found.items() for state, times in states.items()]
    print_table(list(chain.from_iterable(rows)))
    return figures_of(found) | first_score()


def main() -> None:
    """Print the tables and the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--litellm", help="an interpreter that has LiteLLM")
    parser.add_argument("--beside", help="another checkout of this repository")
    parser.add_argument("--write", action="store_true", help="keep the figures for the docs")
    given = parser.parse_args()
    report("first_seen", measure_first_seen(given.litellm, given.beside))


if __name__ == "__main__":
    main()
