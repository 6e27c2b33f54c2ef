"""checkpoints.py under thousands of seeded corruptions."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.random import Generator

from shared_router import ArtifactError, load_artifact, load_router, save_artifact
from shared_router.routers.random import RandomRouter
from tests.checkpoints.test_artifact import CONFIG, TOKENIZER, WEIGHTS, artifact, replace_weights

ROUNDS = 640


def _flip_bit(data: bytearray, rng: Generator) -> bytearray:
    data[rng.integers(len(data))] ^= 1 << rng.integers(8)
    return data


def _set_byte(data: bytearray, rng: Generator) -> bytearray:
    place = rng.integers(len(data))
    data[place] = (data[place] + rng.integers(1, 256)) % 256
    return data


def _truncate(data: bytearray, rng: Generator) -> bytearray:
    return data[: rng.integers(len(data))]


def _extend(data: bytearray, rng: Generator) -> bytearray:
    return data + rng.bytes(int(rng.integers(1, 64)))


def _delete(data: bytearray, rng: Generator) -> bytearray:
    start = int(rng.integers(len(data)))
    return data[:start] + data[start + int(rng.integers(1, 16)) :]


def _insert(data: bytearray, rng: Generator) -> bytearray:
    start = int(rng.integers(len(data)))
    return data[:start] + rng.bytes(int(rng.integers(1, 16))) + data[start:]


def _zero(data: bytearray, rng: Generator) -> bytearray:
    start = int(rng.integers(len(data)))
    length = min(16, len(data) - start)
    data[start : start + length] = bytes(length)
    return data


def _swap(data: bytearray, rng: Generator) -> bytearray:
    half = len(data) // 2
    one, other = int(rng.integers(half)), half + int(rng.integers(half - 8))
    data[one : one + 8], data[other : other + 8] = data[other : other + 8], data[one : one + 8]
    return data


MUTATORS = [_flip_bit, _set_byte, _truncate, _extend, _delete, _insert, _zero, _swap]


@pytest.mark.parametrize("mutate", MUTATORS)
def test_a_mutated_checkpoint_is_always_refused(tmp_path: Path, mutate: Callable[..., bytearray]) -> None:
    """640 mutations for each of 8 mutators: 5,120 over the three files, where the config is pinned."""
    pin = save_artifact(tmp_path, artifact())
    rng = np.random.default_rng(8)
    originals = {name: (tmp_path / name).read_bytes() for name in (CONFIG, WEIGHTS, TOKENIZER)}
    refused = 0
    while refused < ROUNDS:
        name = (CONFIG, WEIGHTS, WEIGHTS, TOKENIZER)[refused % 4]
        mutated = bytes(mutate(bytearray(originals[name]), rng))
        if mutated == originals[name]:
            continue
        (tmp_path / name).write_bytes(mutated)
        with pytest.raises(ArtifactError):
            load_artifact(tmp_path, expected_sha256=pin if name == CONFIG else None)
        (tmp_path / name).write_bytes(originals[name])
        refused += 1
    assert load_artifact(tmp_path, expected_sha256=pin).kind == "router/test"


@pytest.mark.parametrize("mutate", MUTATORS)
@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
def test_a_mutation_whose_hashes_are_right_raises_nothing_but_an_artifact_error(
    tmp_path: Path, name: str, mutate: Callable[..., bytearray]
) -> None:
    """An attacker can make every hash right; what then loads must still be what the config names."""
    save_artifact(tmp_path, artifact())
    rng = np.random.default_rng(9)
    original, config = (tmp_path / name).read_bytes(), (tmp_path / CONFIG).read_bytes()
    for _ in range(100):
        mutated = bytes(mutate(bytearray(original), rng))
        if name == WEIGHTS:
            replace_weights(tmp_path, mutated)
        else:
            (tmp_path / CONFIG).write_bytes(mutated)
        try:
            loaded = load_artifact(tmp_path)
        except ArtifactError:
            pass
        else:
            assert all(np.isfinite(tensor).all() for tensor in loaded.tensors.values())
        (tmp_path / CONFIG).write_bytes(config)


@pytest.mark.parametrize("mutate", MUTATORS)
def test_a_mutated_config_without_a_pin_never_changes_an_answer(
    tmp_path: Path, mutate: Callable[..., bytearray]
) -> None:
    """A config has no hash beside it, so a space more is let in; what changes an answer fails the probe."""
    router = RandomRouter(seed=3)
    router.save(tmp_path)
    rng = np.random.default_rng(10)
    original = (tmp_path / CONFIG).read_bytes()
    for _ in range(100):
        (tmp_path / CONFIG).write_bytes(bytes(mutate(bytearray(original), rng)))
        try:
            loaded = load_router(tmp_path)
        except ArtifactError:
            continue
        assert loaded.win_probability(["q"]) == router.win_probability(["q"])
