"""Text as routers and embedders may see it: bounded, NFC, and free of characters that nobody sees."""

import re
import unicodedata

MAX_QUERY_CHARS = 8192
"""Longer queries keep their first and last half of this, in characters: tokenising a prompt of a
million characters takes seconds, and what is asked stands at the start or at the end."""

# Control, zero-width, text-direction and other characters that nobody sees say nothing about a question, and
# some tokenizers choke on them; a lone surrogate is no text at all.
_UNSEEN_RANGES = (
    *("\x00-\x08", "\x0b\x0c\x0e-\x1f\x7f", "\xad\u034f\u061c", "\u115f\u1160\u17b4\u17b5", "\u180b-\u180f"),
    *("\u200b-\u200f", "\u202a-\u202e", "\u2060-\u206f", "\u2800\u3164", "\ufe00-\ufe0f", "\ufeff\uffa0"),
    *("\U0001bca0-\U0001bca3", "\U0001d173-\U0001d17a", "\U000e0000-\U000e0fff"),
)
_UNSEEN = re.compile(f"[{''.join(_UNSEEN_RANGES)}]")
_UNSEEN_ASCII = bytes(code for code in range(128) if _UNSEEN.match(chr(code)))
_BLANK = re.compile(f"[{''.join(_UNSEEN_RANGES)}\\s]*")
_GAP = re.compile(f"[{''.join(_UNSEEN_RANGES)}\\s]{{256,}}")
"""More blanks in a row than anybody writes: what stands behind them is hidden."""
_SURROGATE = re.compile("[\ud800-\udfff]")
MAX_MARKS = 30
"""How many combining marks in a row a long text keeps, as in Unicode's Stream-Safe Text Format (UAX #15)."""

# A character with a place among marks is no letter; the ranges are symbols, of which people write many.
_MARK = (
    "[^\\w\\s\x00-\x7f\u2010-\u2027\u2030-\u205e\u2190-\u2bff\u3000-\u3029\u3030-\u303f"
    "\uff00-\uffef\U0001f000-\U0001faff]"
)
_LONG_RUN = re.compile(f"(?<!{_MARK}){_MARK}{{{MAX_MARKS + 1},}}")
_MARKS_IN_A_ROW = re.compile(rb"[^\x00]{%d,}" % (MAX_MARKS + 1))
_STEP = MAX_MARKS // 2
_TWO_MARKS = re.compile(_MARK * 2)
_FEW = 512
"""A shorter text's marks take no time to speak of, however they stand."""


def clean(text: str) -> str:
    """Return the query as a tokenizer may see it: bounded, NFC, and free of unseen characters.

    Bad input must not make a router fail: a failing router is answered by a rule, and a rule that
    anybody can trigger is a lever on the bill.

    Args:
        text: Any string, lone surrogates and NUL included.

    Returns:
        At most `MAX_QUERY_CHARS` + 1 characters: a longer text keeps its two ends, joined by a line break.
    """
    if len(text) > MAX_QUERY_CHARS:
        text = _without_gaps(_without_padding(text))  # or they would be what is kept of the two ends
    # unseen characters go first: one between a letter and its accent keeps NFC from joining them
    text = _ends(text)
    if text.isascii():  # most are, and bytes are gone through faster
        return text.encode().translate(None, _UNSEEN_ASCII).decode()
    text = _UNSEEN.sub("", text)
    if not text.isascii():
        text = _with_fewer_marks(_SURROGATE.sub("\ufffd", text))
        text = _with_fewer_marks(unicodedata.normalize("NFC", text))  # again: it makes two marks of some
    return _ends(text)  # again: NFC triples some characters


def prompt_key(query: str) -> str:
    """Return the form in which two prompts count as one.

    Args:
        query: Any text.

    Returns:
        The text as routers see it (`clean`), without differences of case, of spacing or of line breaks.
    """
    return " ".join(clean(query).casefold().split())


def within_bytes(text: str, max_bytes: int) -> str:
    """Return a cleaned text, or its two ends where it has more bytes in UTF-8, joined by a line break."""
    if len(text) * 4 <= max_bytes or len(encoded := text.encode()) <= max_bytes:
        return text
    half = max_bytes // 2
    return f"{encoded[:half].decode(errors='ignore')}\n{encoded[-half:].decode(errors='ignore')}"


def is_blank(text: str) -> bool:
    """Say whether a text holds no character that anybody sees."""
    return _BLANK.fullmatch(text) is not None


def _without_padding(text: str) -> str:
    # backwards is the only fast way to the last character seen: a search for the end would begin at each
    for _ in range(2):
        padding = _BLANK.match(text)
        text = text[padding.end() if padding else 0 :][::-1]
    return text


def _without_gaps(text: str) -> str:
    half = MAX_QUERY_CHARS // 2
    if len(text) <= MAX_QUERY_CHARS or not (_GAP.search(text[:half]) or _GAP.search(text[-half:])):
        return text
    return _GAP.sub("\n", text)


def _with_fewer_marks(text: str) -> str:
    # NFC sorts marks, which takes a thousand in a row a million steps
    if len(text) <= _FEW or not _TWO_MARKS.search(text[::_STEP]):  # a long run has two that far apart
        return text
    return _LONG_RUN.sub(_first_marks, text)


def _first_marks(run: re.Match[str]) -> str:
    """Return the characters of a run without marks after the first ones of each row."""
    characters = run[0]
    classes = bytes(map(unicodedata.combining, characters))  # 0 where it is no mark
    kept, start = [], 0
    for row in _MARKS_IN_A_ROW.finditer(classes):
        kept.append(characters[start : row.start() + MAX_MARKS])
        start = row.end()
    return "".join([*kept, characters[start:]])


def _ends(text: str) -> str:
    if len(text) <= MAX_QUERY_CHARS:
        return text
    half = MAX_QUERY_CHARS // 2
    return f"{text[:half]}\n{text[-half:]}"
