"""The parts of a `tokenizer.json` that read and change text, and how much each may do of it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any

from shared_router.errors import ArtifactSchemaError

_NORMALIZERS = (
    "BertNormalizer",
    "ByteLevel",
    "Lowercase",
    "NFC",
    "NFD",
    "NFKC",
    "NFKD",
    "Nmt",
    "Precompiled",
    "Prepend",
    "Replace",
    "Sequence",
    "Strip",
    "StripAccents",
)
_PRE_TOKENIZERS = (
    "BertPreTokenizer",
    "ByteLevel",
    "CharDelimiterSplit",
    "Digits",
    "FixedLength",
    "Metaspace",
    "Punctuation",
    "Sequence",
    "Split",
    "UnicodeScripts",
    "Whitespace",
    "WhitespaceSplit",
)
_POST_PROCESSORS = (
    "BertProcessing",
    "ByteLevel",
    "RobertaProcessing",
    "Sequence",
    "TemplateProcessing",
)
_MEMBERS = {"normalizer": "normalizers", "pre_tokenizer": "pretokenizers", "post_processor": "processors"}
_MAX_PARTS = 32
_MAX_DEPTH = 4
_MAX_GROWTH = 32
"""How many characters a tokenizer may make of one: the rules of published ones make 1 to 3."""
_MAX_PIECES = 32
_MAX_CONTENT = 16
_MAX_PATTERN = 2048
_MAX_REPEATS = 3
_LONGEST_MAPPING = 128


def check_parts(spec: Mapping[str, Any], n_ids: int) -> None:
    """Refuse parts that are none, that let a text grow, or whose patterns can take exponential time.

    Args:
        spec: A `tokenizer.json`, parsed.
        n_ids: Every id that is put around a text is below.

    Raises:
        ArtifactSchemaError: If there is one.
    """
    growth = 1.0
    for part in _parts(spec.get("normalizer"), "normalizer", _NORMALIZERS):
        growth *= _growth(part)
        if growth > _MAX_GROWTH:
            raise ArtifactSchemaError(f"a tokenizer must make at most {_MAX_GROWTH} characters of one")
    for part in _parts(spec.get("pre_tokenizer"), "pre_tokenizer", _PRE_TOKENIZERS):
        if part["type"] == "Split":
            _check_pattern(part.get("pattern"))
        if len(str(part.get("replacement", ""))) > _MAX_CONTENT:
            raise ArtifactSchemaError(f"a replacement must be at most {_MAX_CONTENT} characters")
    for part in _parts(spec.get("post_processor"), "post_processor", _POST_PROCESSORS):
        _check_pieces(part, n_ids)
    for key in ("truncation", "padding"):
        _check_bounded(spec.get(key))


def _parts(part: object, place: str, kinds: tuple[str, ...], depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yield a part, or the parts of a sequence, in their order."""
    if part is None:
        return
    if not isinstance(part, dict) or part.get("type") not in kinds or depth > _MAX_DEPTH:
        raise ArtifactSchemaError(f"a tokenizer's {place} must be among {kinds}")
    if part["type"] != "Sequence":
        yield part
        return
    members = part.get(_MEMBERS[place])
    if not isinstance(members, list) or len(members) > _MAX_PARTS:
        raise ArtifactSchemaError(f"a tokenizer's {place} must be a sequence of at most {_MAX_PARTS} parts")
    for member in members:
        yield from _parts(member, place, kinds, depth + 1)


def _growth(part: Mapping[str, Any]) -> float:
    if part["type"] == "Prepend":
        return 1.0 + len(str(part.get("prepend", ""))) / _MAX_CONTENT
    if part["type"] == "Precompiled":
        _check_mappings(part.get("precompiled_charsmap"))
    if part["type"] != "Replace":
        return 1.0
    content = part.get("content")
    if not isinstance(content, str) or len(content) > _MAX_CONTENT:
        raise ArtifactSchemaError(f"a Replace must put at most {_MAX_CONTENT} characters")
    _check_pattern(part.get("pattern"))
    plain = part["pattern"].get("String")
    # a pattern may match nothing, between any two characters
    return max(1.0, len(content) / len(plain)) if plain else 1.0 + max(0, len(content) - 1)


def _check_mappings(charsmap: object) -> None:
    """Check sentencepiece's table of normalised strings: a trie's length, the trie, strings that end in 0."""
    if charsmap is None:
        return
    try:
        table = base64.b64decode(charsmap if isinstance(charsmap, str) else "!", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ArtifactSchemaError("precompiled_charsmap must be base64") from error
    strings = table[4 + int.from_bytes(table[:4], "little") :]
    if len(table) < 4 or max(map(len, strings.split(b"\0"))) > _LONGEST_MAPPING:
        raise ArtifactSchemaError(f"a character must become at most {_LONGEST_MAPPING} bytes")


def _check_pattern(pattern: object) -> None:
    if (
        not isinstance(pattern, dict)
        or len(pattern) != 1
        or not isinstance(next(iter(pattern.values())), str)
    ):
        raise ArtifactSchemaError("a pattern must be a String or a Regex")
    if len(next(iter(pattern.values()))) > _MAX_PATTERN:
        raise ArtifactSchemaError(f"a pattern must be at most {_MAX_PATTERN} characters")
    if "Regex" in pattern and runs_away(pattern["Regex"]):
        raise ArtifactSchemaError("a pattern must take time in proportion to its text; repeat no group")


def runs_away(regex: str) -> bool:
    r"""Tell whether a pattern may take exponential time: `(a+)+`, `(a|aa)+`, `(a*)\1`, `a*a*a*a*`.

    No tokenizer needs a repeated group of repeats or choices, a back reference, or more than three repeats
    in a row, and no pattern without them takes exponential time.
    """
    atoms = re.sub(r"\[(?:\\.|[^\]\\])*\]", "x", regex)  # a class is one character
    if re.search(r"\\[1-9kg]|\(\?[PR0-9&<][^=!]", atoms):
        return True
    atoms = re.sub(r"\\[pP]\{[^}]*\}|\\.", "x", atoms)
    unbounded = r"(?:[*+]|\{\d*,\}|\{\d{3,}[^}]*\}|\{\d*,\d{3,}\})"
    while "(" in atoms:
        # groups without groups in them, from the inside out; what is kept says whether they hold a choice
        inner = re.search(r"\([^()]*\)", atoms)
        if inner is None:
            return True  # a pattern that does not even balance
        holds = re.search(rf"\||{unbounded}", inner.group())
        if holds and re.match(unbounded, atoms[inner.end() :]):
            return True
        atoms = atoms[: inner.start()] + ("x+" if holds else "x") + atoms[inner.end() :]
        atoms = atoms.replace("x++", "x+")
    return any(len(re.findall(unbounded, branch)) > _MAX_REPEATS for branch in atoms.split("|"))


def _check_pieces(part: Mapping[str, Any], n_ids: int) -> None:
    """Check the ids that are put around a text."""
    pairs = [part[key] for key in ("sep", "cls") if key in part]
    if any(not (isinstance(pair, list) and len(pair) == 2 and _is_id(pair[1], n_ids)) for pair in pairs):
        raise ArtifactSchemaError(f"a tokenizer's cls and sep must have ids below {n_ids}")
    if part["type"] != "TemplateProcessing":
        return
    tokens = part.get("special_tokens")
    if not isinstance(tokens, dict) or len(tokens) > _MAX_PIECES:
        raise ArtifactSchemaError("a template's special_tokens must be an object")
    for key in ("single", "pair"):
        pieces = part.get(key)
        if not isinstance(pieces, list) or len(pieces) > _MAX_PIECES:
            raise ArtifactSchemaError(f"a template must be at most {_MAX_PIECES} pieces")
        if not all(_is_piece(piece, tokens) for piece in pieces):
            raise ArtifactSchemaError("a template's pieces must be sequences A and B and its special tokens")
    for token in tokens.values():
        ids = token.get("ids") if isinstance(token, dict) else None
        if not isinstance(ids, list) or len(ids) > _MAX_PIECES or not all(_is_id(i, n_ids) for i in ids):
            raise ArtifactSchemaError(f"a template's special_tokens must have ids below {n_ids}")


def _is_piece(piece: object, tokens: Mapping[str, Any]) -> bool:
    if not isinstance(piece, dict) or len(piece) != 1:
        return False
    kind, named = next(iter(piece.items()))
    if not isinstance(named, dict) or not isinstance(named.get("id"), str):
        return False
    return named["id"] in (tokens if kind == "SpecialToken" else ("A", "B"))


def _check_bounded(setting: object) -> None:
    """Check that no text is padded to a length that takes the memory."""
    numbers = [setting]
    while numbers:
        value = numbers.pop()
        if isinstance(value, dict):
            numbers.extend(value.values())
        elif isinstance(value, list):
            numbers.extend(value)
        elif isinstance(value, (int, float)) and abs(value) > 1 << 24:
            raise ArtifactSchemaError("a tokenizer's truncation and padding must be at most 16,777,216")


def _is_id(value: object, n_ids: int) -> bool:
    return type(value) is int and 0 <= value < n_ids
