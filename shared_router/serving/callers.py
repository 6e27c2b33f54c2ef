"""Who asks: by which key, which must not stand in a URL, and never a stranger's page in a browser."""

from __future__ import annotations

from fastapi import Request

from shared_router.serving.refusals import RefusedError
from shared_router.serving.served import Client, Served

_KEYS_IN_QUERY = ("key", "apikey", "token", "accesstoken", "authtoken", "authorization", "secret", "xapikey")
_STARTS_OF_KEYS = ("sk-", "rk-")


def client_of(served: Served, request: Request) -> Client:
    """Return whose request it is.

    Raises:
        RefusedError: If it has no key of this server where one is needed, one in its URL, or comes from a
            page in a browser that is not allowed to ask.
    """
    _check_origin(served, request)
    _check_query(served, request)
    client = served.client(_key_of(request))
    if client is None:
        raise RefusedError(
            401,
            "a request must have a key of this server as Bearer token, or in x-api-key",
            "invalid_api_key",
        )
    return client


def _key_of(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    # as Anthropic's and Azure's clients send theirs
    return request.headers.get("x-api-key") or request.headers.get("api-key") or ""


def _check_origin(served: Served, request: Request) -> None:
    """Refuse a page's request: any page that its user opens could ask this machine, and spend their money."""
    origin = request.headers.get("origin")
    if origin is not None and not ({origin, "*"} & served.origins):
        raise RefusedError(
            403, "a page in a browser must be allowed to ask, by --allow-origin", "origin_not_allowed"
        )


def _check_query(served: Served, request: Request) -> None:
    for name, value in request.query_params.multi_items():
        known = name.lower().replace("-", "").replace("_", "") in _KEYS_IN_QUERY
        if known or value.startswith(_STARTS_OF_KEYS) or served.has_key(value):
            raise RefusedError(400, "a key must be in the Authorization header, never in a URL", "key_in_url")
