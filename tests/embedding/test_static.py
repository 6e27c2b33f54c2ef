import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_router import ArtifactError, ArtifactSchemaError, InvalidInputError, StaticEmbedder, load_embedder
from shared_router.checkpoints.artifact import Artifact, load_artifact, save_artifact
from shared_router.testing import HOSTILE_QUERIES
from tests.checkpoints.test_tokenizer import HOSTILE

_TOKENIZER: dict[str, Any] = {
    "version": "1.0",
    "truncation": None,
    "padding": None,
    "added_tokens": [],
    "normalizer": {"type": "Lowercase"},
    "pre_tokenizer": {"type": "Whitespace"},
    "post_processor": None,
    "decoder": None,
    "model": {"type": "WordLevel", "vocab": {"?": 0, "red": 1, "blue": 2}, "unk_token": "?"},
}


def small() -> StaticEmbedder:
    """Three tokens: `?` is nothing, red is (3, 0) weighing 1, blue is (0, 2) weighing 2."""
    return StaticEmbedder(
        np.array([[0, 0], [3, 0], [0, 2]], dtype=np.int8),
        token_weights=np.array([1, 1, 2], dtype=np.float32),
        tokenizer_json=json.dumps(_TOKENIZER).encode(),
    )


def test_a_text_is_the_unit_sum_of_its_weighted_token_vectors() -> None:
    """red: (3, 0) -> (1, 0). Red and blue: 1 (3, 0) + 2 (0, 2) = (3, 4) -> (0.6, 0.8)."""
    rows = small().embed(["Red", "red blue"])
    assert rows == pytest.approx(np.array([[1, 0], [0.6, 0.8]]), rel=1e-6)
    assert rows.dtype == np.float32


def test_a_text_without_a_known_token_is_the_zero_row() -> None:
    assert small().embed(["", "green", "\x00"]).tolist() == [[0, 0]] * 3


def test_no_texts_give_no_rows() -> None:
    assert small().embed([]).shape == (0, 2)


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    embedder = load_embedder()
    texts = [f"What is {i} plus {i * i}, and why?" for i in range(1500)]
    together = embedder.embed(texts)
    np.testing.assert_array_equal(
        together[::100], np.concatenate([embedder.embed([t]) for t in texts[::100]])
    )


def test_texts_that_break_tokenizers_get_finite_rows_of_length_one_or_zero() -> None:
    lengths = np.linalg.norm(load_embedder().embed(HOSTILE_QUERIES), axis=1)
    assert np.all((np.abs(lengths - 1) < 1e-5) | (lengths == 0))


def test_sixteen_threads_get_the_rows_that_one_gets() -> None:
    embedder = load_embedder()
    texts = [f"Name {i} primes above {i}." for i in range(200)]
    with ThreadPoolExecutor(16) as pool:
        rows = list(pool.map(lambda text: embedder.embed([text]), texts))
    np.testing.assert_array_equal(np.concatenate(rows), embedder.embed(texts))


def test_it_is_saved_and_loaded_bit_for_bit(tmp_path: Path) -> None:
    embedder = small()
    sha256 = embedder.save(tmp_path)
    loaded = StaticEmbedder.load(tmp_path, expected_sha256=sha256)
    np.testing.assert_array_equal(loaded.embed(["red blue"]), embedder.embed(["red blue"]))
    assert loaded.dim == 2


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="one entry per row"):
        StaticEmbedder(np.zeros((3, 2), np.int8), token_weights=np.zeros(2, np.float32), tokenizer_json=b"")


def test_a_router_is_no_embedder(tmp_path: Path) -> None:
    small().save(tmp_path)
    artifact = load_artifact(tmp_path)
    other = type(artifact)("router/static", {}, artifact.tensors, artifact.files)
    save_artifact(tmp_path, other, overwrite=True)
    with pytest.raises(ArtifactSchemaError, match="kind embedder/static"):
        StaticEmbedder.load(tmp_path)


def saved_with(folder: Path, tokenizer: bytes, *, rows: int = 10) -> Path:
    """Save an embedder of some rows with a tokenizer that nobody has looked at."""
    tensors: dict[str, NDArray[Any]] = {
        "token_vectors": np.ones((rows, 2), dtype=np.int8),
        "token_weights": np.ones(rows, dtype=np.float32),
    }
    save_artifact(folder, Artifact("embedder/static", {}, tensors, {"tokenizer.json": tokenizer}))
    return folder


@pytest.mark.parametrize("name", HOSTILE)
def test_a_tokenizer_that_asks_for_too_much_is_refused_at_load(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArtifactSchemaError):
        StaticEmbedder.load(saved_with(tmp_path, HOSTILE[name]))


@pytest.mark.parametrize("wrong", [-1, 29_528, 1 << 31])
@pytest.mark.parametrize("place", ["vocabulary", "special tokens"])
def test_an_id_outside_the_table_is_refused_at_load(tmp_path: Path, place: str, wrong: int) -> None:
    """Of the shipped tokenizer, whose words are looked up without the library; its table has 29,528 rows."""
    shipped = load_embedder()
    assert isinstance(shipped, StaticEmbedder)
    spec = json.loads(shipped.tokenizer_json)
    if place == "vocabulary":
        spec["model"]["vocab"]["more"] = wrong
    else:
        flags = dict.fromkeys(["single_word", "lstrip", "rstrip", "normalized"], False)
        spec["added_tokens"].append({"id": wrong, "content": "<more>", "special": True, **flags})
    with pytest.raises(ArtifactSchemaError, match="must not have ids of tokens that there are no vectors of"):
        StaticEmbedder.load(saved_with(tmp_path, json.dumps(spec).encode(), rows=29_528))


@pytest.mark.parametrize(
    "broken", ["float vectors", "a tensor less", "no tokenizer", "more tokens", "no JSON"]
)
def test_a_checkpoint_that_holds_no_embedder_is_refused(tmp_path: Path, broken: str) -> None:
    small().save(tmp_path)
    artifact = load_artifact(tmp_path)
    tensors, files = dict(artifact.tensors), dict(artifact.files)
    if broken == "float vectors":
        tensors["token_vectors"] = tensors["token_vectors"].astype(np.float32)
    elif broken == "a tensor less":
        del tensors["token_weights"]
    elif broken == "no tokenizer":
        files = {}
    elif broken == "more tokens":
        tensors = {name: tensor[:2] for name, tensor in tensors.items()}
    else:
        files["tokenizer.json"] = b"not a tokenizer"
    save_artifact(tmp_path, type(artifact)(artifact.kind, {}, tensors, files), overwrite=True)
    with pytest.raises(ArtifactError):
        StaticEmbedder.load(tmp_path)


def test_an_embedder_that_reads_no_texts_together_says_so() -> None:
    tokenizer = b'{"model": {"type": "BPE"}}'
    embedder = StaticEmbedder(
        np.ones((3, 2), np.int8), token_weights=np.ones(3, np.float32), tokenizer_json=tokenizer
    )
    assert embedder.plain("a b") is None
    with pytest.raises(InvalidInputError, match="texts must be what plain has returned"):
        embedder.sums_together(["a b"])
