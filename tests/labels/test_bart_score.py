"""BARTScore on a tiny BART: the mean log-probability of a text's tokens, summed one by one."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from shared_router import (
    ArtifactNotFoundError,
    ArtifactSchemaError,
    DataError,
    InvalidInputError,
    MissingExtraError,
    Outcomes,
)
from shared_router.labels import sampled_qualities
from shared_router.labels.bart_score import BartScore
from tests.routers.tiny_models import ENCODER_LENGTH, tiny_bart, tiny_encoder

N_TOKENS = 259
"""256 bytes and three special tokens."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bart(tmp_path_factory.mktemp("bart"))


@pytest.fixture(scope="module")
def score(folder: Path) -> BartScore:
    return BartScore.pretrained(folder, max_length=ENCODER_LENGTH)


def test_a_model_that_finds_all_tokens_as_likely_gives_each_one_over_their_number(folder: Path) -> None:
    """All logits 0: each of `<s>`, "a", "b" and `</s>` has p = 1 / 259, so the mean is -log 259."""
    score = BartScore.pretrained(folder, max_length=ENCODER_LENGTH)
    with torch.no_grad():
        for parameter in score.model.parameters():
            parameter.zero_()
    assert score.log_likelihoods(["x", "y z"], ["ab", ""]) == pytest.approx([-math.log(N_TOKENS)] * 2)


def test_a_score_is_the_mean_log_probability_of_each_token_after_those_before_it(score: BartScore) -> None:
    """The original: shift the target right behind `</s>`, the decoder's start, and average over |y| + 2."""
    found = score.log_likelihoods(["the answer"], ["so it is"])
    source, target = (torch.tensor([[0, *_bytes(text), 2]]) for text in ("the answer", "so it is"))
    logs = []
    for place in range(target.shape[1]):
        before = torch.tensor([[2, *target[0, :place].tolist()]])
        with torch.no_grad():
            logits = score.model(input_ids=source, decoder_input_ids=before).logits[0, -1].double()
        logs.append(float(logits[target[0, place]] - logits.logsumexp(dim=0)))
    assert len(logs) == 10
    assert found[0] == pytest.approx(sum(logs) / 10, abs=1e-6)


def test_texts_of_other_lengths_beside_it_change_no_score(score: BartScore) -> None:
    sources, targets = ["one", "a longer source it is", "x"], ["short", "y", "and a longer target"]
    together = score.log_likelihoods(sources, targets)
    alone = [score.log_likelihoods([a], [b])[0] for a, b in zip(sources, targets, strict=True)]
    assert together == pytest.approx(alone, abs=1e-5)
    assert (together < 0).all()


def test_an_answers_quality_is_how_likely_it_makes_the_reference(score: BartScore) -> None:
    expected = score.log_likelihoods(["four"], ["4"])[0]
    assert score("2+2?", "four", "4") == expected
    assert score.qualities(["2+2?"], ["four"], ["4"]).tolist() == [expected]


def test_it_judges_every_sample_of_two_models(score: BartScore) -> None:
    outcomes = Outcomes.from_columns(
        ["2+2?"], answers={"big": ["4"], "small": ["5"]}, samples={"small": [["four"]]}
    )
    found = sampled_qualities(outcomes, strong="big", weak="small", quality=score, references=["4"])
    several = sampled_qualities(
        outcomes, strong="big", weak="small", quality=score, references=["4"], samples=(1, 2)
    )
    assert found.strong.tolist() == [[pytest.approx(score("", "4", "4"), abs=1e-6)]]
    assert several.weak == pytest.approx(np.array([[score("", "5", "4"), score("", "four", "4")]]), abs=1e-6)


def test_a_long_text_is_cut_at_its_end(score: BartScore) -> None:
    """64 tokens less `<s>` and `</s>` are 62 bytes."""
    long = score.log_likelihoods(["s" * 500], ["t" * 500])
    assert long == pytest.approx(score.log_likelihoods(["s" * 62], ["t" * 62]))


def test_text_that_spells_a_special_token_is_read_as_text(score: BartScore) -> None:
    """Five bytes each: as one token the target would be three, not seven, tokens long."""
    spelled, other = score.log_likelihoods(["a", "a"], ["<pad>", "(pad)"])
    assert spelled != other
    assert len(score._ids(["<pad>"])[0]) == 7


def test_half_a_character_is_read_as_a_question_mark(score: BartScore) -> None:
    broken, whole = score.log_likelihoods(["a \ud800", "a ?"], ["b \udfff", "b ?"])
    assert broken == pytest.approx(whole)


def test_texts_that_do_not_pair_are_refused(score: BartScore) -> None:
    for texts in ("ab", None, [None, "b"], {"a": "b"}):
        with pytest.raises(InvalidInputError, match="sources must be"):
            score.log_likelihoods(texts, ["a", "b"])  # type: ignore[arg-type]
        with pytest.raises(InvalidInputError, match="targets must be"):
            score.log_likelihoods(["a", "b"], texts)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="sources and targets must be as many, got 1 and 2"):
        score.log_likelihoods(["a"], ["b", "c"])
    with pytest.raises(DataError, match="1 of 2 prompts have none; give one for each prompt"):
        score.qualities(["p", "p"], ["a", "a"], ["b", None])


@pytest.mark.parametrize("max_length", [2, 65])
def test_a_length_that_the_model_does_not_read_is_refused(folder: Path, max_length: int) -> None:
    with pytest.raises(InvalidInputError, match="max_length must be above 2 and at most the 64 tokens"):
        BartScore.pretrained(folder, max_length=max_length)


def test_another_model_an_adapter_or_none_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactSchemaError, match="BARTScore needs a BART"):
        BartScore.pretrained(tiny_encoder(tmp_path / "bert"), max_length=ENCODER_LENGTH)
    with pytest.raises(ArtifactNotFoundError):
        BartScore.pretrained(tmp_path / "nothing")
    tiny_bart(tmp_path / "adapter")
    (tmp_path / "adapter" / "adapter_config.json").write_text("{}")
    with pytest.raises(ArtifactSchemaError, match="is an adapter of another"):
        BartScore.pretrained(tmp_path / "adapter", max_length=ENCODER_LENGTH)


def test_a_model_without_some_of_its_weights_is_refused(tmp_path: Path) -> None:
    tiny_bart(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "decoder_layers": 3}))
    with pytest.raises(ArtifactSchemaError, match="must hold every weight"):
        BartScore.pretrained(tmp_path, max_length=ENCODER_LENGTH)


def test_code_that_a_config_names_is_not_read(tmp_path: Path) -> None:
    tiny_bart(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config |= {"auto_map": {"AutoConfig": "evil.Config"}, "quantization_config": {"quant_method": "evil"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert BartScore.pretrained(tmp_path, max_length=ENCODER_LENGTH)("", "a", "b") < 0


def test_the_extra_is_named_where_torch_is_missing(folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match="routellm-adapters\\[torch\\]"):
        BartScore.pretrained(folder)


def _bytes(text: str) -> list[int]:
    from tests.routers.tiny_models import byte_tokenizer

    tokenizer = byte_tokenizer(["<s>", "<pad>", "</s>"])
    return list(tokenizer.encode(text, add_special_tokens=False).ids)
