"""scorers/arithmetic.py: sums are found and computed, and nothing is run."""

import pytest

from shared_router.scorers.arithmetic import numbers_in, sums_in, value_of


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("3 + 4 * 2", 11.0),
        ("(3 + 4) * 2", 14.0),
        ("12 / 4 / 3", 1.0),
        ("10 - 2 - 3", 5.0),
        ("-3 - -4", 1.0),
        ("$1,200 x 2", 2400.0),
        ("200 / 100 \\* 40", 80.0),
        ("7 × 6 ÷ 2", 21.0),
    ],
)
def test_an_expression_has_the_value_that_school_teaches(expression: str, value: float) -> None:
    assert value_of(expression) == pytest.approx(value)


@pytest.mark.parametrize(
    "text", ["7", "", "2x", "1 / 0", "(1 + 2", "1 + 2)", "1 + ", "a + 1", "2 ** 3", "(" * 60]
)
def test_what_is_no_sum_has_no_value(text: str) -> None:
    assert value_of(text) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("So 3 * 12 = 36 apples.", [(36.0, True)]),
        ("So 3 * 12 = 35 apples.", [(35.0, False)]),
        ("9 * 2 = $<<9*2=18>>18", [(18.0, True)]),
        ("it was 1 + 2 = 3, then 3 * 5 = 16", [(3.0, True), (16.0, False)]),
        ("10 / 3 = 3.33", [(3.33, True)]),
        ("x = 3 and 20% of 20 = 4", []),
    ],
)
def test_each_sum_of_a_text_is_right_or_wrong(text: str, found: list[tuple[float, bool]]) -> None:
    assert sums_in(text) == found


def test_numbers_are_read_with_their_thousands_and_decimals() -> None:
    assert numbers_in("Of 1,200 sold at $4.50, .5 came back in 2021.") == [1200.0, 4.5, 0.5, 2021.0]
