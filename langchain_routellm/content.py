"""What kinds of content a conversation holds beside text, in the forms that LangChain's providers take.

The forms are LangChain's own (`image`, `file`, ... with `mime_type`), OpenAI's (`image_url`, `input_file`),
Anthropic's (`document`, `tool_result`), Google's (`media`) and Bedrock's (a key for the kind and no type),
as langchain-core 1.8 and the providers' packages of its time read them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage, FunctionMessage, ToolMessage

FLAGS = {
    "images": "image_inputs",
    "image_urls": "image_url_inputs",
    "pdf": "pdf_inputs",
    "audio": "audio_inputs",
    "video": "video_inputs",
    "attachments": "attachment",
    "image_tool_message": "image_tool_message",
    "pdf_tool_message": "pdf_tool_message",
}
"""What a request may need, and the flag of a model's profile that may deny it."""

_KINDS = {
    "image": "images",
    "image_url": "images",
    "input_image": "images",
    "audio": "audio",
    "input_audio": "audio",
    "audio_url": "audio",
    "video": "video",
    "video_url": "video",
    "input_video": "video",
}
_FILES = ("file", "input_file", "document", "media")
_OF_TOOLS = {"images": "image_tool_message", "pdf": "pdf_tool_message"}
_NAMED_IN = ("url", "image_url", "file_url", "file_data", "file_uri", "filename", "name", "file", "source")
_ENDINGS = {
    "text": ("txt", "md", "csv", "html"),
    "image": ("png", "jpg", "jpeg", "gif", "webp", "bmp", "heic"),
    "audio": ("mp3", "wav", "ogg", "flac", "m4a", "aac", "opus"),
    "video": ("mp4", "mov", "webm", "mkv", "avi", "mpeg"),
}
_MIME = (("image/", "images"), ("audio/", "audio"), ("video/", "video"), ("application/pdf", "pdf"))


def content_needs(messages: Sequence[BaseMessage]) -> set[str]:
    """Return what a model must take to be sent these messages: keys of `FLAGS`."""
    needs: set[str] = set()
    for message in messages:
        if isinstance(message.content, list):
            needs.update(_needs(message.content, in_tool=isinstance(message, ToolMessage | FunctionMessage)))
    return needs


def is_image(block: Mapping[str, Any]) -> bool:
    """Tell whether a content block is an image, a file of one among them."""
    return "images" in _of_block(block, str(block.get("type")))


def _needs(blocks: Sequence[Any], *, in_tool: bool) -> Iterator[str]:
    for block in blocks:
        if not isinstance(block, Mapping):
            continue
        kind = block.get("type")
        if kind == "non_standard" and isinstance(block.get("value"), Mapping):
            yield from _needs([block["value"]], in_tool=in_tool)
        elif kind == "tool_result" and isinstance(block.get("content"), list):
            yield from _needs(block["content"], in_tool=True)
        else:
            for need in _of_block(block, str(kind)):
                yield need
                if in_tool and need in _OF_TOOLS:
                    yield _OF_TOOLS[need]


def _of_block(block: Mapping[str, Any], kind: str) -> Iterator[str]:
    if kind in _KINDS:
        yield _KINDS[kind]
        if _KINDS[kind] == "images" and any(url.startswith("http") for url in _texts(block)):
            yield "image_urls"
    elif kind in _FILES:
        yield from _of_file(block)
    elif kind == "None":  # Bedrock's: the kind is the key
        yield from (_KINDS[key] for key in ("image", "audio", "video") if key in block)
        if "document" in block:
            yield from _of_file(block["document"] if isinstance(block["document"], Mapping) else {})


def _of_file(block: Mapping[str, Any]) -> Iterator[str]:
    source = block.get("source")
    if isinstance(source, Mapping) and source.get("type") in ("text", "content"):
        if isinstance(source.get("content"), list):
            yield from _needs(source["content"], in_tool=False)
        return
    mime = _mime_type(block)
    if mime.startswith("text/"):
        return
    # where nothing says what a file is, it is what providers mean by a file
    unknown = "attachments" if mime else "pdf"
    yield next((need for beginning, need in _MIME if mime.startswith(beginning)), unknown)


def _mime_type(block: Mapping[str, Any]) -> str:
    for holder in (block, block.get("source"), block.get("file")):
        if isinstance(holder, Mapping):
            for key in ("mime_type", "media_type"):
                if isinstance(holder.get(key), str):
                    return str(holder[key])
            if holder.get("format") in ("pdf", "txt", "md", "csv", "html", "doc", "docx", "xls", "xlsx"):
                return _of_ending(str(holder["format"]))
    for text in _texts(block):
        if data := re.match(r"data:([\w.+-]+/[\w.+-]+)", text):
            return data.group(1)
    for text in _texts(block):
        if ending := re.search(r"\.([a-z0-9]{2,4})$", text[-8:].lower()):
            return _of_ending(ending.group(1))
    return ""


def _of_ending(ending: str) -> str:
    for kind, endings in _ENDINGS.items():
        if ending in endings:
            return f"{kind}/{ending}"
    return f"application/{ending}"


def _texts(block: Mapping[str, Any]) -> Iterator[str]:
    """Yield the values that may be an address, a data URL or a file's name, also one level down."""
    for key in (
        "url",
        "image_url",
        "file_url",
        "file_data",
        "file_uri",
        "filename",
        "name",
        "file",
        "source",
    ):
        value = block.get(key)
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            yield from _texts(value)
