"""What a call holds beside text: the kinds of its messages' blocks, by the need that they make."""

from __future__ import annotations

import re
from collections.abc import Iterator

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.prompts import ChatPromptTemplate, RichPromptTemplate
from llama_index.core.schema import ImageDocument, ImageNode, NodeWithScore

from llamaindex_routellm.calls import LLMCall

CONTENTS = {"image": "images", "document": "documents", "audio": "audio", "video": "video"}
"""A block's type, and the need it makes."""


# a rich template makes a block of a variable with a filter: {{ path | image }}
_FILTERED = re.compile(rf"\|\s*({'|'.join(CONTENTS)})\b")


def contents_of(call: LLMCall) -> list[str]:
    """Return what a model must read of a call beside text: some of `CONTENTS`' needs, each once, in order."""
    found = set(_of_call(call))
    return [need for need in CONTENTS.values() if need in found]


def _of_call(call: LLMCall) -> Iterator[str]:
    for message in call.messages:
        yield from _of(message)
    if isinstance(call.template, ChatPromptTemplate):
        for message in call.template.message_templates:
            yield from _of(message)
    if isinstance(call.template, RichPromptTemplate):
        for kind in _FILTERED.findall(call.template.template_str):
            yield CONTENTS[kind]
    for value in call.filled_in.values():
        yield from _of(value)


def _of(value: object) -> Iterator[str]:
    """Yield the needs of a message, a block, a node, or a list of them; a block may hold blocks."""
    if isinstance(value, ChatMessage):
        if len(value.blocks) == 1 and value.blocks[0].block_type == "text":
            return  # as most are: looking no further keeps a long history cheap
        yield from _of(value.blocks)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _of(each)
    elif isinstance(value, NodeWithScore):
        yield from _of(value.node)
    elif isinstance(value, ImageNode | ImageDocument):
        yield "images"
    else:
        kind = getattr(value, "block_type", None)
        if kind in CONTENTS:
            yield CONTENTS[kind]
        elif kind is not None:
            yield from _of(getattr(value, "content", None))
            yield from _of(getattr(value, "cited_content", None))
