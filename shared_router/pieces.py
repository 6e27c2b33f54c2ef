"""A text cut into pieces of about a line, at the ends of clauses where it can be.

Short clauses are packed together: a piece counts as much as another, so one made of a single word would give
that word the say of a sentence.
"""

LEAST_WORDS = 6
MOST_WORDS = 12

_MAX_WORD_CHARS = 24
_WORD_CHARS = 8
"""Of a longer run without spaces, such as Chinese or an address, as many characters count as a word."""

_RUN_CHARS = LEAST_WORDS * _WORD_CHARS
_CLAUSE_ENDS = frozenset(".?!;:。？！；：，")


def pieces_of(text: str) -> list[str]:
    """Cut a text into pieces of `LEAST_WORDS` to `MOST_WORDS` words.

    Args:
        text: Any string.

    Returns:
        The pieces in order, holding every word. None is empty, and the last may be shorter. A text without
        a word has none.
    """
    pieces: list[str] = []
    piece: list[str] = []
    length = 0
    for line in text.splitlines():
        for word in _words(line):
            piece.append(word)
            length += 1 if len(word) <= _MAX_WORD_CHARS else len(word) // _WORD_CHARS
            if length >= LEAST_WORDS and (word[-1] in _CLAUSE_ENDS or length >= MOST_WORDS):
                pieces.append(" ".join(piece))
                piece, length = [], 0
        if length >= LEAST_WORDS:
            pieces.append(" ".join(piece))
            piece, length = [], 0
    if piece:
        pieces.append(" ".join(piece))
    return pieces


def _words(line: str) -> list[str]:
    words = line.split()
    # a run in ASCII is one word or an address, and is spelled as a whole
    if line.isascii() or all(len(word) <= _MAX_WORD_CHARS for word in words):
        return words
    return [word[start : start + _RUN_CHARS] for word in words for start in range(0, len(word), _RUN_CHARS)]
