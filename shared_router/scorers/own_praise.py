"""An answer without what it says of itself: "I am correct" is no sign that it is."""

from __future__ import annotations

import re

_RIGHT = (
    r"(?:absolutely|fully|entirely|completely|definitely|\w+ly)?\s*"
    r"(?:correct|right(?! (?:angle|triangle|side|hand|now|away))|accurate|verified|perfect|certain|sure"
    r"|confident)\b"
)
_CLAIM = (
    rf"\b(?:i|we)(?:\W?m| am|\W?re| are)\s+(?:\S+\s+){{0,2}}?{_RIGHT}"
    r"|\b(?:(?:this|that|the|my|our) )?(?:final )?"
    r"(?:answer|solution|response|result|reasoning|calculations?|work|steps?|this|that|it|everything|above)"
    rf"(?: above| here)? (?:is|are|was|has been|have been|must be)\s+(?:\S+\s+){{0,2}}?{_RIGHT}"
    r"|\bgood enough\b"
    r"|\b(?:ignore|disregard|forget)\b[^.!?\n]{0,40}\b(?:previous|above|prior|instructions?)\b"
    r"|\b(?:score|rate|grade|mark|accept|approve|pass) (?:this|it|me|my|the answer)\b"
)
_TO_SENTENCE_END = r"[^.!?\n]*[.!?]*"


def without_own_praise(text: str) -> str:
    """Return an answer without what says that it is right, or tells its reader how to judge it.

    Cut from such words to the end of their sentence. English words alone are known. A statement that is an
    answer, such as "the claim is true", stays.

    Args:
        text: A cleaned answer.
    """
    return _PRAISE.sub("", text)


_PRAISE = re.compile(f"(?:{_CLAIM}){_TO_SENTENCE_END}", re.IGNORECASE)
