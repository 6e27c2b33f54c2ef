"""Who listens to a call: those who may read an answer as it is written, and those who only keep it."""

from __future__ import annotations

from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
from langchain_core.runnables import RunnableConfig


def handlers_of(config: RunnableConfig) -> list[BaseCallbackHandler]:
    """Return the callbacks of a config."""
    callbacks = config.get("callbacks")
    found = callbacks.handlers if isinstance(callbacks, BaseCallbackManager) else callbacks
    return list(found or ())


def taps(handler: BaseCallbackHandler) -> bool:
    """Tell whether a handler passes tokens on to a stream's reader; how LangChain itself knows them."""
    return hasattr(handler, "tap_output_iter")


def reads_tokens(handler: BaseCallbackHandler) -> bool:
    """Tell whether somebody may read an answer as a handler hears it; tracers keep what they hear."""
    if taps(handler):
        return True
    if any(cls.__name__ in ("BaseTracer", "AnswerWatch") for cls in type(handler).__mro__):
        return False
    return type(handler).on_llm_new_token is not BaseCallbackHandler.on_llm_new_token
