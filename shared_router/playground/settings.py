"""What the command told the page: the router it begins with, the two models, and what their tokens cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from shared_router.costs.prices import TokenPrices
from shared_router.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class ChatModel:
    """One model behind an OpenAI-compatible server.

    Attributes:
        model: The name the server knows it by.
        base_url: The server's address, `/v1` included.
        api_key: The key to send. Not in the repr, and never on the page.
        is_local: Whether it is the small model of this machine.
    """

    model: str
    base_url: str
    api_key: str = field(repr=False)
    is_local: bool = False


@dataclass(frozen=True, slots=True)
class PlaygroundSettings:
    """What the page begins with.

    Attributes:
        router: A shipped router's name or a saved one's folder.
        prices: What each tier's tokens cost, by `"strong"` and `"weak"`.
        models: Returns the model to ask for a tier; it may start one, which takes a while.
        chat: What the page says of the two models before either is asked.
        max_tokens: The longest answer, in tokens.
        expected_sha256: The hash that pins that router's checkpoint, or None.
    """

    router: str
    prices: dict[str, TokenPrices]
    models: Callable[[str], ChatModel]
    chat: str
    max_tokens: int
    expected_sha256: str | None = None


_given: list[PlaygroundSettings] = []


def give_settings(settings: PlaygroundSettings) -> None:
    """Keep the settings for the page, which Streamlit runs in this process but calls with no arguments."""
    _given[:] = [settings]


def given_settings() -> PlaygroundSettings:
    """Return what the command told.

    Raises:
        InvalidInputError: If the page was not started by the command.
    """
    if not _given:
        raise InvalidInputError("the playground must be started by its command; run: routellm playground")
    return _given[0]
