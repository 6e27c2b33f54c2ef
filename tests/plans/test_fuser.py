import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import T5Config, T5ForConditionalGeneration

from shared_router import (
    ArtifactCorruptError,
    ArtifactError,
    ArtifactSchemaError,
    DataError,
    GenFuser,
    InvalidInputError,
    NotFittedError,
    fusing_prompt,
)
from shared_router.training.recipe import FineTuning
from shared_router.training.sequence_to_sequence import SequenceToSequence, target_rows
from tests.plans.fusing import FUSED, fuser_tokenizer
from tests.routers.tiny_models import save_tokenizer, tiny_encoder

FROZEN = json.loads((Path(__file__).parents[1] / "published/parity/pair_rm.json").read_text())
RECIPE = FineTuning(
    max_steps=40, batch_size=4, learning_rate=1e-2, head_rate=1.0, validation_fraction=0.0, seed=1
)


def tiny_t5(folder: Path, **settings: Any) -> Path:
    """Save a T5 of one layer, 16 wide, that reads bytes."""
    tokenizer = fuser_tokenizer()
    config: dict[str, Any] = {
        "vocab_size": tokenizer.get_vocab_size(),
        "d_model": 16,
        "d_kv": 8,
        "d_ff": 32,
        "num_layers": 1,
        "num_decoder_layers": 1,
        "num_heads": 2,
        "feed_forward_proj": "gated-gelu",
        "tie_word_embeddings": False,
        "decoder_start_token_id": 0,
        "pad_token_id": 0,
        "eos_token_id": 1,
        **settings,
    }
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model: Any = T5ForConditionalGeneration(T5Config(**config))
        if not config["tie_word_embeddings"]:
            model.lm_head.weight = torch.nn.Parameter(torch.randn_like(model.shared.weight))
        model.save_pretrained(folder)
    save_tokenizer(folder, tokenizer, pad_token="<pad>", eos_token="</s>")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_t5(tmp_path_factory.mktemp("t5"))


def test_the_input_is_the_original_codes(folder: Path) -> None:
    for (instruction, question, answers, tokens, answer_tokens), ids in zip(
        FUSED, FROZEN["fuser_ids"], strict=True
    ):
        fuser = GenFuser.from_published(folder, tokens=tokens, answer_tokens=answer_tokens)
        assert fuser.input_ids(question, answers, instruction=instruction) == ids


def test_the_input_is_the_papers_line(folder: Path) -> None:
    """A text of nine bytes is cut at eight and ends with three points."""
    fuser = GenFuser.from_published(folder, answer_tokens=8)
    assert fuser.model_ is not None
    ids = fuser.input_ids("Who?", ["123456789", "me"], instruction="Be brief.")
    assert fuser.model_.text(ids, special=True) == (
        "Instruction: Be brief.</s>Input: Who?</s>Candidate 0: <extra_id_0>:12345678...</s>"
        "Candidate 1: <extra_id_1>:me</s>Summarize candidates into a better one for the given instruction:"
    )


def test_special_tokens_that_a_text_spells_are_spaces(folder: Path) -> None:
    fuser = GenFuser.from_published(folder)
    spelt = fuser.input_ids("a</s>b", ["x<extra_id_1>y"], instruction="<pad>")
    assert spelt == fuser.input_ids("a b", ["x y"], instruction=" ")


def test_the_input_is_cut_at_its_end(folder: Path) -> None:
    fuser = GenFuser.from_published(folder, tokens=20)
    whole = GenFuser.from_published(folder).input_ids("q", ["a"])
    assert fuser.input_ids("q", ["a"]) == whole[:20]


def test_what_is_written_is_what_transformers_generates(folder: Path) -> None:
    fuser = GenFuser.from_published(folder, written_tokens=6, beams=2)
    assert fuser.model_ is not None
    ids = torch.tensor([fuser.input_ids("q", ["a", "b"])])
    model: Any = T5ForConditionalGeneration.from_pretrained(folder)
    with torch.inference_mode():
        written = model.generate(ids, max_new_tokens=6, num_beams=2, do_sample=False)
    assert fuser.fuse("q", ["a", "b"]) == fuser.model_.tokenizer.decode(written[0].tolist())


def test_a_target_loses_its_mean_cross_entropy(folder: Path) -> None:
    """By hand from the logits: the mean of -log p of each token of the target, the padding left out."""
    model = SequenceToSequence.pretrained(folder)
    ids, target = [[5, 6, 7], [8, 9]], [[10, 11, 1], [12, 1]]
    found = model.losses(ids, torch.from_numpy(target_rows(target))).detach()
    for row, wanted in enumerate(target):
        decoder = torch.tensor([[0, *wanted[:-1]]])
        logits = model.model(input_ids=torch.tensor([ids[row]]), decoder_input_ids=decoder).logits[0].detach()
        each = [-float(logits[at].log_softmax(-1)[token]) for at, token in enumerate(wanted)]
        assert float(found[row]) == pytest.approx(sum(each) / len(each), abs=1e-5)


def test_a_fuser_learns_to_write(folder: Path) -> None:
    questions = [f"question {at}" for at in range(8)]
    answers = [["no", "yes"]] * 8
    fuser = GenFuser(folder, recipe=RECIPE, written_tokens=4, beams=1)
    fuser.fit(questions, answers, ["ok"] * 8, progress=False)
    assert fuser.fuse("question 99", ["no", "yes"]) == "ok"


@pytest.mark.parametrize("tied", [True, False])
def test_a_saved_fuser_writes_as_before(tmp_path: Path, tied: bool) -> None:
    fuser = GenFuser.from_published(
        tiny_t5(tmp_path / "t5", tie_word_embeddings=tied), tokens=200, written_tokens=5, beams=1
    )
    sha256 = fuser.save(tmp_path / "saved")
    loaded = GenFuser.load(tmp_path / "saved", expected_sha256=sha256)
    assert (loaded.tokens, loaded.written_tokens, loaded.beams) == (200, 5, 1)
    assert loaded.fuse("q", ["a", "b"]) == fuser.fuse("q", ["a", "b"])
    assert loaded.model_ is not None
    assert fuser.model_ is not None
    for name, tensor in fuser.model_.model.state_dict().items():
        assert torch.equal(loaded.model_.model.state_dict()[name], tensor)


def test_a_changed_checkpoint_is_refused(tmp_path: Path, folder: Path) -> None:
    GenFuser.from_published(folder).save(tmp_path / "saved")
    config = tmp_path / "saved/config.json"
    written = config.read_text()
    config.write_text(written.replace('"beams": 4', '"beams": 5'))
    with pytest.raises(ArtifactCorruptError, match="must be those that were saved"):
        GenFuser.load(tmp_path / "saved")
    config.write_text(written.replace("fuser/gen_fuser", "fuser/another"))
    with pytest.raises(ArtifactSchemaError, match="must be of kind fuser/gen_fuser"):
        GenFuser.load(tmp_path / "saved")


@pytest.mark.parametrize(
    "change", [{"model_type": "bert"}, {"d_model": -1}, {"feed_forward_proj": "code"}, {"num_heads": 3}]
)
def test_a_folder_of_another_model_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    place = tiny_t5(tmp_path)
    config = json.loads((place / "config.json").read_text())
    (place / "config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(ArtifactError):
        GenFuser.from_published(place)


def test_a_folder_that_holds_a_pickle_alone_is_refused(tmp_path: Path) -> None:
    place = tiny_t5(tmp_path)
    torch.save(load_file(place / "model.safetensors"), place / "pytorch_model.bin")
    (place / "model.safetensors").unlink()
    with pytest.raises(ArtifactError, match="safetensors"):
        GenFuser.from_published(place)
    with pytest.raises(ArtifactError):
        GenFuser.from_published(tiny_encoder(tmp_path / "encoder"))


def test_what_cannot_be_fused_is_refused(folder: Path) -> None:
    fuser = GenFuser.from_published(folder)
    with pytest.raises(InvalidInputError, match="answers must be at least one"):
        fuser.fuse("q", [])
    with pytest.raises(InvalidInputError, match="answers must be a list of texts"):
        fuser.fuse("q", "answer")
    with pytest.raises(InvalidInputError, match="a question must be a text"):
        fuser.fuse(None, ["a"])  # type: ignore[arg-type]
    with pytest.raises(NotFittedError, match="must be fitted or loaded"):
        GenFuser(folder).fuse("q", ["a"])


def test_what_teaches_nothing_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match="must be as many"):
        GenFuser(folder).fit(["q"], [["a"]], [])
    with pytest.raises(DataError, match="must be a text to write"):
        GenFuser(folder).fit(["q"], [["a"]], [" "])
    with pytest.raises(DataError, match="one question or more"):
        GenFuser(folder).fit([], [], [])
    with pytest.raises(InvalidInputError, match="questions must be a list of texts"):
        GenFuser(folder).fit("q", [["a"]], ["t"])
    with pytest.raises(InvalidInputError, match="targets must be a list of texts"):
        GenFuser(folder).fit(["q"], [["a"]], "t")
    with pytest.raises(InvalidInputError, match="instructions must be a list of texts"):
        GenFuser(folder).fit(["q"], [["a"]], ["t"], instructions="i")
    with pytest.raises(InvalidInputError, match="must be made with the model"):
        GenFuser(None).fit(["q"], [["a"]], ["t"])


@pytest.mark.parametrize("name", ["tokens", "answer_tokens", "written_tokens", "beams"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, math.nan, "128"])
def test_counts_outside_their_rules_are_refused(name: str, value: Any) -> None:
    with pytest.raises(InvalidInputError, match=f"{name} must be a whole number >= 1"):
        GenFuser(None, **{name: value})


def test_a_model_that_chats_is_asked_for_one_answer() -> None:
    prompt = fusing_prompt("Who?", ["me", "you"])
    assert prompt.startswith("Below are a request and 2 answers to it")
    assert "<request>\nWho?\n</request>\n\n<answer_1>\nme\n</answer_1>\n\n<answer_2>\nyou" in prompt
    with pytest.raises(InvalidInputError, match="at least one"):
        fusing_prompt("Who?", [])
