"""A `tokenizer.json` as data: its ids fit the model, its text does not grow, its patterns do not run away.

`tokenizers` builds whatever a file says: a table as long as the greatest id, `Replace` rules that turn one
character into a trillion, a pattern that takes exponential time. So the file is read here first, and only
then handed over. Left out: decoders, which nothing here calls.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from shared_router.checkpoints.tokenizer_parts import check_parts
from shared_router.errors import ArtifactSchemaError, RouterError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TOKENIZER = "tokenizer.json"
MAX_TOKENIZER_BYTES = 48 * 1024 * 1024
# What parsing takes: 64 bytes or more a bracket, 60 a comma. The largest vocabularies, of 262,144 tokens with
# half a million merges, stay below.
_MAX_BRACKETS = 1_000_000
_MAX_COMMAS = 2_500_000
_MAX_TOKEN_CHARS = 512
_PROBE = ("", "What is 2+2?", "\u00c9 \u4e2d\u6587 \U0001f600 \u0301")
_KEYS = {
    "version",
    "truncation",
    "padding",
    "added_tokens",
    "normalizer",
    "pre_tokenizer",
    "post_processor",
    "decoder",
    "model",
}


def read_tokenizer(content: bytes, *, n_ids: int) -> Tokenizer:
    """Build a tokenizer after a check of what it is made of.

    Args:
        content: A `tokenizer.json`.
        n_ids: How many tokens the model knows; every id is below.

    Raises:
        ArtifactSchemaError: If the file is no tokenizer, or one that asks for too much.
    """
    check_tokenizer(content, n_ids=n_ids)
    from tokenizers import Tokenizer

    with tokenizing():
        tokenizer: Tokenizer = Tokenizer.from_str(content.decode())
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_batch(list(_PROBE))
    return tokenizer


def tokenizer_bytes(tokenizer: Tokenizer) -> bytes:
    """Return a tokenizer as `read_tokenizer` reads it, without the cutting and padding of its last use."""
    from tokenizers import Tokenizer as Tokenizers

    copy = Tokenizers.from_str(tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy.to_str().encode()


def check_tokenizer(content: bytes, *, n_ids: int) -> None:
    """Refuse a `tokenizer.json` that asks for more memory or time than its model can need.

    Args:
        content: The file.
        n_ids: Every id is below.

    Raises:
        ArtifactSchemaError: If it does, or it is no tokenizer.
    """
    check_tokenizer_size(content)
    try:
        spec = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ArtifactSchemaError(f"{TOKENIZER} must be JSON") from error
    if not isinstance(spec, dict) or not set(spec) <= _KEYS or not isinstance(spec.get("model"), dict):
        raise ArtifactSchemaError(
            f"{TOKENIZER} must be an object with a tokenizer's keys, a model among them"
        )
    _check_added(spec.get("added_tokens"), n_ids)
    _check_model(spec["model"], n_ids)
    check_parts(spec, n_ids)


def check_tokenizer_size(content: bytes) -> None:
    """Refuse a `tokenizer.json` that would take the memory when it is parsed.

    Raises:
        ArtifactSchemaError: If it would.
    """
    if len(content) > MAX_TOKENIZER_BYTES or content.count(b",") > _MAX_COMMAS:
        raise ArtifactSchemaError(f"{TOKENIZER} must be at most {MAX_TOKENIZER_BYTES} bytes of a vocabulary")
    if content.count(b"[") + content.count(b"{") > _MAX_BRACKETS:
        raise ArtifactSchemaError(f"{TOKENIZER} must be at most {_MAX_BRACKETS} lists and objects")


@contextmanager
def tokenizing() -> Iterator[None]:
    """Say in this project's errors that `tokenizers` failed: it raises bare Exceptions, and panics.

    Raises:
        ArtifactSchemaError: In their place.
    """
    try:
        yield
    except RouterError:
        raise
    except BaseException as error:
        panics = type(error).__module__ == "pyo3_runtime"  # a BaseException that cannot be imported
        if type(error) is not Exception and not panics and not isinstance(error, UnicodeDecodeError):
            raise
        raise ArtifactSchemaError(f"{TOKENIZER} must be a tokenizer that works; it was damaged") from error


def _check_added(tokens: object, n_ids: int) -> None:
    if tokens is None:
        return
    if not isinstance(tokens, list):
        raise ArtifactSchemaError("added_tokens must be a list")
    for token in tokens:
        if not (
            isinstance(token, dict)
            and _is_id(token.get("id"), n_ids)
            and isinstance(token.get("content"), str)
            and 1 <= len(token["content"]) <= _MAX_TOKEN_CHARS
        ):
            raise ArtifactSchemaError(f"added_tokens must have a content and an id below {n_ids}")


def _check_model(model: Mapping[str, Any], n_ids: int) -> None:
    kind, vocabulary = model.get("type"), model.get("vocab")
    if kind not in ("BPE", "Unigram", "WordLevel", "WordPiece"):
        raise ArtifactSchemaError("a tokenizer's model must be BPE, Unigram, WordLevel or WordPiece")
    if kind == "Unigram":
        _check_unigram(model, n_ids)
        return
    if not isinstance(vocabulary, dict) or not vocabulary:
        raise ArtifactSchemaError("a tokenizer's vocabulary must be an object of ids by token")
    ids = vocabulary.values()
    if set(map(type, ids)) != {int} or not 0 <= min(ids) <= max(ids) < n_ids or len(set(ids)) != len(ids):
        raise ArtifactSchemaError(f"a tokenizer's ids must be whole numbers in [0, {n_ids}), none twice")
    unknown = model.get("unk_token")
    if unknown not in vocabulary and not (kind == "BPE" and unknown is None):
        raise ArtifactSchemaError("a tokenizer's unk_token must be in its vocabulary")
    longest = model.get("max_input_chars_per_word", 100)
    if type(longest) is not int or not 1 <= longest <= 1000:
        raise ArtifactSchemaError("max_input_chars_per_word must be in [1, 1000]")
    for key in ("continuing_subword_prefix", "end_of_word_suffix"):
        if len(model.get(key) or "") > _MAX_TOKEN_CHARS >> 5:
            raise ArtifactSchemaError(f"{key} must be at most {_MAX_TOKEN_CHARS >> 5} characters")
    if model.get("dropout"):
        raise ArtifactSchemaError("a tokenizer must not drop merges at random; set dropout to null")


def _check_unigram(model: Mapping[str, Any], n_ids: int) -> None:
    vocabulary, unknown = model.get("vocab"), model.get("unk_id")
    if not isinstance(vocabulary, list) or not 0 < len(vocabulary) <= n_ids:
        raise ArtifactSchemaError(f"a tokenizer's vocabulary must be a list of 1 to {n_ids} tokens")
    for entry in vocabulary:
        if not (
            isinstance(entry, list)
            and len(entry) == 2
            and isinstance(entry[0], str)
            and type(entry[1]) in (int, float)
            and abs(entry[1]) < 1e9
        ):
            raise ArtifactSchemaError("a tokenizer's vocabulary must be pairs of a token and a finite score")
    if not (_is_id(unknown, len(vocabulary)) or (unknown is None and model.get("byte_fallback") is True)):
        raise ArtifactSchemaError("a tokenizer's unk_id must be one of its ids")


def _is_id(value: object, n_ids: int) -> bool:
    return type(value) is int and 0 <= value < n_ids
