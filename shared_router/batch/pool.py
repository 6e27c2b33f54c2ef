"""Processes that score parts, one a core, and end with the run."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from shared_router.batch.worker import DonePart, Task, score_part, use, use_in_process
from shared_router.errors import BatchError

MadeFrom = tuple[str | Path | None, str, str | None]
"""What a `RouterScorer` is made from: the router, the column and the hash."""

Outcome = Callable[[], DonePart]
"""Returns what has become of a task, or raises."""

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def scored(tasks: Iterable[Task], made_from: MadeFrom, n_processes: int) -> Generator[tuple[Task, Outcome]]:
    """Yield tasks as they end, and what has become of them.

    Args:
        tasks: What to do; two a process are taken ahead.
        made_from: The router to score with.
        n_processes: How many processes score; one is this one.

    Raises:
        BatchError: If a process has been ended from outside.
    """
    if n_processes == 1:
        use(*made_from)
        for task in tasks:
            yield task, partial(score_part, task)
        return
    context = multiprocessing.get_context("spawn")
    run_goes_on, ours = context.Pipe(duplex=False)
    starting = (run_goes_on, *made_from)
    with (
        ours,
        _one_thread_each(),
        ProcessPoolExecutor(n_processes, context, initializer=use_in_process, initargs=starting) as pool,
    ):
        waiting: dict[Future[DonePart], Task] = {}
        goes_on = True
        try:
            for task in tasks:
                waiting[pool.submit(score_part, task)] = task
                if len(waiting) >= 2 * n_processes:
                    yield from _ended(waiting)
            while waiting:
                yield from _ended(waiting)
            goes_on = False
        except BrokenProcessPool as error:
            raise BatchError(
                "a process that scores must run to its end, and one was ended from outside, as a machine "
                "without memory does; run the same again, it goes on where it was"
            ) from error
        finally:
            if goes_on:  # something was raised: none of them is waited for
                ours.close()
            pool.shutdown(cancel_futures=True)


def _ended(waiting: dict[Future[DonePart], Task]) -> Iterator[tuple[Task, Outcome]]:
    for future in wait(waiting, return_when=FIRST_COMPLETED).done:
        if isinstance(future.exception(), BrokenProcessPool):
            future.result()
        yield waiting.pop(future), future.result


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Have processes that start in a block use one thread each; there is one a core."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
