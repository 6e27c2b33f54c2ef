"""One routed model's shadows: kept while a call goes on, asked when it has ended, logged when answered."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from shared_router.costs.bill import Bill
from shared_router.errors import InvalidInputError, RouterError
from shared_router.observers import CallEnd, WatchedCall
from shared_router.proof.comparing import JUDGE, scores_of
from shared_router.telemetry import DecisionLog
from shared_router.telemetry.feedback_line import feedback_line

if TYPE_CHECKING:
    from shared_router.proof.shadow import Shadow, ShadowReply
    from shared_router.resilience.budgets.reservation import Reservation

_logger = logging.getLogger(__name__)

_MOST_KEPT = 10_000
_Ask = Callable[[str], "ShadowReply"]
_AsyncAsk = Callable[[str], Coroutine[Any, Any, "ShadowReply"]]


class ShadowWatch:
    """Hear of calls' ends, and have the other model asked where a call was drawn; made by `Shadow.beside`.

    Args:
        shadow: The sample.
        models: The models' names, best first.
        log: Where shadows are logged.
        bill: What the models cost.
    """

    def __init__(self, shadow: Shadow, models: tuple[str, ...], log: DecisionLog, bill: Bill) -> None:
        self._shadow = shadow
        self._models = models
        self._log = log
        self._bill = bill
        self._kept: dict[str, tuple[_Ask | None, _AsyncAsk | None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.wants_answers = shadow.judge is not None or shadow.grade is not None

    def draws(self) -> bool:
        """Draw whether a call has a shadow; where it has, `keep` or `akeep` says how the other is asked."""
        return self._shadow.draws()

    def keep(self, decision_id: str | None, ask: _Ask) -> None:
        """Keep how to ask another model the request of a call that was drawn.

        Args:
            decision_id: The call's name.
            ask: Asks the model of that name, in a thread of its own; it may raise whatever it will.
        """
        self._keep(decision_id, ask, None)

    def akeep(self, decision_id: str | None, ask: _AsyncAsk) -> None:
        """Keep how to ask like `keep`, in a task of the caller's event loop: a client belongs to its loop."""
        self._keep(decision_id, None, ask)

    def decided(self, call: WatchedCall) -> None:
        """Hear of a decision; nothing is asked before its call has ended."""

    def ended(self, call: WatchedCall, end: CallEnd) -> None:
        """Have the other model asked, where the call was drawn and is one that routing decided."""
        ask, aask = self._kept.pop(call.decision_id, (None, None))
        if end.outcome != "answered" or end.decision.reason.startswith("fallback:"):
            return
        if call.decision.by_guard:  # whoever vetoed the other model meant it
            return
        first, last = self._models[0], self._models[-1]
        other = last if end.decision.model == first else first
        if any(each.model == other and each.error is None for each in end.attempts):
            return  # a cascade has asked it before
        if ask is not None and not self._shadow.background.put(lambda: self._work(call, end, other, ask)):
            self._shadow.count(dropped=1)
        if aask is not None:
            self._start(call, end, other, aask)

    def _keep(self, decision_id: str | None, ask: _Ask | None, aask: _AsyncAsk | None) -> None:
        if decision_id is not None and len(self._kept) < _MOST_KEPT:
            self._kept[decision_id] = ask, aask

    def _start(self, call: WatchedCall, end: CallEnd, other: str, ask: _AsyncAsk) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a stream that was collected after its loop
            self._shadow.count(dropped=1)
            return
        if not self._shadow.background.enter():
            self._shadow.count(dropped=1)
            return
        # in an empty context, so that no caller's callbacks are in it
        task = contextvars.Context().run(loop.create_task, self._awork(call, end, other, ask))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _task: self._shadow.background.leave())

    def _work(self, call: WatchedCall, end: CallEnd, other: str, ask: _Ask) -> None:
        budget, held = self._shadow.budget, None
        try:
            held = None if budget is None else budget.reserve(self._bound(end, other), call.tenant)
        except RouterError as error:
            self._shadow.count(over_budget=1, error=type(error).__name__)
            return
        try:
            reply = ask(other)
        # whatever a model raises, SystemExit too: nobody waits for this answer, and the user has theirs
        except BaseException as error:  # noqa: BLE001
            self._failed(error)
            self._settle(held, None)
            return
        self._log_answer(call, end, other, reply, self._settle(held, self._bill.dollars(other, reply.usage)))

    async def _awork(self, call: WatchedCall, end: CallEnd, other: str, ask: _AsyncAsk) -> None:
        budget, held = self._shadow.budget, None
        try:
            if budget is not None:
                held = await budget.areserve(self._bound(end, other), call.tenant)
        except RouterError as error:
            self._shadow.count(over_budget=1, error=type(error).__name__)
            return
        try:
            reply = await ask(other)
        except BaseException as error:  # a loop that closes cancels: what was held is given back all the same
            self._failed(error)
            self._settle(held, None)
            if not isinstance(error, Exception):
                raise
            return
        dollars = self._settle(held, self._bill.dollars(other, reply.usage))
        # a judge may hold up a loop
        if not self._shadow.background.put(lambda: self._log_answer(call, end, other, reply, dollars)):
            self._shadow.count(dropped=1)

    def __reduce__(self) -> tuple[type[ShadowWatch], tuple[object, ...]]:
        """Pickle what it is made of: calls that go on are this process's."""
        return ShadowWatch, (self._shadow, self._models, self._log, self._bill)

    @staticmethod
    def _settle(held: Reservation | None, dollars: float | None) -> float | None:
        if held is not None:
            held.settle(dollars)
        return dollars

    def _log_answer(
        self, call: WatchedCall, end: CallEnd, other: str, reply: ShadowReply, dollars: float | None
    ) -> None:
        line: dict[str, Any] = {
            "v": 1,
            "shadow": call.decision_id,
            "model": other,
            "share": self._shadow.share,
            "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        }
        if reply.usage is not None:
            line |= {"input_tokens": reply.usage.input_tokens, "output_tokens": reply.usage.output_tokens}
        if dollars is not None:
            line["dollars"] = dollars
        scores = self._scores(call, end, reply)
        if scores is not None:
            line["score"] = scores[1]
            self._log.append(feedback_line(call.decision_id, scores[0], source=JUDGE))
        self._log.append(line)
        self._shadow.count(logged=1, graded=int(scores is not None))

    def _scores(self, call: WatchedCall, end: CallEnd, reply: ShadowReply) -> tuple[float, float] | None:
        shadow, question = self._shadow, call.request.query
        if not self.wants_answers or not question or not end.answer or not reply.text:
            return None
        try:
            return scores_of(question, end.answer, reply.text, judge=shadow.judge, grade=shadow.grade)
        # whatever a judge raises: the answer's cost is worth a line without its grade
        except BaseException as error:  # noqa: BLE001
            self._failed(error)
            return None

    def _bound(self, end: CallEnd, other: str) -> float:
        """Return what asking the other model may cost at most, from what the one that answered read.

        Raises:
            InvalidInputError: If that is not known.
        """
        budget = self._shadow.budget
        if end.usage is None or budget is None or budget.max_output_tokens is None:
            raise InvalidInputError("a shadow within a budget must be of a call whose tokens are known")
        return self._bill.prices[other].dollars(
            input_tokens=2 * end.usage.input_tokens, output_tokens=budget.max_output_tokens
        )

    def _failed(self, error: BaseException) -> None:
        self._shadow.count(failed=1, error=type(error).__name__)
        failed = self._shadow.health.failed
        if failed & (failed - 1) == 0:  # the 1st, 2nd, 4th, 8th ...
            _logger.warning("a shadow failed with %s (%d so far)", type(error).__name__, failed)
