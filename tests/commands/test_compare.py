from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared_router.commands.main import main


def folder(tmp_path: Path, name: str, **routers: object) -> str:
    (tmp_path / name).mkdir()
    (tmp_path / name / "report.json").write_text(json.dumps({"n": 1234, "routers": routers}), "utf-8")
    return str(tmp_path / name)


def test_evaluations_stand_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = folder(tmp_path, "before", mine={"apgr": 0.51, "apgr_interval": [0.4, 0.6]}, old={"apgr": 0.5})
    after = folder(tmp_path, "after", mine={"apgr": 0.61, "apgr_interval": [0.55, 0.67]}, old={"apgr": None})
    assert main(["compare", before, after]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == [before, after]
    assert lines[1] == ["prompts", "1,234", "1,234"]
    assert lines[2] == ["mine", "0.510", "[0.400,", "0.600]", "0.610", "[0.550,", "0.670]"]
    assert lines[3] == ["old", "0.500", "-"]


def test_another_figure_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = folder(tmp_path, "one", mine={"cpt50": 0.25, "cpt50_interval": None})
    assert main(["compare", one, "--figure", "cpt50", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"mine": {one: {"value": 0.25, "interval": None}}}


@pytest.mark.parametrize(
    ("content", "arguments", "rule"),
    [
        ("{}", [], "report.json must be one of routellm evaluate"),
        ("[", [], "must hold the report.json of routellm evaluate"),
        (None, [], "must hold the report.json of routellm evaluate"),
        ('{"n": "x", "routers": {}}', [], "report.json must be one of routellm evaluate"),
        ('{"n": 1, "routers": {"mine": 1}}', [], "report.json must be one of routellm evaluate"),
        ('{"n": 1, "routers": {}}', ["--figure", "nope"], "--figure must be one of"),
    ],
)
def test_what_is_no_evaluation_is_one_line_and_status_2(
    content: str | None, arguments: list[str], rule: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "report.json").write_text(content, "utf-8")
    assert main(["compare", str(tmp_path), *arguments]) == 2
    error = capsys.readouterr().err
    assert rule in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("interval", [None, [], ["a", "b"], {"low": 0.1}, [0.1]])
def test_what_is_no_interval_is_none(
    interval: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = folder(tmp_path, "one", mine={"apgr": 0.5, "apgr_interval": interval}, odd={"apgr": "x"})
    assert main(["compare", one]) == 0
    assert capsys.readouterr().out.splitlines()[2:] == ["mine     0.500"]
