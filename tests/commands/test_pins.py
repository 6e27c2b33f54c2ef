"""`--expected-sha256`: every command that takes a checkpoint or a policy file refuses another."""

import argparse
from pathlib import Path

import pytest

from shared_router import FrugalList, RoutingPolicy
from shared_router.commands.main import _COMMANDS, main
from shared_router.errors import ArtifactCorruptError

ANOTHER = "0" * 64
GRADES = "prompt,strong,weak\n" + "".join(f"question {n},1,{n % 2}\n" for n in range(30))


@pytest.mark.parametrize("command", [command for command in _COMMANDS if command.name != "train"], ids=str)
def test_what_takes_a_router_or_a_policy_takes_its_hash(command: object) -> None:
    """`train --router` names a class, and reads none."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)  # type: ignore[attr-defined]
    options = set(parser._option_string_actions)
    assert not options & {"--router", "--policy"} or "--expected-sha256" in options


@pytest.mark.parametrize(
    "arguments",
    [
        ["route", "--expected-sha256", ANOTHER, "hello"],
        ["show", "static-v2", "--expected-sha256", ANOTHER],
        ["suggest", "grades.csv", "--out", "picked.jsonl", "--expected-sha256", ANOTHER],
        ["evaluate", "grades.csv", "--out", "report", "--expected-sha256", ANOTHER],
        ["savings", "log.jsonl", "--policy", "policy.json", "--expected-sha256", ANOTHER],
        ["score", "grades.csv", "--out", "scored", "--expected-sha256", ANOTHER],
    ],
    ids=lambda arguments: str(arguments[0]),
)
def test_another_checkpoint_than_the_one_meant_is_refused(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("grades.csv").write_text(GRADES)
    Path("log.jsonl").write_text("")
    RoutingPolicy("static-v2", strong_fraction=0.5).save("policy.json")
    assert main(arguments) == 2
    assert f"must have the SHA-256 {ANOTHER}" in capsys.readouterr().err


def test_each_router_that_is_evaluated_has_a_hash_of_its_own_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("grades.csv").write_text(GRADES)
    two = ["--router", "static-v1", "--router", "static-v2", "--expected-sha256", ANOTHER]
    assert main(["evaluate", "grades.csv", "--out", "report", *two]) == 2
    assert "must be given once for each --router (2), got 1" in capsys.readouterr().err


def test_a_list_of_models_is_pinned_by_its_file(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    found = FrugalList(("weak", "strong"), (0.5,))
    pin = found.save(path)
    assert FrugalList.load(path, expected_sha256=pin) == found
    path.write_text(path.read_text().replace("0.5", "0.9"))
    with pytest.raises(ArtifactCorruptError, match=f"must have the SHA-256 {pin}"):
        FrugalList.load(path, expected_sha256=pin)
