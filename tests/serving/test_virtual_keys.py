"""Keys are kept as hashes, and a file of them is checked when the server starts."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared_router.errors import DataError
from shared_router.serving.virtual_keys import VirtualKey, hash_of, new_key, read_keys


def test_a_new_key_is_told_once_and_kept_as_its_hash(tmp_path: Path) -> None:
    key = new_key(tmp_path / "keys.json", "team a")
    other = new_key(tmp_path / "keys.json", "team b")
    assert key != other
    assert key not in (tmp_path / "keys.json").read_text()
    assert read_keys(tmp_path / "keys.json") == {
        hash_of(key): VirtualKey("team a"),
        hash_of(other): VirtualKey("team b"),
    }


def test_a_key_may_have_a_threshold_and_a_budget(tmp_path: Path) -> None:
    row = {"name": "a", "sha256": "0" * 64, "threshold": 0.4, "budget": {"dollars": 5, "per": "hour"}}
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [row]}))
    assert read_keys(tmp_path / "keys.json") == {
        "0" * 64: VirtualKey("a", threshold=0.4, budget={"dollars": 5, "per": "hour"})
    }


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ({"name": "a"}, "another shape"),
        ({"name": "a", "sha256": "SECRET"}, "64 hexadecimal digits"),
        ({"name": "", "sha256": "0" * 64}, "tenant must be a name"),
        ({"name": "a", "sha256": "0" * 64, "threshold": 2}, "threshold must be"),
        ({"name": "a", "sha256": "0" * 64, "budget": {"dollars": -1}}, "dollars must be"),
        ({"name": "a", "sha256": "0" * 64, "budget": 5}, "budget must be an object"),
        ({"name": "a", "sha256": "0" * 64, "key": "SECRET"}, "nothing but"),
    ],
)
def test_a_file_of_other_things_is_refused_by_its_rule_and_not_repeated(
    tmp_path: Path, row: dict[str, Any], rule: str
) -> None:
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [row]}))
    with pytest.raises(DataError, match=rule) as caught:
        read_keys(tmp_path / "keys.json")
    assert "SECRET" not in str(caught.value)


def test_a_key_is_changed_by_a_second_one_of_its_name_with_the_same_rules(tmp_path: Path) -> None:
    row = {"name": "a", "sha256": "0" * 64, "threshold": 0.4, "budget": {"dollars": 5}}
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [row]}))
    key = new_key(tmp_path / "keys.json", "a")
    alike = VirtualKey("a", threshold=0.4, budget={"dollars": 5})
    assert read_keys(tmp_path / "keys.json") == {"0" * 64: alike, hash_of(key): alike}


@pytest.mark.parametrize(
    ("other", "rule"),
    [
        ({"sha256": "0" * 64}, "two share one"),
        ({"sha256": "1" * 64, "threshold": 0.3}, "two keys of one name must have the same threshold"),
        ({"sha256": "1" * 64, "budget": {"dollars": 2}}, "two keys of one name must have the same threshold"),
    ],
)
def test_two_keys_that_contradict_each_other_are_refused(
    tmp_path: Path, other: dict[str, Any], rule: str
) -> None:
    rows = [{"name": "a", "sha256": "0" * 64}, {"name": "a", **other}]
    (tmp_path / "keys.json").write_text(json.dumps({"keys": rows}))
    with pytest.raises(DataError, match=rule):
        read_keys(tmp_path / "keys.json")
