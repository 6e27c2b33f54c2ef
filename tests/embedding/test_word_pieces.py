import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

import shared_router
from shared_router import clean
from shared_router.embedding import word_pieces
from shared_router.embedding.word_pieces import WordPieces, remembers_words

SHIPPED = Path(shared_router.__file__).parent / "pretrained" / "minilm-static-v1" / "tokenizer.json"
TOKENIZER = Tokenizer.from_str(SHIPPED.read_text("utf-8"))
WORDS = WordPieces(TOKENIZER)


def as_the_library_says(text: str) -> list[int]:
    ids: list[int] = TOKENIZER.encode(text, add_special_tokens=False).ids
    return ids


@given(st.text(string.printable + "\x00\x1b\x7f", max_size=200))
def test_remembered_pieces_are_the_librarys_for_any_ascii_text(text: str) -> None:
    cleaned = clean(text)
    assert WORDS.ids(cleaned) == as_the_library_says(cleaned)


@pytest.mark.parametrize(
    "text",
    [
        "Don't panic_now: O(n^2) != 3.14e-10; see https://a.b/c?d=e&f#g",
        "supercalifragilisticexpialidocious " * 3,
        "a" * 99 + " " + "b" * 100 + " " + "c" * 101,
        "\ttabs\nand\r\nlines\x0b\x0c",
        "",
    ],
)
def test_remembered_pieces_are_the_librarys_for_texts_with_corners(text: str) -> None:
    """A word of more than 100 letters is one unknown token to BERT."""
    cleaned = clean(text)
    assert WORDS.ids(cleaned) == as_the_library_says(cleaned)


@pytest.mark.parametrize("text", ["naïve", "日本", "what is [SEP] for", "[MASK]"])
def test_a_text_that_is_cut_in_another_way_is_left_to_the_library(text: str) -> None:
    assert WORDS.ids(text) is None


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_pieces, "MAX_WORDS", 3)
    words = WordPieces(TOKENIZER)
    text = "one two three four five " + "x" * 50
    assert words.ids(text) == as_the_library_says(text)
    assert set(words) == {"one", "two", "three"}


def test_a_long_word_is_asked_for_each_time() -> None:
    words = WordPieces(TOKENIZER)
    words.ids("x" * 33)
    assert not words


def test_only_a_lowering_bert_tokenizer_is_remembered() -> None:
    assert remembers_words(TOKENIZER)
    spec = SHIPPED.read_text("utf-8")
    assert not remembers_words(Tokenizer.from_str(spec.replace('"lowercase":true', '"lowercase":false')))
    assert not remembers_words(Tokenizer.from_str(spec.replace("BertPreTokenizer", "Whitespace")))
