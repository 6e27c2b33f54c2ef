"""A request that is not answered, and why, in the shape that its client reads."""

from __future__ import annotations

from typing import Any


class RefusedError(Exception):
    """A request is not answered.

    Args:
        status: The HTTP status that says so.
        message: The rule.
        code: One word for programs.
    """

    def __init__(self, status: int, message: str, code: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def openai_error(status: int, message: str, code: str) -> dict[str, Any]:
    """Return an error as OpenAI's clients read it."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def anthropic_error(status: int, message: str, code: str) -> dict[str, Any]:
    """Return an error as Anthropic's clients read it, who know no code."""
    del code
    return {"type": "error", "error": {"type": _KINDS.get(status, "api_error"), "message": message}}


_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "request_too_large",
    415: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
