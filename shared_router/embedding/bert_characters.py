"""What a lowering BERT tokenizer makes of characters that are not ASCII, asked for once each.

It drops some (marks, private use), lowers some, takes accents off, and makes words of their own of others
(ideographs, punctuation), each by itself: never by what stands beside it, once a text is in NFC. So a table
says what the `tokenizers` library says, and a text is folded in one pass over it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizers import normalizers, pre_tokenizers

MAX_CHARACTERS = 65_536
"""How many are remembered; more are asked for each time, so that nobody fills the memory with theirs."""

MAX_DISTINCT = 512
"""How many different ones of a text count, the first ones: a page of Chinese has 300."""

_NOT_ASCII = re.compile("[^\x00-\x7f]+")
_ASCII = {code: chr(code) for code in range(128)}
_IDEOGRAPHS = range(0x4E00, 0xA000)
"""A BERT tokenizer that handles Chinese makes each of these a word: the library need not be asked."""

_BETWEEN = "|"  # no character's fold holds it


class BertCharacters:
    """Fold texts as a BERT tokenizer does before it looks words up.

    Args:
        options: `BertNormalizer`'s, as a `tokenizer.json` gives them; it lowers and cleans.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options
        self._folded = dict(_ASCII)
        self._ideographs = _IDEOGRAPHS if options.get("handle_chinese_chars") else range(0)

    def fold(self, text: str) -> str:
        """Return a cleaned text with spaces around each word of one character, ASCII letters lowered."""
        lowered = text.encode().lower().decode()  # bytes lower ASCII alone, and fast
        runs = _NOT_ASCII.findall(lowered)
        characters = "".join(runs)
        distinct = set(map(ord, characters))
        if len(distinct) > MAX_DISTINCT:
            distinct = {ord(c) for c in list(dict.fromkeys(characters))[:MAX_DISTINCT]}
            left_out = set(map(ord, characters)) - distinct
            lowered = lowered.translate(dict.fromkeys(left_out))
        folded = self._table(distinct)
        if len(runs) * 8 > len(lowered):  # a pass over all characters is cheaper than one call a run
            return lowered.translate(folded)
        return _NOT_ASCII.sub(lambda run: run[0].translate(folded), lowered)

    def _table(self, codes: set[int]) -> Mapping[int, str]:
        """Return a table that has these."""
        new = {code for code in codes if code not in self._folded}
        if not new:
            return self._folded
        asked = {code: f" {chr(code)} " for code in new if code in self._ideographs}
        if len(asked) < len(new):
            asked |= self._ask("".join(map(chr, new.difference(asked))))
        if len(self._folded) + len(asked) > MAX_CHARACTERS:
            known = {code: self._folded[code] for code in codes - new}
            return _ASCII | known | asked
        self._folded |= asked
        return self._folded

    def _ask(self, characters: str) -> dict[int, str]:
        normalizer, cutter = self._library
        folded = normalizer.normalize_str(_BETWEEN.join(characters)).split(_BETWEEN)
        # letters and digits never stand alone, and most characters are such
        others = "".join({c for c in "".join(folded) if not c.isalnum()})
        cut = cutter.pre_tokenize_str("".join(f"a{c}" for c in others) + "a")
        alone = {piece for piece, (start, _) in cut if start % 2 and len(piece) == 1}
        inside = {c for piece, _ in cut if len(piece) > 1 for c in piece}
        apart = {ord(c): f" {c} " if c in alone else " " for c in others if c not in inside}
        return {ord(c): f.translate(apart) for c, f in zip(characters, folded, strict=True)}

    @cached_property
    def _library(self) -> tuple[normalizers.BertNormalizer, pre_tokenizers.BertPreTokenizer]:
        from tokenizers import normalizers, pre_tokenizers

        return normalizers.BertNormalizer(**self.options), pre_tokenizers.BertPreTokenizer()
