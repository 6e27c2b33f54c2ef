"""markup.py: marks that say how a text looks are taken off, and operators are none."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared_router.markup import _EMPHASIS, evenly_spaced, without_markup

WORDS = st.lists(st.sampled_from(["why", "does", "ice", "float", "snake_case"]), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("**Why** does *ice* float?", "Why does ice float?"),
        ("# Ice\n\n> Why does it float?", "Ice\n\nWhy does it float?"),
        ("- one\n- two\n* three", "one\ntwo\nthree"),
        ("Use `len` on ~~this~~ that", "Use len on this that"),
        ("<b>Why</b>?", " Why ?"),
        ('<p class="x">Why?</p>', " Why? "),
        ("***\nWhy?\n---", "\nWhy?\n"),
        ("<question>Why?</question>", "Why?"),
        ("\n<user_input>\nIs a < b?\n</user_input>\n", "\nIs a < b?\n"),
        ("Fish &amp; chips", "Fish & chips"),
    ],
)
def test_marks_are_taken_off(marked: str, plain: str) -> None:
    assert without_markup(marked) == plain


@pytest.mark.parametrize(
    "text",
    [
        "What is 3*4 - 2 * 5?",
        "x**2 + y**2 <= 1 and a < b > c",
        "for snake_case in vector<int>:",
        "The ______ is a part of the ___.",
        "A ~ B, C#, 5 - 3, a > b",
        "List<String> names",
        "<svg> or <canvas>?",
        "<a-b>Why?</a-c>",
    ],
)
def test_operators_names_and_blanks_are_no_markup(text: str) -> None:
    assert without_markup(text) == text


def test_code_within_a_fence_stays_as_it_is() -> None:
    assert without_markup("Fix:\n```python\nx = a * b\n```").split() == "Fix: x = a * b".split()  # noqa: SIM905


def test_words_of_a_line_are_evenly_spaced_and_its_beginning_stays() -> None:
    assert evenly_spaced("def  f(x):\n    return \t x  # twice  ") == "def f(x):\n    return x # twice  "
    assert evenly_spaced("one two\n  three") == "one two\n  three"


@given(WORDS, st.sampled_from(["**{}**", "*{}*", "# {}", "> {}", "- {}", "`{}`", "<p>{}</p>", "__{}__"]))
def test_a_text_within_one_mark_is_the_text(words: list[str], mark: str) -> None:
    text = " ".join(words)
    assert without_markup(mark.format(text)).strip() == text


@given(st.text(alphabet="ab *_~`#>-<p/&;\n", max_size=60))
def test_no_letter_outside_a_tag_is_lost(text: str) -> None:
    assume("```" not in text and "~~~" not in text)  # a fence takes its language's name along
    kept = without_markup(text)
    assert kept.count("a") + kept.count("b") >= text.count("a") + text.count("b") - text.count("<")


@given(st.text("ab*_~ .)é你\n-", max_size=14))
def test_emphasis_is_a_mark_that_touches_a_word_on_its_inner_side_alone(text: str) -> None:
    """Its rule as one reads it: a mark that opens before a letter, or closes behind a word or a stop."""
    rule = re.compile(
        r"(?<![\w*~])(?:\*{1,3}|~~|__?)(?=[^\W_])"
        r"|(?:(?<=[^\W_])|(?<=[.?!,:;)]))(?:\*{1,3}|~~|__?)(?![\w*~])"
    )
    assert _EMPHASIS.sub("", text) == rule.sub("", text)
