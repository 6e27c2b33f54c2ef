"""The very call that one model answers, asked of another one where nobody waits: a shadow's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.outputs import LLMResult
from langchain_core.runnables import RunnableConfig
from typing_extensions import override

from langchain_routellm.answer_facts import AnswerFacts
from langchain_routellm.calls import Call

if TYPE_CHECKING:
    from shared_router import Attempts, ShadowReply

TAG = "routellm:shadow"
"""A tag of a shadow's run, for tracers that the environment turns on."""


def offer_shadow(call: Call, attempts: Attempts) -> None:
    """Have the other model asked too once the call has ended, where the call is drawn for it.

    Args:
        call: The call.
        attempts: The call, begun.
    """
    shadow = None if call.rules is None else call.rules.shadow
    if shadow is not None and shadow.draws():
        shadow.keep(attempts.decision_id, lambda name: _asked(call, name))


def offer_ashadow(call: Call, attempts: Attempts) -> None:
    """Have the other model asked like `offer_shadow`, in a task of the caller's event loop."""
    shadow = None if call.rules is None else call.rules.shadow
    if shadow is not None and shadow.draws():
        shadow.akeep(attempts.decision_id, lambda name: _aasked(call, name))


def _asked(call: Call, name: str) -> ShadowReply:
    read = ReadAnswer()
    output = call.models[name].invoke(call.input_for(name), _own_config(call, read), **call.kwargs)
    return read.reply(output)


async def _aasked(call: Call, name: str) -> ShadowReply:
    read = ReadAnswer()
    output = await call.models[name].ainvoke(call.input_for(name), _own_config(call, read), **call.kwargs)
    return read.reply(output)


def _own_config(call: Call, read: ReadAnswer) -> RunnableConfig:
    """Return a config with what the caller configures, and none of the caller's callbacks, run or names."""
    config: RunnableConfig = {"callbacks": [read], "tags": [TAG], "metadata": {"routellm_reason": "shadow"}}
    if "configurable" in call.config:
        config["configurable"] = call.config["configurable"]
    return config


class ReadAnswer(BaseCallbackHandler):
    """Read what a model answers, also where the call returns a parsed object."""

    def __init__(self) -> None:
        self.facts = AnswerFacts(texts=[])
        self._heard = False

    @override
    def on_llm_end(self, response: LLMResult, **kwargs: Any) -> None:
        self.facts.add(response)
        self._heard = True

    def reply(self, output: Any) -> ShadowReply:
        """Return the answer as the sample reads it.

        Args:
            output: What was returned; it is read where no model said that it answered, as of a function.
        """
        from shared_router import ShadowReply  # which a program without shadows does not load

        if not self._heard:
            self.facts.add(output)
        return ShadowReply(self.facts.text or None, self.facts.tokens)
