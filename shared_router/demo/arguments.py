"""The demo's options, and the endpoints and prices they describe."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass, field

from shared_router.costs.prices import TokenPrices
from shared_router.errors import InvalidInputError

OPENAI_URL = "https://api.openai.com/v1"
LOCAL_KEY = "none-needed"
MAX_TOKENS = 32
STRONG_PRICES = "2.50,10.00"
WEAK_PRICES = "0.15,0.60"
"""Examples of what a large and a small hosted model have cost (GPT-4o and GPT-4o mini, 2024)."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One model behind an OpenAI-compatible server.

    Attributes:
        model: The name the server knows it by.
        base_url: The server's address, `/v1` included.
        api_key: The key to send. Not in the repr.
        prices: What its tokens cost.
        is_local: Whether it is the demo's own server on this machine.
    """

    model: str
    base_url: str
    api_key: str = field(repr=False)
    prices: TokenPrices
    is_local: bool = False


def add_arguments(parser: argparse.ArgumentParser, *, max_tokens: int = MAX_TOKENS) -> None:
    """Add the options that say which models are asked and what they cost.

    Args:
        parser: Takes them.
        max_tokens: How long an answer may be where nobody says, in tokens.
    """
    own = "default: the local SmolLM2-135M-Instruct"
    parser.add_argument("--strong", metavar="MODEL", help=f"the strong model's name at --base-url ({own})")
    parser.add_argument("--weak", metavar="MODEL", help=f"the weak model's name at --base-url ({own})")
    parser.add_argument(
        "--base-url",
        metavar="URL",
        help="an OpenAI-compatible server for the models named by --strong and --weak; its key is read from "
        f"OPENAI_API_KEY (default: OPENAI_BASE_URL, else {OPENAI_URL})",
    )
    unit = "dollars per million input,output tokens"
    parser.add_argument(
        "--strong-price", default=STRONG_PRICES, metavar="IN,OUT", help=f"{unit} (default: {STRONG_PRICES})"
    )
    parser.add_argument(
        "--weak-price", default=WEAK_PRICES, metavar="IN,OUT", help=f"{unit} (default: {WEAK_PRICES})"
    )
    parser.add_argument(
        "--max-tokens",
        type=int,
        default=max_tokens,
        metavar="N",
        help=f"longest answer, in tokens (default: {max_tokens})",
    )


def named_endpoint(arguments: argparse.Namespace, tier: str) -> Endpoint | None:
    """Return the endpoint that the options name for a tier, or None where the local model serves it.

    Args:
        arguments: The parsed options.
        tier: `"strong"` or `"weak"`.

    Raises:
        InvalidInputError: If OpenAI's own server is to be asked and there is no key, or a price is none.
    """
    model = getattr(arguments, tier)
    if model is None:
        return None
    named_url = arguments.base_url or os.environ.get("OPENAI_BASE_URL")
    key = os.environ.get("OPENAI_API_KEY")
    if not key and not named_url:
        raise InvalidInputError(
            f"--{tier} at {OPENAI_URL} needs a key, and OPENAI_API_KEY is not set; "
            "set it, or name your own server with --base-url"
        )
    return Endpoint(model, named_url or OPENAI_URL, key or LOCAL_KEY, prices_of(arguments, tier))


def prices_of(arguments: argparse.Namespace, tier: str) -> TokenPrices:
    """Return the prices given for a tier.

    Raises:
        InvalidInputError: If they are not two numbers >= 0, separated by a comma.
    """
    return TokenPrices.from_text(getattr(arguments, f"{tier}_price"), name=f"--{tier}-price")


def check_arguments(arguments: argparse.Namespace) -> None:
    """Refuse options that contradict each other, before anything is loaded.

    Raises:
        InvalidInputError: If a rule is broken.
    """
    if arguments.base_url and arguments.strong is None and arguments.weak is None:
        raise InvalidInputError("--base-url needs a model there, got none; name one with --strong or --weak")
    if arguments.max_tokens < 1:
        raise InvalidInputError(f"--max-tokens must be >= 1, got {arguments.max_tokens}")
    for tier in ("strong", "weak"):
        prices_of(arguments, tier)
        named_endpoint(arguments, tier)
