import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from transformers import AutoTokenizer

from shared_router import (
    ArtifactNotFoundError,
    ArtifactSchemaError,
    InvalidInputError,
    MissingExtraError,
    NotFittedError,
    PreferenceData,
)
from shared_router.routers.causal_lm import CausalLMRouter
from shared_router.testing import check_router
from shared_router.training.instruction import Prompt, PromptTokenizer
from shared_router.training.lora import Lora
from shared_router.training.recipe import FineTuning
from tests.routers.tiny_models import EASY, HARD, byte_tokenizer, tiny_language_model

RECIPE = FineTuning(
    learning_rate=1e-2, batch_size=8, max_steps=60, validation_fraction=0.2, evaluate_every=20
)
SHORT = replace(RECIPE, max_steps=2, evaluate_every=1)
PROMPT = Prompt("<|im_start|>Q: ", "\nScore:<|im_end|>")
BATTLES = PreferenceData.from_correctness([*HARD, *EASY], [1] * 30 + [0] * 30, [0] * 30 + [1] * 30)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_language_model(tmp_path_factory.mktemp("model"))


def make(model: Path, **options: Any) -> CausalLMRouter:
    return CausalLMRouter(model, **{"recipe": SHORT, "prompt": PROMPT, "max_length": 96, **options})


@pytest.mark.parametrize("lora", [None, Lora(rank=4)], ids=["every weight", "adapters"])
def test_it_learns_which_queries_are_hard_and_keeps_the_contract(model: Path, lora: Lora | None) -> None:
    router = make(model, lora=lora, recipe=RECIPE).fit(BATTLES)
    check_router(router)
    hard, easy = router.win_probability(["prove theorem 99 of it", "say hello to me"])
    assert hard > 0.6
    assert easy < 0.4


def test_the_win_probability_is_that_of_a_score_below_four(model: Path) -> None:
    """With the label rows at 0 all five scores are as likely: P(1, 2 or 3) = 3/5, and P(1) = 1/5."""
    for good_score, expected in ((4, 0.6), (2, 0.2)):
        router = make(model, good_score=good_score).fit(BATTLES)
        assert router.model_ is not None
        torch.nn.init.zeros_(router.model_.module["labels"].weight)  # type: ignore[arg-type]
        assert router.win_probability(["a", "bc"]).tolist() == pytest.approx([expected] * 2)


def test_a_query_in_a_batch_is_answered_as_alone_whatever_its_length(model: Path) -> None:
    router = make(model).fit(BATTLES)
    queries = ["a", "a longer query than that", "a query that is by far the longest of these three"]
    alone = [router.win_probability([query])[0] for query in queries]
    assert router.win_probability(queries).tolist() == pytest.approx(alone, abs=1e-6)


def test_the_chat_template_is_used_where_there_is_one(model: Path, tmp_path: Path) -> None:
    chat = Prompt.of(AutoTokenizer.from_pretrained(model), "Rate.")
    assert chat.before == "<|im_start|>system\nRate.<|im_end|>\n<|im_start|>user\n"
    assert chat.after == "<|im_end|>\n<|im_start|>assistant\n"
    plain = Prompt.of(AutoTokenizer.from_pretrained(tiny_language_model(tmp_path, chat=False)), "Rate.")
    assert plain == Prompt("Rate.\n\nQuestion: ", "\n\nScore:", add_special_tokens=True)


def test_only_the_prompt_can_put_special_tokens() -> None:
    """<|im_start|> is 1, <|im_end|> is 2; the query spells both and adds neither."""
    tokenizer = byte_tokenizer(["<|pad|>", "<|im_start|>", "<|im_end|>"])
    ids = PromptTokenizer(tokenizer, PROMPT, max_length=99)(["<|im_end|><|im_start|>"])[0]
    assert ids[0] == 1
    assert ids[-1] == 2
    assert sum(i in (1, 2) for i in ids) == 2
    assert tokenizer.decode(ids[1:-1]) == "Q: <|im_end|><|im_start|>\nScore:"


def test_a_long_query_loses_its_middle_and_the_instruction_nothing() -> None:
    """12 tokens less <|im_start|>, <|im_end|> leave 10 of "Q: abcdefgh\\nScore:": 5 of each end."""
    tokenizer = byte_tokenizer(["<|pad|>", "<|im_start|>", "<|im_end|>"])
    ids = PromptTokenizer(tokenizer, PROMPT, max_length=12)(["abcdefgh"])[0]
    assert tokenizer.decode(ids[1:-1]) == "Q: abcore:"


def test_a_tie_says_what_its_name_says(model: Path) -> None:
    tied = [f"is either of these {i} as good" for i in range(20)]
    battles = PreferenceData.from_correctness(
        [*HARD, *EASY, *tied], [1] * 30 + [0] * 30 + [1] * 20, [0] * 30 + [1] * 30 + [1] * 20
    )
    answers = [
        make(model, ties=ties).fit(battles).win_probability(HARD) for ties in ("class", "half", "weak")
    ]
    assert not np.allclose(answers[0], answers[1], atol=1e-7)
    assert not np.allclose(answers[1], answers[2], atol=1e-7)


def test_scores_teach_as_the_battles_that_mean_them(model: Path) -> None:
    """A battle won by the strong model is a score of 1, one that it lost a 5."""
    scored = make(model).fit_scores([*HARD, *EASY], [1] * 30 + [5] * 30)
    assert scored.win_probability(HARD).tolist() == make(model).fit(BATTLES).win_probability(HARD).tolist()


def test_a_checkpoint_with_adapters_holds_them_and_the_label_rows_alone(model: Path, tmp_path: Path) -> None:
    """2 layers, 2 targets, 2 matrices each, and the labels; the base is found again where it has moved to."""
    digest = make(model).fit(BATTLES).save(tmp_path)
    tensors = json.loads((tmp_path / "config.json").read_text())["tensors"]
    assert len(tensors) == 2 * 2 * 2 + 1
    moved = model.rename(model.parent / "moved")
    try:
        with pytest.raises(ArtifactNotFoundError, match="give load its place as model"):
            CausalLMRouter.load(tmp_path)
        loaded = CausalLMRouter.load(tmp_path, model=moved, expected_sha256=digest)
    finally:
        moved.rename(model)
    assert (loaded.lora, loaded.prompt, loaded.recipe) == (Lora(), PROMPT, SHORT)


def test_adapters_on_another_base_are_refused(model: Path, tmp_path: Path) -> None:
    router = make(model, recipe=RECIPE).fit(BATTLES)
    router.save(tmp_path / "router")
    other = tiny_language_model(tmp_path / "other", seed=1)
    with pytest.raises(ArtifactSchemaError, match="must answer the probe"):
        CausalLMRouter.load(tmp_path / "router", model=other)


def test_dtype_and_device_map_are_passed_on(model: Path, tmp_path: Path) -> None:
    router = make(model, dtype="bfloat16", device_map="cpu").fit(BATTLES)
    assert router.model_ is not None
    backbone: Any = router.model_.module["backbone"]
    assert backbone.embed_tokens.weight.dtype == torch.bfloat16
    assert {p.dtype for p in backbone.parameters() if p.requires_grad} == {torch.float32}
    router.save(tmp_path)
    assert CausalLMRouter.load(tmp_path, device_map="cpu").dtype == "bfloat16"


def test_a_whole_checkpoint_goes_to_one_device(model: Path, tmp_path: Path) -> None:
    make(model, lora=None).fit(BATTLES).save(tmp_path)
    with pytest.raises(ArtifactSchemaError) as caught:
        CausalLMRouter.load(tmp_path, device_map={"": "cpu"})
    assert "needs one device" in str(caught.value.__cause__)


def test_a_router_that_is_not_fitted_neither_answers_nor_saves(model: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFittedError, match="must be fitted or loaded before it is asked"):
        make(model).win_probability(["a"])
    with pytest.raises(NotFittedError):
        make(model).save(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"good_score": 1}, "good_score must be in 2 to 5, got 1"),
        ({"ties": "strong"}, "ties must be one of"),
    ],
)
def test_options_that_are_none_are_refused(model: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        make(model, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rank": 0}, "rank must be >= 1, got 0"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\), got 1.0"),
        ({"dropout": float("nan")}, r"dropout must be in \[0, 1\), got nan"),
    ],
)
def test_adapters_out_of_their_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        Lora(**options)


@pytest.mark.parametrize("changed", [Lora(alpha=64), Lora(dropout=0.5)])
def test_a_training_does_not_go_on_with_other_adapters(model: Path, tmp_path: Path, changed: Lora) -> None:
    make(model).fit(BATTLES, folder=tmp_path)
    with pytest.raises(InvalidInputError, match="resumes only with the data and settings it began with"):
        make(model, lora=changed).fit(BATTLES, folder=tmp_path)


def test_adapters_for_layers_that_are_not_there_are_refused(model: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"must name linear layers of the model, got \['query'\]"):
        make(model, lora=Lora(targets=("query",))).fit(BATTLES)


def test_adapters_without_peft_name_what_installs_it(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(MissingExtraError, match=r'peft is not installed; run: pip install "routellm.*torch'):
        make(model).fit(BATTLES)


def test_a_model_with_weights_missing_is_refused(model: Path, tmp_path: Path) -> None:
    for file in model.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    tensors = load_file(tmp_path / "model.safetensors")
    missing = {name: tensor for name, tensor in tensors.items() if "layers.1." not in name}
    save_file(missing, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ArtifactSchemaError, match="must hold every weight"):
        make(tmp_path).fit(BATTLES)
