"""The multilingual embedder: four bits a number, saved and loaded, many languages in one space."""

from pathlib import Path

import numpy as np
import pytest

from shared_router import ArtifactSchemaError, InvalidInputError
from shared_router.checkpoints.artifact import Artifact, load_artifact, save_artifact
from shared_router.embedding.longest_pieces import PieceSpelling
from shared_router.embedding.multilingual import KIND, MultilingualEmbedder, packed, unpacked
from shared_router.embedding.shipped import MULTILINGUAL_EMBEDDER, load_embedder

VECTORS = np.array([[7, -7], [0, 3], [-1, 0]], dtype=np.int8)


def embedder() -> MultilingualEmbedder:
    return MultilingualEmbedder(
        VECTORS, token_weights=np.array([1, 2, 0.5], np.float16), pieces=["▁a", "▁b", "c"]
    )


def test_two_numbers_a_byte_are_what_was_packed() -> None:
    """7 + 8 = 15 in the low bits and -7 + 8 = 1 in the high ones: 15 + 16."""
    assert packed(VECTORS)[0].tolist() == [31]
    np.testing.assert_array_equal(unpacked(packed(VECTORS)), VECTORS)


def test_a_text_is_the_weighted_sum_of_its_pieces_at_length_one() -> None:
    """a + 2 b = (7, -7) + (0, 6) = (7, -1), of length sqrt(50)."""
    np.testing.assert_allclose(embedder().embed(["a b"])[0], np.array([7, -1]) / np.sqrt(50), rtol=1e-6)


def test_a_text_of_unknown_letters_is_zero() -> None:
    assert embedder().embed(["ქართული", ""]).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_saved_and_loaded_it_embeds_the_same(tmp_path: Path) -> None:
    embedder().save(tmp_path / "e")
    texts = ["a b", "ac b", "c"]
    loaded = MultilingualEmbedder.load(tmp_path / "e")
    np.testing.assert_array_equal(loaded.embed(texts), embedder().embed(texts))


def test_words_spelled_once_for_all_are_spelled_as_ever(tmp_path: Path) -> None:
    """`ab` is `▁a` and an unknown letter, `ac` is `▁a` and `c`, and `a` one piece; `xy` has none."""
    embedder().prepare(["ac", "a", "ab", "xy"]).save(tmp_path / "e")
    loaded = MultilingualEmbedder.load(tmp_path / "e")
    assert loaded.prepared is not None
    assert loaded.prepared.words == ["a", "ab", "ac"]
    assert loaded.prepared.ids.tolist() == [0, 0, 0, 2]
    assert loaded.prepared.counts.tolist() == [2, 1]
    texts = ["ac a", "ab xy", "acc"]
    np.testing.assert_array_equal(loaded.embed(texts), embedder().embed(texts))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("common_ids", [9, 0, 0, 2]),
        ("common_ids", [0]),
        ("common_counts", [3, 1]),
        ("longest", [3, 3]),
        ("longest", [1]),
    ],
)
def test_prepared_words_that_do_not_fit_are_refused(tmp_path: Path, name: str, wrong: list[int]) -> None:
    pieces = ["▁a", "▁ab", "c"]  # of which `▁ab` is one of three letters
    made = MultilingualEmbedder(VECTORS, token_weights=np.ones(3, np.float16), pieces=pieces)
    made.prepare(["ac", "a", "ad"]).save(tmp_path / "e")
    artifact = load_artifact(tmp_path / "e")
    assert artifact.tensors["longest"].tolist() == [3]
    tensors = {**artifact.tensors, name: np.array(wrong, dtype=artifact.tensors[name].dtype)}
    save_artifact(tmp_path / "d", Artifact(KIND, {}, tensors))
    with pytest.raises(ArtifactSchemaError, match="pieces must be distinct texts"):
        MultilingualEmbedder.load(tmp_path / "d")


def test_what_ships_prepared_is_what_would_be_found_out() -> None:
    shipped = load_embedder(MULTILINGUAL_EMBEDDER)
    assert isinstance(shipped, MultilingualEmbedder)
    assert shipped.prepared is not None
    unaided = PieceSpelling(shipped.pieces)
    found = shipped.prepared.by_word()
    assert len(found) == 12_000
    assert all(unaided[word] == ids for word, ids in found.items())
    assert shipped.prepared.longest == unaided.longest


def test_pieces_that_are_not_distinct_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="pieces must be distinct"):
        MultilingualEmbedder(VECTORS, token_weights=np.ones(3, np.float16), pieces=["a", "a", "c"])


@pytest.mark.parametrize("damage", ["a tensor less", "a piece less", "another kind"])
def test_a_checkpoint_that_is_no_embedders_is_refused(tmp_path: Path, damage: str) -> None:
    embedder().save(tmp_path / "e")
    artifact = load_artifact(tmp_path / "e")
    tensors = dict(artifact.tensors)
    if damage == "a tensor less":
        del tensors["weights"]
    elif damage == "a piece less":
        tensors["pieces"] = np.frombuffer("▁a\n▁b".encode(), dtype=np.uint8)
    kind = "embedder/static" if damage == "another kind" else KIND
    save_artifact(tmp_path / "d", Artifact(kind, {}, tensors))
    with pytest.raises(ArtifactSchemaError):
        MultilingualEmbedder.load(tmp_path / "d")


def test_the_shipped_one_has_a_question_nearer_its_translation_than_another() -> None:
    shipped = load_embedder(MULTILINGUAL_EMBEDDER)
    asked = ["Prove that the root is irrational.", "Good morning, my friend!"]
    german = ["Beweise, dass die Wurzel irrational ist.", "Guten Morgen, mein Freund!"]
    chinese = ["证明这个根是无理数。", "早上好，我的朋友！"]
    for translated in (german, chinese):
        nearness = shipped.embed(asked) @ shipped.embed(translated).T
        assert nearness.argmax(axis=1).tolist() == [0, 1]
