import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from shared_router import (
    ArtifactNotFoundError,
    ArtifactSchemaError,
    InvalidInputError,
    MissingExtraError,
    NotFittedError,
    PreferenceData,
)
from shared_router.routers.bert import BertRouter
from shared_router.testing import check_router
from shared_router.training.encoder import Encoder
from shared_router.training.heads import Head, win_probability
from shared_router.training.recipe import FineTuning
from tests.published.folders import bert_folder
from tests.routers.tiny_models import EASY, ENCODER_LENGTH, HARD, tiny_encoder

RECIPE = FineTuning(
    learning_rate=3e-3,
    head_rate=10.0,
    batch_size=8,
    max_steps=160,
    validation_fraction=0.2,
    evaluate_every=20,
)
SHORT = replace(RECIPE, max_steps=2, evaluate_every=1)
TIED = [f"is either of these {i} as good" for i in range(12)]
BATTLES = PreferenceData.from_correctness(
    [*HARD, *EASY, *TIED], [1] * 30 + [0] * 30 + [1] * 12, [0] * 30 + [1] * 30 + [1] * 12
)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("encoder"))


def make(encoder: Path, head: Head = "three_classes", **options: Any) -> BertRouter:
    return BertRouter(encoder, head=head, max_length=ENCODER_LENGTH, **{"recipe": SHORT, **options})


def fit(router: BertRouter) -> BertRouter:
    if router.head != "correctness":
        return router.fit(BATTLES)
    return router.fit_correctness(BATTLES.queries, [1] * 30 + [0] * 42, [0] * 30 + [1] * 30 + [0] * 12)


def test_a_new_head_starts_without_an_opinion(encoder: Path) -> None:
    """At a rate of almost nothing every query still has the answer of three equal logits."""
    router = make(encoder, recipe=replace(SHORT, learning_rate=1e-12)).fit(BATTLES)
    assert router.win_probability(HARD).tolist() == pytest.approx([1 / 3] * 30, abs=1e-6)


def test_only_a_head_that_is_new_learns_at_its_own_rate(encoder: Path, tmp_path: Path) -> None:
    """A published checkpoint brings its head: training that goes on must not shake it."""
    fresh = Encoder.pretrained(encoder, 3, max_length=ENCODER_LENGTH, keep="ends")
    known = Encoder.pretrained(bert_folder(tmp_path), 3, max_length=48, keep="ends")
    heads = [parameter for name, parameter in fresh.model.named_parameters() if "classifier" in name]
    assert {id(parameter) for parameter in heads} <= {id(parameter) for parameter in fresh.new_parameters}
    assert known.new_parameters == []


@pytest.mark.parametrize("head", ["three_classes", "logit", "correctness"])
def test_every_head_learns_which_queries_are_hard_and_keeps_the_contract(encoder: Path, head: Head) -> None:
    ties = "class" if head == "three_classes" else "weak"
    router = fit(make(encoder, head, recipe=RECIPE, ties=ties))
    check_router(router)
    hard, easy = (
        router.win_probability(["prove theorem 99 of it"]),
        router.win_probability(["say hello to me"]),
    )
    assert hard[0] > 0.6
    assert easy[0] < 0.4


def test_three_classes_give_the_first_ones_softmax() -> None:
    """exp(ln 2) = 2 and exp(0) = 1 twice: 2 / 4."""
    assert win_probability("three_classes", np.array([[np.log(2), 0.0, 0.0]])).tolist() == [0.5]


def test_one_logit_gives_its_sigmoid_however_large_it_is() -> None:
    """1 / (1 + exp(-ln 3)) = 3/4."""
    values = win_probability("logit", np.array([[np.log(3.0)], [1e4], [-1e4]]))
    assert values.tolist() == pytest.approx([0.75, 1.0, 0.0])


def test_two_correctness_heads_share_ties_equally() -> None:
    """P(strong right) = 3/4 and P(weak right) = 1/4. If independent: strong alone 9/16, both 3/16, none
    3/16; 9/16 + 6/32 = 3/4 = (1 + 3/4 - 1/4) / 2."""
    logits = np.array([[np.log(3.0), -np.log(3.0)]])
    assert win_probability("correctness", logits).tolist() == pytest.approx([0.75])


def test_a_router_answers_as_the_transformer_does(encoder: Path) -> None:
    """The ids by hand: [CLS] is 1, [SEP] is 2, and a byte's id is 3 + its place in the sorted alphabet."""
    router = fit(make(encoder))
    assert router.encoder_ is not None
    ids = router.encoder_.tokenizer.encode("What is 2+2?").ids
    with torch.no_grad():
        logits = router.encoder_.model(torch.tensor([ids])).logits[0]
    expected = float(torch.softmax(logits.double(), 0)[0])
    assert router.win_probability(["What is 2+2?"])[0] == pytest.approx(expected, abs=1e-6)


def test_the_mean_of_the_tokens_is_what_the_head_reads_where_that_is_asked(encoder: Path) -> None:
    """Against the transformer without padding: in a batch, padding must not count."""
    router = fit(make(encoder, "correctness", pooling="mean"))
    check_router(router)
    assert router.encoder_ is not None
    model: Any = router.encoder_.model
    ids = router.encoder_.tokenizer.encode("What is 2+2?").ids
    with torch.no_grad():
        hidden = model.base_model(torch.tensor([ids])).last_hidden_state[0]
        right = torch.sigmoid(model.classifier(hidden.mean(dim=0)).double())
    expected = float((1 + right[0] - right[1]) / 2)
    answers = router.win_probability(["What is 2+2?", "a much longer query that makes padding of the other"])
    assert answers[0] == pytest.approx(expected, abs=1e-6)


def test_the_first_layers_alone_are_kept_trained_and_saved(encoder: Path, tmp_path: Path) -> None:
    """The tiny encoder has two layers; with one, the checkpoint holds no weight of the second."""
    router = fit(make(encoder, layers=1))
    router.save(tmp_path)
    loaded = BertRouter.load(tmp_path)
    assert loaded.layers == 1
    assert loaded.encoder_ is not None
    names = [name for name, _ in loaded.encoder_.model.named_parameters()]
    assert any("layer.0." in name for name in names)
    assert not any("layer.1." in name for name in names)
    assert np.array_equal(loaded.win_probability(HARD), router.win_probability(HARD))
    whole = fit(make(encoder))
    assert not np.allclose(whole.win_probability(HARD), router.win_probability(HARD), atol=1e-4)


def test_more_layers_than_the_encoder_has_are_refused(encoder: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"layers must be in \[1, 2\], which the encoder has, got 9"):
        fit(make(encoder, layers=9))


def test_a_head_that_reads_no_vector_cannot_read_the_mean(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="needs an encoder whose head is one linear layer"):
        BertRouter(bert_folder(tmp_path), pooling="mean", max_length=48, recipe=SHORT).fit(BATTLES)


def test_the_end_of_a_long_prompt_is_read(encoder: Path) -> None:
    router = fit(make(encoder, recipe=RECIPE))
    filler = "of all the books that there are " * 10
    hard, easy = router.win_probability([f"{filler} prove theorem 5", f"{filler} say hello to me"])
    assert hard != easy
    head = fit(make(encoder, keep="head", recipe=RECIPE))
    hard, easy = head.win_probability([f"{filler} prove theorem 5", f"{filler} say hello to me"])
    assert hard == easy


@pytest.mark.parametrize("head", ["three_classes", "logit"])
def test_a_tie_is_the_weak_sides_by_default(encoder: Path, head: Any) -> None:
    default, named = fit(make(encoder, head)), fit(make(encoder, head, ties="weak"))
    assert default.win_probability(["a"]) == named.win_probability(["a"])
    assert "ties='weak'" in repr(default)


def test_ties_teach_what_their_name_says(encoder: Path) -> None:
    values = [
        fit(make(encoder, "logit", ties=ties)).win_probability(HARD) for ties in ("half", "weak", "drop")
    ]
    assert not np.allclose(values[0], values[1], atol=1e-7)
    assert not np.allclose(values[1], values[2], atol=1e-7)


def test_weights_change_what_is_learned(encoder: Path) -> None:
    heavy = replace(BATTLES, weights=[9.0] * 30 + [1.0] * 42)
    plain = make(encoder).fit(BATTLES).win_probability(HARD).mean()
    assert make(encoder).fit(heavy).win_probability(HARD).mean() > plain


def test_tiers_of_models_are_two_sides(encoder: Path) -> None:
    models = ["gpt", "claude"] * 36
    battles = replace(BATTLES, model_a=models, model_b=["llama"] * 72)
    router = make(encoder, strong=("gpt", "claude"), weak="llama").fit(battles)
    assert router.win_probability(HARD) == pytest.approx(make(encoder).fit(BATTLES).win_probability(HARD))


def test_one_seed_gives_one_router_and_another_seed_another(encoder: Path) -> None:
    first, again = (fit(make(encoder)).win_probability(HARD) for _ in range(2))
    other = fit(make(encoder, recipe=replace(SHORT, seed=1))).win_probability(HARD)
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


@pytest.fixture
def interrupted() -> Iterator[None]:
    """Raise KeyboardInterrupt, as Ctrl-C does, when the transformer is asked for the 30th time."""
    calls = 0

    def count(module: torch.nn.Module, *_: object) -> None:
        nonlocal calls
        calls += type(module).__name__ == "BertForSequenceClassification"
        if calls == 30:
            raise KeyboardInterrupt

    handle = torch.nn.modules.module.register_module_forward_pre_hook(count)
    yield
    handle.remove()


def test_an_interrupted_training_leaves_the_router_unfitted(encoder: Path, interrupted: None) -> None:
    router = make(encoder, recipe=RECIPE)
    with pytest.raises(KeyboardInterrupt):
        fit(router)
    with pytest.raises(NotFittedError):
        router.win_probability(["a"])


def test_an_interrupted_training_goes_on_to_the_same_answers(
    encoder: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    unbroken = make(encoder, recipe=RECIPE).fit(BATTLES)
    request.getfixturevalue("interrupted")
    with pytest.raises(KeyboardInterrupt):
        make(encoder, recipe=RECIPE).fit(BATTLES, folder=tmp_path)
    assert list(tmp_path.iterdir())
    resumed = make(encoder, recipe=RECIPE).fit(BATTLES, folder=tmp_path)
    assert resumed.win_probability(HARD).tolist() == unbroken.win_probability(HARD).tolist()
    assert resumed.history_ == unbroken.history_


def test_a_training_does_not_go_on_with_another_pooling(encoder: Path, tmp_path: Path) -> None:
    make(encoder, pooling="mean").fit(BATTLES, folder=tmp_path)
    with pytest.raises(InvalidInputError, match="resumes only with the data and settings it began with"):
        make(encoder, pooling="head").fit(BATTLES, folder=tmp_path)


def test_a_checkpoint_is_plain_data_and_comes_back_with_every_setting(encoder: Path, tmp_path: Path) -> None:
    router = fit(make(encoder, "logit", ties="half", keep="tail", strong=("b", "strong")))
    digest = router.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "config.json",
        "tokenizer.json",
        "weights.safetensors",
    ]
    loaded = BertRouter.load(tmp_path, expected_sha256=digest, device="cpu")
    assert (loaded.head, loaded.ties, loaded.keep, loaded.max_length) == ("logit", "half", "tail", 64)
    assert (loaded.strong, loaded.weak, loaded.recipe) == (["b", "strong"], ["weak"], SHORT)
    assert loaded.save(tmp_path / "again") == digest


@pytest.mark.parametrize(("setting", "value"), [("hidden_size", 32), ("model_type", "no such model")])
def test_a_config_of_another_model_is_refused(
    encoder: Path, tmp_path: Path, setting: str, value: object
) -> None:
    fit(make(encoder)).save(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["settings"]["encoder_config"][setting] = value
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ArtifactSchemaError, match="must"):
        BertRouter.load(tmp_path)


def test_a_router_that_is_not_fitted_neither_answers_nor_saves(encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFittedError, match="must be fitted or loaded before it is asked"):
        make(encoder).win_probability(["a"])
    with pytest.raises(NotFittedError):
        make(encoder).save(tmp_path)


def test_battles_are_refused_where_grades_are_needed_and_grades_where_battles_are(encoder: Path) -> None:
    with pytest.raises(InvalidInputError, match="call fit_correctness"):
        make(encoder, "correctness").fit(BATTLES)
    with pytest.raises(InvalidInputError, match="grades need head=\"correctness\", got 'logit'; call fit"):
        make(encoder, "logit").fit_correctness(["a"], [1], [0])


@pytest.mark.parametrize("head", ["three_classes", "logit"])
def test_soft_labels_of_nought_and_one_teach_what_battles_do(encoder: Path, head: Head) -> None:
    won = PreferenceData.from_correctness([*HARD, *EASY], [1] * 30 + [0] * 30, [0] * 30 + [1] * 30)
    of_battles = make(encoder, head).fit(won)
    of_labels = make(encoder, head).fit_soft([*HARD, *EASY], np.repeat([1.0, 0.0], 30))
    assert of_labels.win_probability(HARD).tolist() == of_battles.win_probability(HARD).tolist()


@pytest.mark.parametrize("head", ["three_classes", "logit"])
def test_a_soft_label_is_learned_as_the_probability_it_is(encoder: Path, head: Head) -> None:
    """Cross-entropy is least where p is the label: half between hard and easy, and neither end."""
    labels = [1.0] * 30 + [0.0] * 30 + [0.5] * 12
    router = make(encoder, head, recipe=replace(RECIPE, validation_fraction=0.0))
    router.fit_soft([*HARD, *EASY, *TIED], labels)
    check_router(router)
    hard, easy, tied = (router.win_probability([text]).item() for text in (HARD[0], EASY[0], TIED[0]))
    assert hard > 0.9
    assert easy < 0.1
    assert 0.35 < tied < 0.65


def test_a_router_of_soft_labels_is_saved_and_read_back(encoder: Path, tmp_path: Path) -> None:
    router = make(encoder, "logit").fit_soft([*HARD, *EASY], [0.75] * 30 + [0.25] * 30)
    router.save(tmp_path)
    assert BertRouter.load(tmp_path).win_probability(HARD).tolist() == router.win_probability(HARD).tolist()


def test_soft_labels_are_refused_where_grades_are_needed(encoder: Path) -> None:
    with pytest.raises(InvalidInputError, match="got one label a query; call fit_correctness"):
        make(encoder, "correctness").fit_soft(["a", "b"], [1.0, 0.0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"head": "four_classes"}, "head must be one of"),
        ({"ties": "strong"}, "ties must be one of"),
        ({"keep": "middle"}, "keep must be one of"),
        ({"pooling": "max"}, "pooling must be one of"),
        ({"head": "logit", "ties": "class"}, 'ties="class" needs head="three_classes"'),
    ],
)
def test_options_that_are_none_are_refused(encoder: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        BertRouter(encoder, **options)


def test_an_encoder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactNotFoundError, match="must be a folder, or a hub name, with config.json"):
        BertRouter(tmp_path / "none").fit(BATTLES)


@pytest.mark.parametrize("change", ["a weight missing", "a head of two outputs"])
def test_an_encoder_with_other_weights_than_its_config_s_is_refused(tmp_path: Path, change: str) -> None:
    """transformers would draw what is missing at random, and the head's rate would be taken for it."""
    path = tiny_encoder(tmp_path) / "model.safetensors"
    tensors = load_file(path)
    if change == "a weight missing":
        del tensors["encoder.layer.1.attention.self.query.weight"]
    else:
        tensors["classifier.weight"] = np.zeros((2, 16), dtype=np.float32)
    save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(
        ArtifactSchemaError, match="must hold every weight of its config's model, got none or"
    ):
        make(tmp_path).fit(BATTLES)


def test_more_tokens_than_the_encoder_reads_are_refused(encoder: Path) -> None:
    with pytest.raises(InvalidInputError, match="at most the 64 tokens that the encoder reads, got 512"):
        BertRouter(encoder, recipe=SHORT).fit(BATTLES)


def test_an_encoder_without_a_padding_token_is_refused(encoder: Path, tmp_path: Path) -> None:
    for file in encoder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    config["pad_token_id"] = None
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InvalidInputError, match="must have a padding token"):
        make(tmp_path).fit(BATTLES)


def test_the_repr_shows_no_prompt(encoder: Path) -> None:
    router = fit(make(encoder))
    assert "theorem" not in repr(router) + repr(router.encoder_) + repr(router.history_)


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_a_missing_package_is_named_with_what_installs_it(
    encoder: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        MissingExtraError, match=rf'{package} is not installed; run: pip install "routellm.*torch'
    ):
        make(encoder).fit(BATTLES)
