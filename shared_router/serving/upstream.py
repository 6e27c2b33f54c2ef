"""A service behind the server: where it is, which of its models is asked, and by which key."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

import httpx

from shared_router.errors import InvalidInputError
from shared_router.serving.passed_headers import Header

_LOCAL = ("localhost", "127.0.0.1", "::1")
_KEY = re.compile(r"[!-~]+")
_PATHS = ("/chat/completions", "/completions", "/embeddings", "/messages", "/models")


@dataclass(frozen=True, slots=True)
class Upstream:
    """A service and the model that is asked of it.

    Attributes:
        url: Its base URL, for example `https://host/v1`.
        model: The model's name there.
        key: What it is asked with; None sends no key. Not in the repr.

    Raises:
        InvalidInputError: If the URL is no http(s) URL or no base URL, or holds a name, a password or a
            query; if the model is no name; if the key is none that a header can hold.
    """

    url: str
    model: str
    key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check the URL; a key must not stand in it, for it is logged and shown."""
        parts = _parts(self.url)
        if parts.username or parts.password or parts.query:
            raise InvalidInputError(
                "an upstream's URL must hold no key; set ROUTELLM_STRONG_API_KEY or ROUTELLM_WEAK_API_KEY"
            )
        path = parts.path.rstrip("/")
        if path.endswith(_PATHS):
            raise InvalidInputError(
                "an upstream must be a base URL, as OpenAI's client takes it, got one that ends in "
                f"/{path.rpartition('/')[2]}; leave that away"
            )
        if not self.model or not self.model.isprintable():
            raise InvalidInputError("an upstream's model must be a name of printable characters")
        if self.key is not None and not _KEY.fullmatch(self.key):
            raise InvalidInputError("an upstream's key must be printable ASCII without spaces; copy it anew")

    def doubts(self) -> list[str]:
        """Return what may be a mistake, and need not be one."""
        parts = urlsplit(self.url)
        found = []
        if parts.path in ("", "/"):
            found.append("this URL has no path; the base URL of most services ends in /v1")
        if self.key is None and parts.hostname not in _LOCAL:
            found.append("no key is set for it")
        return found

    def address(self, path: str, query: bytes = b"") -> httpx.URL:
        """Return where a path of its API is, such as `/chat/completions`."""
        url = httpx.URL(self.url.rstrip("/") + path)
        return url.copy_with(query=query) if query else url

    def key_header(self, name: str) -> list[Header]:
        """Return its key as a header: `authorization`, or the name of one that holds nothing else."""
        if self.key is None:
            return []
        return [(name.encode(), (f"Bearer {self.key}" if name == "authorization" else self.key).encode())]


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        asked = httpx.URL(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.fragment
        valid = valid and parts.port != 0 and bool(asked.host) and " " not in url
    except (ValueError, httpx.InvalidURL):  # a port or an IPv6 address that is none, a control character
        valid = False
    if not valid:
        raise InvalidInputError("an upstream must be an http or https URL, such as http://localhost:8000/v1")
    return parts
