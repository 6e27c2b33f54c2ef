"""tokenizer.py: a tokenizer.json that asks for too much is refused before it is built."""

import base64
import json
from typing import Any

import pytest
from tokenizers import Tokenizer

from shared_router import ArtifactSchemaError
from shared_router.checkpoints.tokenizer import (
    MAX_TOKENIZER_BYTES,
    check_tokenizer,
    read_tokenizer,
    tokenizing,
)
from shared_router.checkpoints.tokenizer_parts import runs_away

REPLACE = {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 16}
MODEL: dict[str, Any] = {"type": "WordLevel", "vocab": {"a": 0, "b": 1, "[UNK]": 2}, "unk_token": "[UNK]"}
UNIGRAM: dict[str, Any] = {
    "type": "Unigram",
    "unk_id": 0,
    "vocab": [["a", -1.0], ["b", -2.5]],
    "byte_fallback": False,
}
TEMPLATE: dict[str, Any] = {
    "type": "TemplateProcessing",
    "single": [{"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {},
}
GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
    r"\s+(?!\S)|\s+"
)
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def spec(**changes: Any) -> bytes:
    parts: dict[str, Any] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": MODEL,
    }
    return json.dumps({**parts, **changes}).encode()


def sequence(*members: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Sequence", "normalizers": list(members)}


def nested(depth: int) -> dict[str, Any]:
    return REPLACE if depth == 0 else sequence(nested(depth - 1))


def split(regex: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False}


def charsmap(longest: int) -> dict[str, Any]:
    table = (0).to_bytes(4, "little") + b"a" * longest + b"\0"
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(table).decode()}


def added(**changes: Any) -> list[dict[str, Any]]:
    flags = dict.fromkeys(["single_word", "lstrip", "rstrip", "normalized"], False)
    return [{"id": 1, "content": "<b>", "special": True, **flags, **changes}]


HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "deep": b'{"model":' + b"[" * 100_000,
    "many lists": b'{"model":[' + b"[]," * 1_000_001 + b"[]]}",
    "many numbers": b'{"model":[' + b"0," * 2_500_001 + b"0]}",
    "large": b" " * (MAX_TOKENIZER_BYTES + 1),
    "another key": spec(run="me"),
    "no model": spec(model=None),
    "another model": spec(model={"type": "Neural", "vocab": {}}),
    "an id of 2^31": spec(model={**MODEL, "vocab": {**MODEL["vocab"], "c": 1 << 31}}),
    "an id outside the table": spec(model={**MODEL, "vocab": {**MODEL["vocab"], "c": 10}}),
    "an id below 0": spec(model={**MODEL, "vocab": {**MODEL["vocab"], "c": -1}}),
    "an id twice": spec(model={**MODEL, "vocab": {**MODEL["vocab"], "c": 0}}),
    "an id that is text": spec(model={**MODEL, "vocab": {**MODEL["vocab"], "c": "3"}}),
    "an id that is true": spec(model={**MODEL, "vocab": {**MODEL["vocab"], "c": True}}),
    "no vocabulary": spec(model={**MODEL, "vocab": {}}),
    "an unknown token that is none": spec(model={**MODEL, "unk_token": "?"}),
    "an added id of 2^31": spec(added_tokens=added(id=1 << 31)),
    "an added token of nothing": spec(added_tokens=added(content="")),
    "an added token of 10,000 characters": spec(added_tokens=added(content="x" * 10_000)),
    "a unigram of more than the table": spec(model={**UNIGRAM, "vocab": [["a", 0.0]] * 11}),
    "a unigram without an unknown": spec(model={**UNIGRAM, "unk_id": None}),
    "a unigram with an unknown outside": spec(model={**UNIGRAM, "unk_id": 2}),
    "a unigram of three": spec(model={**UNIGRAM, "vocab": [["a", 0.0, 1]]}),
    "merges dropped at random": spec(model={"type": "BPE", "vocab": {"a": 0}, "merges": [], "dropout": 0.5}),
    "a replacement of 100": spec(normalizer={**REPLACE, "content": "a" * 100}),
    "six nested replacements": spec(normalizer=sequence(*[{**REPLACE, "content": "a" * 100}] * 6)),
    "two replacements of 16": spec(normalizer=sequence(REPLACE, REPLACE)),
    "nested sequences": spec(normalizer=nested(6)),
    "prefixes": spec(normalizer=sequence(*[{"type": "Prepend", "prepend": "a" * 1000}] * 2)),
    "40 normalizers": spec(normalizer=sequence(*[{"type": "NFC"}] * 40)),
    "a table of long strings": spec(normalizer=charsmap(1000)),
    "a table that is none": spec(normalizer={"type": "Precompiled", "precompiled_charsmap": "?"}),
    "a repeat of repeats": spec(pre_tokenizer=split(r"(\w+)+$")),
    "a repeat of choices": spec(pre_tokenizer=split(r"(?:a|a)*$")),
    "a back reference": spec(pre_tokenizer=split(r"(a*)\1")),
    "a long pattern": spec(pre_tokenizer=split("a" * 5000)),
    "a pattern that is none": spec(pre_tokenizer={"type": "Split", "pattern": "a"}),
    "a pre-tokenizer that is none": spec(pre_tokenizer={"type": "Shell", "command": "true"}),
    "padding of 2^40": spec(padding={"strategy": {"Fixed": 1 << 40}, "pad_id": 0}),
    "a template of 1,000": spec(post_processor={**TEMPLATE, "single": TEMPLATE["single"] * 1000}),
    "a template with an id outside": spec(
        post_processor={**TEMPLATE, "special_tokens": {"x": {"id": "x", "ids": [1 << 31], "tokens": ["x"]}}}
    ),
    "a template of a token that is not there": spec(
        post_processor={**TEMPLATE, "single": [{"SpecialToken": {"id": "x", "type_id": 0}}]}
    ),
    "a processor with an id outside": spec(
        post_processor={"type": "BertProcessing", "sep": ["x", 1 << 31], "cls": ["x", 1]}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_tokenizer_that_asks_for_too_much_is_refused(name: str) -> None:
    with pytest.raises(ArtifactSchemaError):
        read_tokenizer(HOSTILE[name], n_ids=10)


@pytest.mark.parametrize(
    "changes", [{}, {"model": UNIGRAM}, {"added_tokens": added()}, {"normalizer": charsmap(9)}]
)
def test_a_tokenizer_that_is_one_is_read(changes: dict[str, Any]) -> None:
    if "normalizer" not in changes:
        assert read_tokenizer(spec(**changes), n_ids=10).encode("a b").ids == [0, 1]
    else:
        check_tokenizer(spec(**changes), n_ids=10)


def test_what_a_tokenizer_cut_and_padded_at_its_last_use_does_not_stay() -> None:
    padding = {
        "strategy": {"Fixed": 8},
        "direction": "Right",
        "pad_to_multiple_of": None,
        "pad_id": 0,
        "pad_type_id": 0,
        "pad_token": "a",
    }
    assert read_tokenizer(spec(padding=padding), n_ids=10).encode("b").ids == [1]


@pytest.mark.parametrize("regex", [GPT2, LLAMA3, O200K, r"\s+", " {2,}", r"[\r\n]", r"(?<=a)b", r"(ab)+"])
def test_the_patterns_of_published_tokenizers_do_not_run_away(regex: str) -> None:
    assert not runs_away(regex)


@pytest.mark.parametrize(
    "regex",
    [
        r"(a+)+",
        r"(a*)*b",
        r"(a|aa)+",
        r"((a+)b?)*",
        r"(x|(?:a+))+",
        r"([ab]+){2,}",
        r"(a)\1",
        "a*a*a*a*b",
        "(a",
    ],
)
def test_a_pattern_that_may_run_away_is_found(regex: str) -> None:
    assert runs_away(regex)


def test_what_tokenizers_raises_is_raised_as_ours() -> None:
    with pytest.raises(ArtifactSchemaError, match="must be a tokenizer that works"), tokenizing():
        Tokenizer.from_str("{}")


def test_an_interrupt_stays_one() -> None:
    with pytest.raises(KeyboardInterrupt), tokenizing():
        raise KeyboardInterrupt
