import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer

from shared_router import (
    ArtifactCorruptError,
    ArtifactError,
    ArtifactNotFoundError,
    ArtifactSchemaError,
    PairRanker,
)
from shared_router.training.pair_losses import PairLoss, pair_losses
from tests.published.pair_rm_folders import (
    ASKED,
    pair_rm_config,
    pair_rm_folder,
    pair_rm_hf_folder,
    pair_rm_tensors,
)
from tests.published.parity.freeze_pair_rm import BETTER, LEFT, RIGHT, WORSE
from tests.routers.tiny_models import tiny_encoder

FROZEN = json.loads((Path(__file__).parent / "parity/pair_rm.json").read_text())


def test_the_logits_of_pair_rms_folder_are_the_original_codes(tmp_path: Path) -> None:
    ranker = PairRanker.from_published(pair_rm_folder(tmp_path))
    for (question, answers), logits in zip(ASKED, FROZEN["logits"], strict=True):
        np.testing.assert_allclose(ranker.comparisons(question, answers), logits, atol=1e-5)


def test_the_scores_of_pair_rms_folder_are_the_original_codes(tmp_path: Path) -> None:
    ranker = PairRanker.from_published(pair_rm_folder(tmp_path))
    for (question, answers), scores in zip(ASKED, FROZEN["scores"], strict=True):
        np.testing.assert_allclose(ranker.scores(question, answers), scores, atol=1e-5)


def test_the_logit_of_several_kinds_of_quality_is_the_original_codes_mean(tmp_path: Path) -> None:
    ranker = PairRanker.from_published(pair_rm_folder(tmp_path, n_tasks=2))
    for (question, answers), logits in zip(ASKED, FROZEN["logits_of_two_tasks"], strict=True):
        np.testing.assert_allclose(ranker.comparisons(question, answers), logits, atol=1e-5)


def test_the_logits_of_pair_rm_hfs_folder_are_the_original_codes(tmp_path: Path) -> None:
    ranker = PairRanker.from_published(pair_rm_hf_folder(tmp_path))
    asked = [each for each in ASKED if "[SEP]" not in each[0]]
    found = [ranker.compare(question, *answers[:2], places="first") for question, answers in asked]
    np.testing.assert_allclose(found, FROZEN["hf_logits"], atol=1e-5)


@pytest.mark.parametrize(("loss", "kind"), [("bradley_terry", "instructgpt"), ("bce", "BCE"), ("mse", "MSE")])
def test_the_losses_are_the_original_codes(loss: PairLoss, kind: str) -> None:
    left, right, better, worse = (torch.tensor(each) for each in (LEFT, RIGHT, BETTER, WORSE))
    found = pair_losses(loss, left, right, torch.stack([better, worse], dim=1)).mean()
    assert float(found) == pytest.approx(FROZEN["losses"][kind], abs=1e-6)


def test_a_pair_does_not_depend_on_the_others_it_is_read_with(tmp_path: Path) -> None:
    ranker = PairRanker.from_published(pair_rm_folder(tmp_path))
    question, answers = ASKED[1]
    alone = ranker.compare(question, answers[0], answers[1], places="first")
    assert ranker.comparisons(question, answers)[0, 1] == pytest.approx(alone, abs=1e-6)


def test_the_encoder_may_stand_in_a_folder_of_its_own(tmp_path: Path) -> None:
    folder = pair_rm_folder(tmp_path / "ranker", model_name="someone/an-encoder")
    base = pair_rm_hf_folder(tmp_path / "encoder", architectures=["DebertaV2Model"])
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    ranker = PairRanker.from_published(folder, backbone=base)
    question, answers = ASKED[0]
    np.testing.assert_allclose(ranker.comparisons(question, answers), FROZEN["logits"][0], atol=1e-5)


def test_a_published_ranker_can_be_saved_and_loaded_in_our_format(tmp_path: Path) -> None:
    ranker = PairRanker.from_published(pair_rm_folder(tmp_path / "theirs"), aggregation="max_wins")
    sha256 = ranker.save(tmp_path / "ours")
    loaded = PairRanker.load(tmp_path / "ours", expected_sha256=sha256)
    assert loaded.aggregation == "max_wins"
    for question, answers in ASKED:
        np.testing.assert_array_equal(
            loaded.comparisons(question, answers), ranker.comparisons(question, answers)
        )


def _edited(folder: Path, **changes: Any) -> Path:
    tensors = load_file(folder / "model.safetensors")
    for name, tensor in changes.items():
        tensors.pop(name, None)
        if tensor is not None:
            tensors[name] = tensor
    save_file(tensors, folder / "model.safetensors")
    return folder


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"ranker_type": "summareranker"}, 'must say ranker_type "pairranker"'),
        ({"n_tasks": 0}, "n_tasks must be a whole number"),
        ({"n_tasks": True}, "n_tasks must be a whole number"),
        ({"source_maxlength": "long"}, "source_maxlength must be a whole number"),
        ({"drop_out": 1.5}, "drop_out must be a number"),
        ({"model_name": "roberta-large"}, "give the folder of the encoder as backbone"),
    ],
)
def test_a_config_of_another_kind_is_refused(tmp_path: Path, config: dict[str, Any], message: str) -> None:
    with pytest.raises(ArtifactSchemaError, match=message):
        PairRanker.from_published(pair_rm_folder(tmp_path, **config))


@pytest.mark.parametrize(
    "changes",
    [
        {"head_layer.4.weight": None},
        {"head_layer.1.weight": torch.zeros(64, 64)},
        {"head_layer.4.weight": torch.zeros(2, 64)},
        {"pretrained_model.embeddings.word_embeddings.weight": None},
        {"pretrained_model.encoder.layer.1.output.dense.weight": None},
        {"pretrained_model.encoder.layer.0.intermediate.dense.weight": torch.zeros(64, 64)},
        {"pretrained_model.encoder.rel_embeddings.weight": None},
        {"pretrained_model.embeddings.word_embeddings.weight": torch.zeros(200, 64)},
    ],
)
@pytest.mark.parametrize("make", [pair_rm_folder, pair_rm_hf_folder])
def test_tensors_of_another_model_are_refused(tmp_path: Path, make: Any, changes: dict[str, Any]) -> None:
    with pytest.raises(ArtifactError):
        PairRanker.from_published(_edited(make(tmp_path), **changes))


def test_buffers_of_an_older_release_are_left_out(tmp_path: Path) -> None:
    extra = {"pretrained_model.embeddings.position_ids": torch.arange(512)[None]}
    ranker = PairRanker.from_published(_edited(pair_rm_folder(tmp_path), **extra))
    np.testing.assert_allclose(ranker.comparisons(*ASKED[0]), FROZEN["logits"][0], atol=1e-5)


def test_the_tokenizer_of_another_model_is_refused(tmp_path: Path) -> None:
    folder = pair_rm_hf_folder(tmp_path / "ranker", source_prefix_id=7)
    with pytest.raises(ArtifactSchemaError, match="whose markers have the ids"):
        PairRanker.from_published(folder)
    folder = pair_rm_folder(tmp_path / "other")
    tiny_encoder(tmp_path / "bytes")
    (folder / "tokenizer.json").write_bytes((tmp_path / "bytes/tokenizer.json").read_bytes())
    with pytest.raises(ArtifactSchemaError, match="whose markers have the ids"):
        PairRanker.from_published(folder)


def test_a_pickle_is_not_read_and_the_error_says_how_to_convert_it(tmp_path: Path) -> None:
    folder = pair_rm_folder(tmp_path)
    tensors = load_file(folder / "model.safetensors")
    torch.save(tensors, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(ArtifactNotFoundError, match="holds the pickle pytorch_model.bin.*save_file"):
        PairRanker.from_published(folder)


def test_what_is_no_folder_of_a_ranker_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactNotFoundError, match="must be a folder"):
        PairRanker.from_published(tmp_path / "none")
    with pytest.raises(ArtifactNotFoundError, match=r"must hold config\.json"):
        PairRanker.from_published(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ArtifactCorruptError, match="must be JSON"):
        PairRanker.from_published(tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(ArtifactCorruptError, match="must be an object"):
        PairRanker.from_published(tmp_path)
    folder = pair_rm_folder(tmp_path / "ranker")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ArtifactNotFoundError, match="give the folder of its encoder as backbone"):
        PairRanker.from_published(folder)


def test_a_folder_with_a_sentencepiece_model_alone_reads_as_one_with_its_tokenizer(tmp_path: Path) -> None:
    """DeBERTa-v3's own form: a word's first piece begins with a space, also behind a marker."""
    sentencepiece = pytest.importorskip("sentencepiece")
    (tmp_path / "words.txt").write_text(
        "\n".join(f"what is {n} times {n}? it is {n * n}." for n in range(200))
    )
    pieces = {"pad_piece": "[PAD]", "bos_piece": "[CLS]", "eos_piece": "[SEP]", "unk_piece": "[UNK]"}
    sentencepiece.SentencePieceTrainer.train(
        input=str(tmp_path / "words.txt"),
        model_prefix=str(tmp_path / "spm"),
        vocab_size=60,
        **{"pad_id": 0, "bos_id": 1, "eos_id": 2, "unk_id": 3, "minloglevel": 2, **pieces},
    )
    folder, other = pair_rm_folder(tmp_path / "pieces"), pair_rm_folder(tmp_path / "whole")
    names = {"cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]"}
    tokenizer_config = {"tokenizer_class": "DebertaV2Tokenizer", "mask_token": "[MASK]", **names}
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer_config))
    (folder / "spm.model").write_bytes((tmp_path / "spm.model").read_bytes())
    read = AutoTokenizer.from_pretrained(folder, config=pair_rm_config(100))
    read.save_pretrained(other)
    for place in (folder, other):
        save_file(pair_rm_tensors(len(read) + 4), place / "model.safetensors")
    rankers = [PairRanker.from_published(place) for place in (folder, other)]
    asked = "what is 3 times 3?", ["it is 9.", "it is 10.", " 9"]
    np.testing.assert_array_equal(rankers[0].comparisons(*asked), rankers[1].comparisons(*asked))
    assert rankers[0].encoder_ is not None
    tokens = rankers[0].encoder_.input.tokenizer
    ids = rankers[0].encoder_.input.parts("what", ["9", "10"]).source
    assert [tokens.id_to_token(each) for each in ids[:2]] == ["[CLS]", "<|source|>"]
