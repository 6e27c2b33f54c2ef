"""costs/known_prices.py: prices looked up by a model's name."""

import sys
from collections import namedtuple

import pytest

from shared_router import MissingExtraError, TokenPrices, known_prices

NAMES = ["gpt-4o", "openai/gpt-4o", "openai:gpt-4o", "gpt-4o-2024-08-06", "my-gateway/gpt-4o"]


def test_a_model_is_known_by_its_name_and_behind_its_providers() -> None:
    """OpenAI's list: 2.50 in, 10.00 out, 1.25 cached."""
    pytest.importorskip("genai_prices")
    found = known_prices([*NAMES, "no-such-model"])
    expected = TokenPrices(2.5, 10.0, cached_input_per_million_tokens=1.25)
    assert found.prices == dict.fromkeys(sorted(NAMES), expected)
    assert found.unknown == ("no-such-model",)


def test_a_price_in_tiers_is_taken_at_its_base() -> None:
    """Anthropic's list: 3 in, 15 out, .30 read and 3.75 written, and more beyond 200,000 tokens."""
    pytest.importorskip("genai_prices")
    found = known_prices(["claude-sonnet-4-5"]).prices["claude-sonnet-4-5"]
    assert found == TokenPrices(
        3.0, 15.0, cached_input_per_million_tokens=0.3, cache_write_per_million_tokens=3.75
    )


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.version_info < (3, 11):
        pytest.skip("Python 3.10 is refused before")
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    with pytest.raises(MissingExtraError, match=r'pip install "routellm-adapters\[prices\]"'):
        known_prices(["gpt-4o"])


def test_an_older_python_is_told_to_give_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    version = namedtuple("version", "major minor micro releaselevel serial")  # noqa: PYI024 - as sys has it
    monkeypatch.setattr(sys, "version_info", version(3, 10, 0, "final", 0))
    with pytest.raises(MissingExtraError, match="need Python 3.11 or newer, .* give each model's prices"):
        known_prices(["gpt-4o"])
