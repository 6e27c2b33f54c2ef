"""A call under rules of resilience, budgets and observers: model after model, until one has answered.

The core says whom to ask, how long to wait and what an error means (`Attempts`). A stream moves on until its
reader is given content; what came before is held back till then, so that nobody reads the beginnings of two.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from llamaindex_routellm.base import Answer
from llamaindex_routellm.ending_calls import ANSWERED, EndingCall, given_back
from llamaindex_routellm.held_parts import HeldParts
from llamaindex_routellm.route import END, Route
from llamaindex_routellm.shadows import ashadow_asking, shadow_asking
from shared_router import awithin_seconds

if TYPE_CHECKING:
    pass


class RuledCall(EndingCall):
    """One call, and whom it asks now."""

    __slots__ = ()

    def ask(self, ask: Callable[[Route], Answer]) -> Answer:
        """Have the call answered.

        Args:
            ask: Makes it, of the model that a route leads to.
        """
        if (shadow := self._rules.shadow) is not None and shadow.draws():
            shadow.keep(self._attempts.decision_id, shadow_asking(self._models, ask))
        try:
            route, output = self._opened(ask)
        except ANSWERED as unused:
            return cast("Answer", given_back(unused))
        if isinstance(output, Generator):
            return cast("Answer", self._ending(self._parts(route, output, ask)))
        self._answered(route, [output])
        return cast("Answer", output)

    async def aask(self, ask: Callable[[Route], Awaitable[Answer]]) -> Answer:
        """Have the call answered, without holding up the event loop."""
        if (shadow := self._rules.shadow) is not None and shadow.draws():
            shadow.akeep(self._attempts.decision_id, ashadow_asking(self._models, ask))
        try:
            route, output = await self._aopened(ask)
        except ANSWERED as unused:
            return cast("Answer", given_back(unused))
        if isinstance(output, AsyncGenerator):
            return cast("Answer", self._ending(self._aparts(route, output, ask)))
        self._answered(route, [output])
        return cast("Answer", output)

    def _opened(self, ask: Callable[[Route], Any]) -> tuple[Route, Any]:
        """Ask until a model has answered, or has begun a stream; return its route and what it gave."""
        while True:
            try:
                route, output = self._attempt(ask)
                return route, self._check(route, output)
            # whatever a provider raises: the core knows what it means
            except Exception as error:  # noqa: BLE001
                moves = self._attempts.failed(*self._judged(error))
            except BaseException:
                self._attempts.cancelled()
                raise
            if not moves:
                raise self._failed()

    async def _aopened(self, ask: Callable[[Route], Awaitable[Any]]) -> tuple[Route, Any]:
        while True:
            try:
                route, output = await self._aattempt(ask)
                return route, self._check(route, output)
            except Exception as error:  # noqa: BLE001
                moves = await self._attempts.afailed(*self._judged(error))
            except BaseException:
                self._attempts.cancelled()
                raise
            if not moves:
                raise self._failed()

    def _attempt(self, ask: Callable[[Route], Any]) -> tuple[Route, Any]:
        """Ask the model that is to be asked now."""
        return self._asked(self._route(), ask)

    async def _aattempt(self, ask: Callable[[Route], Awaitable[Any]]) -> tuple[Route, Any]:
        return await self._aasked(self._route(), ask)

    def _asked(self, route: Route, ask: Callable[[Route], Any]) -> tuple[Route, Any]:
        self._current = route
        return route, self._within(partial(_ask, route, ask))

    async def _aasked(self, route: Route, ask: Callable[[Route], Awaitable[Any]]) -> tuple[Route, Any]:
        self._current = route
        return route, await self._awithin(_aask(route, ask))

    def _parts(
        self, route: Route, parts: Generator[Any, None, None], ask: Callable[[Route], Any]
    ) -> Generator[Any, None, None]:
        """Read a stream, and another model's where it fails before its content."""
        held = HeldParts(self._attempts)
        try:
            while True:
                try:
                    part = self._within(partial(next, parts, END))
                    if part is END:
                        self._check_ended(route, held)
                        break
                except Exception as error:  # noqa: BLE001
                    moves = self._attempts.failed(*self._judged(error))
                else:
                    yield from held.taken(part)
                    continue
                if not moves:
                    raise self._failed()
                _close(parts)
                route, parts = self._opened(ask)
                held = HeldParts(self._attempts)
            yield from held.left()
            self._answered(route, held.latest)
        except ANSWERED as unused:
            yield from given_back(unused)
        finally:
            self._attempts.cancelled()  # which says nothing of a call that has ended
            _close(parts)

    async def _aparts(
        self, route: Route, parts: AsyncGenerator[Any, None], ask: Callable[[Route], Awaitable[Any]]
    ) -> AsyncGenerator[Any, None]:
        """Read a stream, and another model's where it fails before its content."""
        held = HeldParts(self._attempts)
        try:
            while True:
                try:
                    part = await self._awithin(anext(parts, END))
                    if part is END:
                        self._check_ended(route, held)
                        break
                except Exception as error:  # noqa: BLE001
                    moves = await self._attempts.afailed(*self._judged(error))
                else:
                    for each in held.taken(part):
                        yield each
                    continue
                if not moves:
                    raise self._failed()
                await parts.aclose()
                route, parts = await self._aopened(ask)
                held = HeldParts(self._attempts)
            for each in held.left():
                yield each
            self._answered(route, held.latest)
        except ANSWERED as unused:
            for each in given_back(unused):
                yield each
        finally:
            self._attempts.cancelled()
            await parts.aclose()

    def _route(self) -> Route:
        """Return the route to the model that is asked now, and publish that the call goes there."""
        decision, decision_id = self._attempts.decision, self._attempts.decision_id
        self._publish(decision)
        metadata = {**decision.as_metadata(), "source": self._decided.question.source}
        if decision_id is not None:
            metadata["decision_id"] = decision_id
        return Route(self._models.by_name[decision.model], metadata, self._models)

    def _within(self, call: Callable[[], Any]) -> Any:
        with self._attempts.asking():
            return self._rules.within(call, self._attempts.timeout_s)

    async def _awithin(self, call: Awaitable[Any]) -> Any:
        with self._attempts.asking():
            return await awithin_seconds(call, self._attempts.timeout_s)


def _ask(route: Route, ask: Callable[[Route], Any]) -> Any:
    with route:
        return ask(route)


async def _aask(route: Route, ask: Callable[[Route], Awaitable[Any]]) -> Any:
    with route:
        return await ask(route)


def _close(parts: Generator[Any, None, None]) -> None:
    # one that was given up ends in the thread in which it is
    if inspect.getgeneratorstate(parts) != inspect.GEN_RUNNING:
        parts.close()
