"""keyed_hash.py: one key an installation, and nobody else's."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared_router import InvalidInputError
from shared_router.telemetry import KEY_FILE, KEY_VARIABLE, KeyedHash


def test_the_same_key_gives_the_same_hash_and_another_key_another() -> None:
    """RFC 4231, test case 2, with the key lengthened to 16 bytes by zeros, which HMAC pads with anyway."""
    hashed = KeyedHash(b"Jefe" + bytes(12))
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert hashed("what do ya want for nothing?") == f"hmac:{expected}"
    assert KeyedHash(b"another key here")("what do ya want for nothing?") != f"hmac:{expected}"


def test_a_key_is_made_once_and_kept(tmp_path: Path) -> None:
    first = KeyedHash.of_installation(tmp_path)("x")
    assert KeyedHash.of_installation(tmp_path)("x") == first
    assert len((tmp_path / KEY_FILE).read_text("ascii").strip()) == 64
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


def test_all_who_begin_at_once_use_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        hashes = set(pool.map(lambda _: KeyedHash.of_installation(tmp_path)("x"), range(64)))
    assert len(hashes) == 1


def test_a_key_in_the_environment_goes_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "sixteen bytes at least")
    assert KeyedHash.of_installation(tmp_path)("x") == KeyedHash("sixteen bytes at least")("x")
    assert not [*tmp_path.iterdir()]


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    KeyedHash.of_installation(tmp_path)
    os.chmod(tmp_path / KEY_FILE, 0o640)
    with pytest.raises(InvalidInputError, match="must be its owner's alone to read; run: chmod 600"):
        KeyedHash.of_installation(tmp_path)


@pytest.mark.parametrize("key", ["", "short", b"15 bytes long.."])
def test_a_key_that_is_soon_guessed_is_refused_and_not_shown(key: str | bytes) -> None:
    with pytest.raises(InvalidInputError, match=f"at least 16 bytes, got {len(key)}"):
        KeyedHash(key)


def test_a_key_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="must be text or bytes, got int"):
        KeyedHash(1234567890123456)  # type: ignore[arg-type]


def test_a_folder_that_takes_no_key_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).mkdir()
    with pytest.raises(InvalidInputError, match="give one in ROUTELLM_LOG_KEY"):
        KeyedHash.of_installation(tmp_path)


def test_a_hash_shows_no_key() -> None:
    assert repr(KeyedHash("a key of sixteen bytes")) == "KeyedHash()"
