"""A run that dies at any step leaves what the same command makes whole: each row once, of the right router.

A child of this process kills itself before the n-th thing it does to a file, for every n there is, and the
same is then run to its end.
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from shared_router import load_router
from shared_router.batch import run
from shared_router.batch.parts import parts_of
from shared_router.batch.score import score_files

STEPS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "os.truncate")
PROMPTS = [f"{i}. What is {i} + {i}?" for i in range(3)]

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot copy a process"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded"),  # numpy's threads, which rest
]


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows a part, so that few rows make several; a kill needs no disk to have kept what was written."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setattr(run, "parts_of", partial(parts_of, part_bytes=60, part_rows=2))


def written(folder: Path, prompts: list[str]) -> Path:
    """A folder of lines, which each process reads for itself, and of a table, which is handed out."""
    folder.mkdir(exist_ok=True)
    lines = "".join(json.dumps({"prompt": prompt}) + "\n" for prompt in prompts)
    (folder / "a.jsonl").write_text(lines, "utf-8")
    (folder / "b.csv").write_text("\n".join(["prompt", *prompts]) + "\n", "utf-8")
    return folder


def killed_at(step: int, action: Callable[[], object]) -> bool:
    """Run in a child that is killed before that step; return whether it came so far."""
    child = os.fork()
    if not child:
        left = step

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            if event in STEPS and (event != "open" or "r" not in str(arguments[1] or "r")):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        try:
            sys.addaudithook(count)
            action()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def scores_in(out: Path) -> list[list[float]]:
    lines = (out / "a.jsonl").read_text("utf-8").splitlines()
    table = (out / "b.csv").read_text("utf-8").splitlines()
    assert table[0] == "win_probability"
    return [[json.loads(line)["win_probability"] for line in lines], [float(line) for line in table[1:]]]


def check_every_step(
    out: Path,
    *,
    before: Callable[[], object] = bool,
    killed: Callable[[], object],
    then: Callable[[], object] = bool,
    again: Callable[[], object],
    router: str = "static-v2",
    prompts: list[str] = PROMPTS,
) -> None:
    """Kill a run at every step in turn, and have another one make all whole."""
    alone = pytest.approx(list(load_router(router).win_probability(prompts)), abs=1e-6)
    step, came_so_far = 0, True
    while came_so_far:
        step += 1
        shutil.rmtree(out, ignore_errors=True)
        before()
        came_so_far = killed_at(step, killed)
        then()
        again()
        assert scores_in(out) == [alone, alone], f"a kill before step {step}"
        assert not list((out / ".routellm-score").glob("*/*/")), "no part may be left"
    assert step > 20, "a run takes many steps"


def test_a_run_may_die_at_any_step(tmp_path: Path) -> None:
    source, out = written(tmp_path / "in", PROMPTS), tmp_path / "out"
    run_it = partial(score_files, [source], out, processes=1)
    check_every_step(out, killed=run_it, again=run_it)


def test_a_run_that_replaces_another_routers_scores_may_die_at_any_step(tmp_path: Path) -> None:
    source, out = written(tmp_path / "in", PROMPTS), tmp_path / "out"
    old = partial(score_files, [source], out, router="static-v1", processes=1)
    new = partial(score_files, [source], out, router="static-v2", processes=1, overwrite=True)
    check_every_step(out, before=old, killed=new, again=new)


def test_files_that_change_after_a_run_has_died_are_scored_as_they_are_now(tmp_path: Path) -> None:
    """The new prompts are as many and as long, so that sizes tell nothing."""
    source, out = tmp_path / "in", tmp_path / "out"
    others = [prompt.replace("What", "Whom") for prompt in PROMPTS]
    run_it = partial(score_files, [source], out, processes=1, overwrite=True)
    old, new = partial(written, source, PROMPTS), partial(written, source, others)
    check_every_step(out, before=old, killed=run_it, then=new, again=run_it, prompts=others)


def test_a_run_over_changed_files_may_die_at_any_step(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    others = [prompt.replace("What", "Whom") for prompt in PROMPTS]

    def old_run_new_files() -> None:
        score_files([written(source, PROMPTS)], out, processes=1)
        written(source, others)

    new = partial(score_files, [source], out, processes=1, overwrite=True)
    check_every_step(out, before=old_run_new_files, killed=new, again=new, prompts=others)


def test_the_old_scores_stay_until_the_new_ones_are_whole(tmp_path: Path) -> None:
    source, out = written(tmp_path / "in", PROMPTS), tmp_path / "out"
    score_files([source], out, router="static-v1", processes=1)
    old = scores_in(out)
    replace = partial(score_files, [source], out, router="static-v2", processes=1, overwrite=True)
    assert killed_at(8, replace), "a run must be killed while it scores"
    assert scores_in(out) == old
