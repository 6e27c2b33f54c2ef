"""Which errors say that a client could not read what its provider sent with the status 200.

Such an answer has no choices, no message in one, or is a proxy's page. Clients do not check: they fall over
it with whatever the language raises, which the program's own mistakes look like too. So it is told by where
it was raised: inside a function that reads answers, or in a framework's code that takes the first of none.
Left out: integrations whose functions have other names; `Resilience(moves_on=...)` can say it of those.
"""

from __future__ import annotations

import re
from types import FrameType

_READERS = re.compile(
    r"_?(?:create_chat_result|convert_dict_to_message|format_output|response_to_result|parse_response"
    r"|parse_\w*completion|(?:chat|completion)_from_\w+|from_\w+_(?:message|response|completion|choice)\w*)"
)
"""Functions that turn a provider's answer into a framework's, by the names that integrations give them."""

_LIBRARIES = re.compile(
    r"(?:langchain|llama_index|openai|anthropic|groq|mistralai|cohere|google|ollama|together|fireworks)\w*\."
)
"""Modules of frameworks, integrations and providers' clients: a program's functions may be named so too."""

_FALLEN_OVER = (AttributeError, IndexError, KeyError, TypeError)
_OF_NOTHING = re.compile(r"list index out of range|NoneType|'str' object|string indices")
_MODELS = re.compile(
    r"langchain\w*\.(?:.*\.)?(?:language_models|chat_models|llms)\b|llama_index\.(?:core\.)?(?:base\.)?llms\."
)
"""Modules in which a model's call and the reading of its answer stand in one function."""

_SHAPED = ("CompletionResponse", "ChatResponse", "LLMCompletionEndEvent", "LLMChatEndEvent")
"""What a framework makes of an answer, as pydantic names it when there is none."""


def is_unreadable_answer(error: Exception) -> bool:
    """Tell whether an error was raised while a provider's answer was read, which held none.

    Args:
        error: What a model's call raised.
    """
    if type(error).__name__ == "ValidationError" and getattr(error, "title", None) in _SHAPED:
        return True
    if not isinstance(error, (*_FALLEN_OVER, ValueError)) or hasattr(error, "status_code"):
        return False
    frames = _frames(error)
    if any(_READERS.fullmatch(frame.f_code.co_name) and _is_in(frame, _LIBRARIES) for frame in frames):
        return True
    if not frames or type(error) not in _FALLEN_OVER or not _OF_NOTHING.search(str(error)):
        return False
    return _is_in(frames[-1], _MODELS)


def _frames(error: Exception) -> list[FrameType]:
    """Return the frames that an error has passed through, where it was raised last."""
    frames, each = [], error.__traceback__
    while each is not None:
        frames.append(each.tb_frame)
        each = each.tb_next
    return frames


def _is_in(frame: FrameType, modules: re.Pattern[str]) -> bool:
    return modules.match(f"{frame.f_globals.get('__name__')}.") is not None
