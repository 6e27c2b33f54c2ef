"""CallSize: what a call may cost at most."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers.pre_tokenizers import ByteLevel

from shared_router import CallSize, InvalidInputError, TokenPrices

PRICES = TokenPrices(2.0, 10.0)


def test_a_text_is_bounded_by_its_bytes_and_what_stands_around_it() -> None:
    """Five bytes of "hallo", 16 around the text and 16 around all; "hä" has three bytes."""
    assert CallSize(("hallo",)).input_tokens() == 5 + 32
    assert CallSize(("hä",)).input_tokens() == 3 + 32


def test_a_bound_is_the_prompt_and_the_longest_answer_at_the_models_prices() -> None:
    """37 tokens at 2 dollars a million and 100 at 10: 0.000074 + 0.001."""
    size = CallSize(("hallo",), max_output_tokens=100)
    assert size.dollars(PRICES, max_output_tokens=5000) == pytest.approx(0.001074)


def test_an_answer_is_bounded_by_the_budget_where_the_request_does_not_say() -> None:
    size = CallSize(("hallo",))
    assert size.dollars(PRICES, max_output_tokens=100) == pytest.approx(0.001074)


def test_each_answer_is_paid() -> None:
    size = CallSize(("hallo",), max_output_tokens=100, answers=3)
    assert size.dollars(PRICES, max_output_tokens=1) == pytest.approx(0.003074)


def test_each_token_counts_as_the_dearest_of_its_kind() -> None:
    """37 tokens as cache writes at 2.5, 100 as reasoning at 12."""
    prices = TokenPrices(
        2.0,
        10.0,
        cached_input_per_million_tokens=0.2,
        cache_write_per_million_tokens=2.5,
        reasoning_per_million_tokens=12.0,
    )
    size = CallSize(("hallo",), max_output_tokens=100)
    assert size.dollars(prices, max_output_tokens=1) == pytest.approx((37 * 2.5 + 1200) / 1e6)


def test_images_and_tools_are_bounded_by_what_providers_make_of_them() -> None:
    assert CallSize((), images=2, has_tools=True).input_tokens() == 16 + 1024 + 100_000


def test_a_counter_counts_in_the_place_of_bytes() -> None:
    assert CallSize(("a b c",)).input_tokens(lambda text: len(text.split())) == 3 + 32


@pytest.mark.parametrize("count", [-1, 1.5, None, True])
def test_what_counts_no_tokens_is_refused(count: object) -> None:
    with pytest.raises(InvalidInputError, match="count_tokens must return"):
        CallSize(("hi",)).input_tokens(lambda _: count)  # type: ignore[arg-type,return-value]


@given(st.text(max_size=200))
def test_a_byte_level_tokenizer_makes_no_more_tokens_than_are_counted(text: str) -> None:
    """One that has learned no merge, and so makes a token of each byte, is the worst that there is."""
    pieces = ByteLevel(add_prefix_space=False).pre_tokenize_str(text)
    assert CallSize((text,)).input_tokens() >= sum(len(piece) for piece, _ in pieces)


def test_a_repr_holds_no_prompt() -> None:
    assert "secret" not in repr(CallSize(("secret",)))
