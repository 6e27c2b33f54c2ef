"""What both frameworks' OpenAI clients need to reach a server on this machine."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shared_router.demo.arguments import Endpoint

TIMEOUT_SECONDS = 120.0


def local_options(endpoint: "Endpoint") -> dict[str, Any]:
    """Return the extra arguments of a client of the local model; none for any other server.

    The local one decodes greedily, so that the demo answers the same each time. Hosted models are left
    their own temperature: some refuse to be given one.
    """
    if not endpoint.is_local:
        return {}
    import httpx

    # a proxy set for the outside must not be asked for this machine
    return {"temperature": 0, "http_client": httpx.Client(trust_env=False, timeout=TIMEOUT_SECONDS)}
