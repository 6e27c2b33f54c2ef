"""A text cut into pieces of about a line, at the ends of clauses where it can be.

Short clauses are packed together: a piece counts as much as another, so one made of a single word would give
that word the say of a sentence.
"""

LEAST_WORDS = 6
MOST_WORDS = 12
MAX_PIECES = 64
"""A longer text's pieces are longer, so that what is done for each stays bounded."""

_MAX_WORD_CHARS = 24
_WORD_CHARS = 8
"""Of a run without spaces, such as Chinese, as many characters count as a word."""

_CLAUSE_ENDS = frozenset(".?!;:。？！；：，")


def pieces_of(text: str) -> list[str]:
    """Cut a text into pieces of `LEAST_WORDS` to `MOST_WORDS` words.

    Args:
        text: Any string.

    Returns:
        The pieces in order, holding every word, none of them empty; the last may be shorter. About
        `MAX_PIECES` at most, each twice that where clauses are short. A text without a word has none.
    """
    lines = [_words(line) for line in text.splitlines()]
    scale = 1 + sum(map(len, lines)) // (MAX_PIECES * MOST_WORDS)
    least, most = LEAST_WORDS * scale, MOST_WORDS * scale
    pieces: list[str] = []
    piece: list[str] = []
    for words in lines:
        for word in words:
            piece.append(word)
            if len(piece) >= least and (word[-1] in _CLAUSE_ENDS or len(piece) == most):
                pieces.append(" ".join(piece))
                piece = []
        if len(piece) >= least:
            pieces.append(" ".join(piece))
            piece = []
    if piece:
        pieces.append(" ".join(piece))
    return pieces


def _words(line: str) -> list[str]:
    words = line.split()
    if all(len(word) <= _MAX_WORD_CHARS for word in words):
        return words
    return [
        word[start : start + _WORD_CHARS] if len(word) > _MAX_WORD_CHARS else word
        for word in words
        for start in range(0, len(word) if len(word) > _MAX_WORD_CHARS else 1, _WORD_CHARS)
    ]
