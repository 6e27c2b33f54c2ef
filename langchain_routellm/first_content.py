"""A model's stream, held back until its first content: text, reasoning or a tool call.

OpenAI's first chunk says who speaks and nothing else, so that a rule of "the first chunk" would let nothing
move on. What came before the content is handed on with it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any

from langchain_routellm.answer_facts import has_content
from langchain_routellm.attempt import Attempt
from shared_router import Attempts, CallRules, CallTimeoutError, awithin_seconds


def pieces(attempt: Attempt, attempts: Attempts, rules: CallRules) -> Iterator[Any]:
    """Yield a stream's chunks with the decision on them, once there is content.

    A model that is late with it is left behind in a thread of ours.

    Raises:
        CallTimeoutError: If the content, or the end, comes too late.
        CutStreamError: If it ends without content, and does not say why, where another model can be asked.
        WithheldAnswerError: If the provider kept all of it back, and that is to move on.
        Exception: What the model raised.
    """
    routed = attempt.routed
    chunks = iter(routed.model.stream(routed.input, routed.config, **routed.kwargs))
    beginning = _Beginning(chunks, attempt, attempts)
    try:
        yield from rules.within(beginning.read, attempt.limit_s)
        while not beginning.has_ended:
            if attempts.timeout_s == 0.0:
                raise CallTimeoutError("a stream must end within its request's deadline, and has not")
            try:
                chunk = next(chunks)
            except StopIteration:
                return
            yield _told(chunk, attempt, attempts)
    finally:
        beginning.close()


async def apieces(attempt: Attempt, attempts: Attempts) -> AsyncGenerator[Any, None]:
    """Yield a stream's chunks like `pieces`; a model that is late is cancelled."""
    routed = attempt.routed
    chunks = aiter(routed.model.astream(routed.input, routed.config, **routed.kwargs))
    kept: list[Any] = []
    try:
        holds = attempts.can_move_on
        while attempts.awaits_content or attempts.timeout_s is not None:
            try:
                with attempts.asking():
                    chunk = await awithin_seconds(anext(chunks), attempts.timeout_s)
            except StopAsyncIteration:
                break
            told = _told(chunk, attempt, attempts)
            if holds and attempts.can_move_on:
                kept.append(told)
                continue
            for each in kept:
                yield each
            kept.clear()
            yield told
        if attempts.awaits_content:
            attempt.check_ended(kept)
        for each in kept:
            yield each
        async for chunk in chunks:  # nothing where it has ended
            yield _told(chunk, attempt, attempts)
    finally:
        await _aclose(chunks)


class _Beginning:
    """Read a stream up to its first content, perhaps in a thread."""

    def __init__(self, chunks: Iterator[Any], attempt: Attempt, attempts: Attempts) -> None:
        self.chunks = chunks
        self.has_ended = False
        self._attempt, self._attempts = attempt, attempts
        self._is_closed = False

    def read(self) -> list[Any]:
        kept: list[Any] = []
        try:
            while True:
                try:
                    with self._attempts.asking():
                        chunk = next(self.chunks)
                except StopIteration:
                    self.has_ended = True
                    if self._attempts.awaits_content:
                        self._attempt.check_ended(kept)
                    break
                kept.append(_told(chunk, self._attempt, self._attempts))
                holds = self._attempts.can_move_on or self._attempts.timeout_s is not None
                if has_content(chunk) or not holds:
                    break
        finally:
            if self._is_closed:  # nobody waits for it any more
                _close(self.chunks)
        return kept

    def close(self) -> None:
        self._is_closed = True
        try:
            _close(self.chunks)
        except ValueError:  # it is being read in a thread that was left behind, which closes it then
            return


def _told(chunk: Any, attempt: Attempt, attempts: Attempts) -> Any:
    attempt.facts.add(chunk)
    if attempts.awaits_content and has_content(chunk):
        attempt.begin_reading()
    return attempt.about.add_to_chunk(chunk)


def _close(chunks: Any) -> None:
    if hasattr(chunks, "close"):
        chunks.close()


async def _aclose(chunks: AsyncIterator[Any]) -> None:
    if hasattr(chunks, "aclose"):
        await chunks.aclose()
