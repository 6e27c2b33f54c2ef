import pytest

from shared_router.embedding import bert_characters
from shared_router.embedding.bert_characters import MAX_DISTINCT, BertCharacters

OPTIONS = {"clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True}


def folded(text: str) -> str:
    return BertCharacters(OPTIONS).fold(text)


def test_accents_and_marks_go_and_letters_are_lowered() -> None:
    assert folded("ÉÀ Ünïcode Σ") == "ea unicode σ"


def test_ideographs_and_punctuation_stand_alone() -> None:
    assert folded("a—b") == "a — b"
    assert folded("中文") == " 中  文 "


def test_every_white_space_is_a_space() -> None:
    assert folded("a\u00a0b\u3000c") == "a b c"


def test_a_table_that_is_full_still_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bert_characters, "MAX_CHARACTERS", 130)
    characters = BertCharacters(OPTIONS)
    assert characters.fold("éàü") == "eau"  # three do not fit beside 128 of ASCII
    assert characters.fold("é") == "e"
    assert characters.fold("éàü x") == "eau x"


def test_of_many_different_characters_the_first_ones_count() -> None:
    text = "".join(chr(0x4E00 + i) for i in range(MAX_DISTINCT + 100))
    assert folded(text).split() == list(text[:MAX_DISTINCT])
