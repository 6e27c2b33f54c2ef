"""What both frameworks' OpenAI clients are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import contextlib

    from shared_router.demo.arguments import Endpoint

TIMEOUT_SECONDS = 120.0


def client_options(endpoint: Endpoint, clients: contextlib.ExitStack) -> dict[str, Any]:
    """Return the arguments of a client of this endpoint that `ChatOpenAI` and `OpenAILike` share.

    The local model decodes greedily, so that the demo answers the same each time. Hosted models are left
    their own temperature: some refuse to be given one.

    Args:
        endpoint: The model to ask.
        clients: Closes the connections at its end; the frameworks leave them open.
    """
    import httpx

    # a proxy set for the outside must not be asked for this machine
    client = httpx.Client(trust_env=not endpoint.is_local, timeout=TIMEOUT_SECONDS)
    greedy = {"temperature": 0} if endpoint.is_local else {}
    return {"timeout": TIMEOUT_SECONDS, "http_client": clients.enter_context(client), **greedy}
