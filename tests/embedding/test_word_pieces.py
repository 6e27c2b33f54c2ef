import json
import random
import string
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

import shared_router
from shared_router import clean
from shared_router.embedding import spelling
from shared_router.embedding.word_pieces import MAX_BYTES, MAX_TOKENS, WordPieces

SHIPPED = Path(shared_router.__file__).parent / "pretrained" / "minilm-static-v1" / "tokenizer.json"
TOKENIZER = Tokenizer.from_str(SHIPPED.read_text("utf-8"))
SCRIPTS = {
    "latin": (0x00A0, 0x024F),
    "combining": (0x0300, 0x036F),
    "greek and cyrillic": (0x0370, 0x052F),
    "hebrew and arabic": (0x0590, 0x06FF),
    "indic": (0x0900, 0x0DFF),
    "thai and lao": (0x0E00, 0x0EFF),
    "burmese and georgian": (0x1000, 0x10FF),
    "jamo": (0x1100, 0x11FF),
    "balinese": (0x1B00, 0x1BFF),  # signs that are kept and have a place among marks
    "extended latin": (0x1E00, 0x1EFF),
    "punctuation and symbols": (0x2000, 0x2BFF),
    "kana": (0x3000, 0x30FF),
    "ideographs": (0x4E00, 0x9FFF),
    "hangul": (0xAC00, 0xD7A3),
    "private and compatibility": (0xE000, 0xFFFF),
    "music": (0x1D100, 0x1D1FF),
    "emoji": (0x1F300, 0x1FAFF),
    "any": (0x0000, 0x10FFFF),
}
WORDS = st.sampled_from(
    ["the", "Straße", "tokenisation", "[SEP]", "[sep]", "[MASK]", "...", "##ing", "x" * 101]
)


def shipped() -> WordPieces:
    words = WordPieces.of(SHIPPED.read_bytes())
    assert words is not None
    return words


PIECES = shipped()


def as_the_library_says(text: str) -> list[int]:
    ids: list[int] = TOKENIZER.encode(text, add_special_tokens=False).ids
    return ids


def script(name: str) -> st.SearchStrategy[str]:
    first, last = SCRIPTS[name]
    characters = st.characters(min_codepoint=first, max_codepoint=last, codec=None)
    ascii_ = st.sampled_from(string.ascii_letters + string.digits + string.punctuation + "   \n\t")
    return st.lists(st.one_of(characters, ascii_, WORDS), max_size=60).map("".join)


@given(st.text(string.printable + "\x00\x1b\x7f", max_size=200))
def test_ids_are_the_librarys_for_any_ascii_text(text: str) -> None:
    cleaned = clean(text)
    assert PIECES.ids(cleaned).tolist() == as_the_library_says(cleaned)


@pytest.mark.parametrize("name", SCRIPTS)
@given(data=st.data())
def test_ids_are_the_librarys_for_any_script(name: str, data: st.DataObject) -> None:
    cleaned = clean(data.draw(script(name)))
    assert PIECES.ids(cleaned).tolist() == as_the_library_says(cleaned)


def test_every_character_is_folded_as_the_library_folds_it() -> None:
    """The first two planes have every letter; the rest are ideographs and characters without a use."""
    characters = [chr(code) for code in range(0x80, 0x20000) if not 0xD800 <= code < 0xE000]
    for start in range(0, len(characters), 200):
        text = clean("".join(f"a{character}b " for character in characters[start : start + 200]))
        assert PIECES.ids(text).tolist() == as_the_library_says(text)


@pytest.mark.parametrize(
    "text",
    [
        "Don't panic_now: O(n^2) != 3.14e-10; see https://a.b/c?d=e&f#g",
        "supercalifragilisticexpialidocious " * 3,
        "a" * 99 + " " + "b" * 100 + " " + "c" * 101,
        "\ttabs\nand\r\nlines\x0b\x0c",
        "ΣΊΣΥΦΟΣ İstanbul ŒUVRE ǅ",
        "",
    ],
)
def test_ids_are_the_librarys_for_texts_with_corners(text: str) -> None:
    """A word of more than 100 letters is one unknown token to BERT; a final sigma is lowered as any other."""
    cleaned = clean(text)
    assert PIECES.ids(cleaned).tolist() == as_the_library_says(cleaned)


@pytest.mark.parametrize("unit", ["a ", "a!", "the zyxw ", "qzxv", "Zürich. ", "大", "q" * 99 + " "])
def test_a_long_text_counts_with_its_first_and_last_tokens(unit: str) -> None:
    cleaned = unit * ((8192 if unit.isascii() else MAX_BYTES) // len(unit.encode()))
    ids = as_the_library_says(cleaned)
    half = MAX_TOKENS // 2
    bounded = ids if len(ids) <= MAX_TOKENS else ids[:half] + ids[-half:]
    assert PIECES.ids(cleaned).tolist() == bounded


def test_what_is_remembered_does_not_change_a_long_texts_ids() -> None:
    """The first time its words are looked up one by one, then its runs, once they are remembered."""
    rng = random.Random(0)
    text = " ".join("".join(rng.choices(string.ascii_lowercase + ",.", k=7)) for _ in range(1000))
    new = shipped()
    first = new.ids(text)
    for run in text.split():
        new.ids(run)
    np.testing.assert_array_equal(new.ids(text), first)


def test_of_a_text_of_many_bytes_both_ends_count() -> None:
    """9,000 ideographs of three bytes are read with their first and last 1,024, of which 512 tokens count."""
    ids = PIECES.ids("人" * 4500 + "大" * 4500)
    assert ids.tolist() == [as_the_library_says("人")[0]] * 512 + [as_the_library_says("大")[0]] * 512


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    new = shipped()
    new.ids(", ")
    monkeypatch.setattr(spelling, "MAX_REMEMBERED", len(new._remembered) + 2)
    text = "one, two, three, four " + "x" * 50
    assert new.ids(text).tolist() == as_the_library_says(text)
    assert "one," in new._remembered
    assert "two," in new._remembered
    assert "three," not in new._remembered


def test_a_long_word_is_spelled_each_time() -> None:
    new = shipped()
    new.ids("x" * 33)
    assert "x" * 33 not in new._remembered


def spec(**changes: Any) -> bytes:
    given = json.loads(SHIPPED.read_text("utf-8"))
    for path, value in changes.items():
        room, _, key = path.partition("__")
        given[room][key] = value
    return json.dumps(given).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"normalizer__lowercase": False},
        {"normalizer__clean_text": False},
        {"normalizer__type": "NFC"},
        {"pre_tokenizer__type": "Whitespace"},
        {"model__type": "BPE"},
        {"model__unk_token": "[NONE]"},
        {"model__vocab": {"[UNK]": "0"}},
        {"model__max_input_chars_per_word": None},
    ],
)
def test_a_tokenizer_of_another_kind_is_left_to_the_library(changes: dict[str, Any]) -> None:
    assert WordPieces.of(spec(**changes)) is None


def test_a_special_token_with_rules_of_its_own_is_left_to_the_library() -> None:
    given = json.loads(SHIPPED.read_text("utf-8"))
    given["added_tokens"][0]["lstrip"] = True
    assert WordPieces.of(json.dumps(given).encode()) is None


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b"\xff", b"null", b'{"model": 3}'])
def test_what_is_no_tokenizer_is_left_to_the_library(broken: bytes) -> None:
    assert WordPieces.of(broken) is None
