"""Asking many requests of models, many at a time: retried, bounded in dollars, and kept as they come."""

from __future__ import annotations

import asyncio
import inspect
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from shared_router.choices import check_rules, is_amount, is_whole
from shared_router.records.collecting.journal import Journal, Reply
from shared_router.records.collecting.retrying import wait_before_retry

if TYPE_CHECKING:
    from tqdm.auto import tqdm

Ask = Callable[[str], Any]
"""Takes a prompt and returns a `Reply` or a text, or an awaitable of one."""


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt for one model.

    Attributes:
        key: What tells it from others; see `request_key`.
        prompt: The text. Not in the repr.
        ask: Whom to ask.
        most_dollars: The most it can cost; 0 where that is not known.
    """

    key: str
    prompt: str = field(repr=False)
    ask: Ask
    most_dollars: float = 0.0


@dataclass(frozen=True, slots=True)
class AskingLimits:
    """How many requests to send, how fast, and for how much.

    Attributes:
        concurrency: Requests at a time, >= 1.
        timeout_s: How long one try may take, > 0.
        retries: Further tries after a failure that may pass, >= 0.
        dollars: The most to spend, >= 0; None sets no limit.

    Raises:
        InvalidInputError: If a value is out of its range.
    """

    concurrency: int = 8
    timeout_s: float = 120.0
    retries: int = 5
    dollars: float | None = None

    def __post_init__(self) -> None:
        """Check every range."""
        rules = {
            "concurrency": (">= 1", is_whole(self.concurrency) and self.concurrency >= 1),
            "timeout_s": ("> 0", is_amount(self.timeout_s) and self.timeout_s > 0),
            "retries": (">= 0", is_whole(self.retries) and self.retries >= 0),
            "dollars": (">= 0 or None", self.dollars is None or is_amount(self.dollars)),
        }
        check_rules(self, rules)


def ask_all(
    requests: Iterable[Request],
    journal: Journal,
    limits: AskingLimits,
    *,
    ask_lost: bool = False,
    bar: tqdm[Any],
) -> bool:
    """Ask every request that the journal does not hold yet.

    After the first Ctrl-C nothing more is sent, what was sent is waited for and kept, and
    KeyboardInterrupt is raised.

    Args:
        requests: What to ask; those already answered are skipped.
        journal: Where replies and failures go as they come.
        limits: How many at a time, how long, how often and for how much.
        ask_lost: Whether to ask again what was sent by a process that was killed: it may have been paid.
        bar: Is moved on by one for each request.

    Returns:
        Whether all were asked: False where the next might have cost more than is left.
    """
    spending = _Spending(limits.dollars, sum(reply.dollars or 0.0 for reply in journal.replies.values()))
    running: dict[Future[Reply | None], Request] = {}
    stop = threading.Event()
    settled = set(journal.replies) | (set() if ask_lost else journal.lost)
    with ThreadPoolExecutor(limits.concurrency, thread_name_prefix="collect") as pool:
        try:
            for request in _affordable(requests, settled, running, spending, limits, bar):
                running[pool.submit(_ask_one, request, journal, limits, stop)] = request
            while running:
                _settle(running, spending, bar)
        except KeyboardInterrupt:
            stop.set()  # those that wait for a retry give up
            while running:
                _settle(running, spending, bar)
            raise
    return spending.within


@dataclass(slots=True)
class _Spending:
    limit: float | None
    spent: float
    reserved: float = 0.0
    within: bool = True

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left, also for requests whose cost nobody knows before."""
        return self.limit is not None and self.spent >= self.limit

    def allows(self, dollars: float) -> bool:
        return self.limit is None or self.spent + self.reserved + dollars <= self.limit


def _affordable(
    requests: Iterable[Request],
    settled: set[str],
    running: dict[Future[Reply | None], Request],
    spending: _Spending,
    limits: AskingLimits,
    bar: tqdm[Any],
) -> Iterator[Request]:
    """Yield what is still to be asked, each when there is room for it in threads and in dollars."""
    for request in requests:
        if request.key in settled:
            bar.update()
            continue
        settled.add(request.key)
        while len(running) >= limits.concurrency or (running and not spending.allows(request.most_dollars)):
            _settle(running, spending, bar)
        if spending.exhausted or not spending.allows(request.most_dollars):
            spending.within = False
            return
        spending.reserved += request.most_dollars
        yield request


def _settle(running: dict[Future[Reply | None], Request], spending: _Spending, bar: tqdm[Any]) -> None:
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        spending.reserved -= running.pop(future).most_dollars
        reply = future.result()
        spending.spent += (reply.dollars or 0.0) if reply else 0.0
        bar.update()
        bar.set_postfix_str(f"${spending.spent:.4f}")


def _ask_one(request: Request, journal: Journal, limits: AskingLimits, stop: threading.Event) -> Reply | None:
    for tried in range(limits.retries + 1):
        journal.asking(request.key)
        started = time.perf_counter()
        try:
            reply = _reply(_within(limits.timeout_s, request.ask, request.prompt))
        # a model's code is its provider's and may raise anything; the class is kept, and the run goes on
        except Exception as error:  # noqa: BLE001
            pause = wait_before_retry(error, tried) if tried < limits.retries else None
            if pause is None or stop.wait(pause):
                journal.failed_with(request.key, type(error).__name__)
                return None
        else:
            if reply.latency_ms is None:
                reply = replace(reply, latency_ms=1000 * (time.perf_counter() - started))
            journal.answered(request.key, reply)
            return reply
    raise AssertionError  # the last try has returned


def _within(timeout_s: float, ask: Ask, prompt: str) -> Any:
    """Ask in a thread that may be left behind: nothing else can end a call that hangs."""
    results: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()

    def call() -> None:
        try:
            results.put((True, _called(ask, prompt, timeout_s)))
        except Exception as error:  # noqa: BLE001 - raised again below, in the thread that waits
            results.put((False, error))

    threading.Thread(target=call, daemon=True, name="collect-call").start()
    try:
        succeeded, value = results.get(timeout=timeout_s)
    except queue.Empty:
        raise TimeoutError(f"no answer within {timeout_s} s") from None
    if not succeeded:
        raise value
    return value


def _called(ask: Ask, prompt: str, timeout_s: float) -> Any:
    value = ask(prompt)
    if not inspect.isawaitable(value):
        return value

    async def awaited() -> Any:
        return await asyncio.wait_for(value, timeout_s)

    return asyncio.run(awaited())


def _reply(value: object) -> Reply:
    if isinstance(value, Reply):
        return value
    if isinstance(value, str):
        return Reply(value)
    raise TypeError(f"a model must return a Reply or a text, got {type(value).__name__}")
