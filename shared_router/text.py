"""Text as routers and embedders may see it: bounded, NFC, and free of characters that nobody sees."""

import re
import unicodedata

MAX_QUERY_CHARS = 8192
"""Longer queries keep their first and last half of this, in characters: tokenising a prompt of a
million characters takes seconds, and what is asked stands at the start or at the end."""

# Control, zero-width and text-direction characters say nothing about a question, and some tokenizers choke
# on them; a lone surrogate is no text at all.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Return the query as a tokenizer may see it: bounded, NFC, and free of unseen characters.

    Bad input must not make a router fail: a failing router is answered by a rule, and a rule that
    anybody can trigger is a lever on the bill.

    Args:
        text: Any string, lone surrogates and NUL included.

    Returns:
        At most `MAX_QUERY_CHARS` + 1 characters: a longer text keeps its two ends, joined by a line break.
    """
    # unseen characters go first: one between a letter and its accent keeps NFC from joining them
    text = _UNSEEN.sub("", _ends(text))
    if not text.isascii():
        text = unicodedata.normalize("NFC", _SURROGATE.sub("\ufffd", text))
    return _ends(text)  # again: NFC triples some characters


def _ends(text: str) -> str:
    if len(text) <= MAX_QUERY_CHARS:
        return text
    half = MAX_QUERY_CHARS // 2
    return f"{text[:half]}\n{text[-half:]}"
