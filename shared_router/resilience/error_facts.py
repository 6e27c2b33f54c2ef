"""What an error holds of its provider's word: an HTTP status, a code, the type in its body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def status_of(error: Exception) -> int | None:
    """Return the HTTP status that an error holds, wherever its library keeps it; None for none."""
    response: Any = getattr(error, "response", None)
    metadata = response.get("ResponseMetadata") if isinstance(response, Mapping) else None
    places = (
        getattr(error, "status_code", None),
        getattr(error, "http_status", None),
        getattr(error, "status", None),
        getattr(response, "status_code", None),
        getattr(response, "status", None),
        metadata.get("HTTPStatusCode") if isinstance(metadata, Mapping) else None,
        getattr(error, "code", None),
        _told_in_answer(error).get("code"),
    )
    for value in places:
        if isinstance(value, int) and not isinstance(value, bool) and 100 <= value < 600:
            return int(value)
    return None


def aws_code_of(error: Exception) -> str:
    """Return the code in an error of botocore's, as Bedrock's streams write it."""
    response: Any = getattr(error, "response", None)
    told = response.get("Error") if isinstance(response, Mapping) else None
    code = told.get("Code") if isinstance(told, Mapping) else None
    return code[:1].lower() + code[1:] if isinstance(code, str) else ""


def body_words_of(error: Exception) -> list[str]:
    """Return the types and codes that an error's body names."""
    found: list[object] = [getattr(error, "code", None), getattr(error, "type", None)]
    body: Any = getattr(error, "body", None) or _told_in_answer(error)
    for _ in range(3):  # {"error": {"innererror": {...}}}
        if not isinstance(body, Mapping):
            break
        found += [body.get("code"), body.get("type")]
        body = body.get("error") or body.get("innererror")
    return [word for word in found if isinstance(word, str)]


def _told_in_answer(error: Exception) -> Mapping[str, Any]:
    """Return the error that an answer of the status 200 held, which LangChain raises as it came."""
    told = error.args[0] if type(error) is ValueError and len(error.args) == 1 else None
    return told if isinstance(told, Mapping) else {}
