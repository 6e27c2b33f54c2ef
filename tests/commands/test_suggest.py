"""`routellm suggest`: a log in, a file for `routellm collect` out."""

import json
from pathlib import Path

import pytest

from shared_router import read_outcomes
from shared_router.commands.main import main
from tests.records.collecting.faulty_server import faulty_server
from tests.records.fixtures import FOLDER

WORDS = ("rice", "eggs", "kale", "peas", "oats")
PROMPTS = [text for w in WORDS for text in (f"Prove lemma {w}.", f"Cook {w} for me, please.")]


def suggest(*arguments: object) -> int:
    return main(["suggest", *map(str, arguments)])


def rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("ending", ["txt", "csv", "jsonl"])
def test_prompts_alone_are_a_log(tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str) -> None:
    log, out = tmp_path / f"log.{ending}", tmp_path / "chosen.jsonl"
    lines = {
        "txt": PROMPTS,
        "csv": ["prompt,reference", *(f'"{prompt}",yes' for prompt in PROMPTS)],
        "jsonl": [json.dumps({"prompt": prompt, "reference": "yes"}) for prompt in PROMPTS],
    }[ending]
    log.write_text("\n".join(lines) + "\n", "utf-8")
    assert suggest(log, "-k", 4, "--out", out) == 0
    assert f"4 of 10 distinct prompts in {out}, the most useful first" in capsys.readouterr().out
    found = rows(out)
    assert {row["prompt"] for row in found} < set(PROMPTS)
    assert [row.get("reference") for row in found] == [None if ending == "txt" else "yes"] * 4


@pytest.mark.parametrize(
    "name",
    [
        "litellm_callback.jsonl",
        "langfuse_api.json",
        "openai_batch",
        "routerbench.csv",
        "arena_33k.jsonl",
        "saved.jsonl",
    ],
)
def test_a_log_of_any_format_gives_its_prompts(tmp_path: Path, name: str) -> None:
    out = tmp_path / "chosen.jsonl"
    assert suggest(FOLDER / name, "-k", 99, "--out", out) == 0
    options = {"scale": (0, 10)} if name == "saved.jsonl" else {}
    known = set(read_outcomes(FOLDER / name, **options).outcomes.prompts)  # type: ignore[arg-type]
    assert {row["prompt"] for row in rows(out)} <= known
    assert rows(out)


def test_scores_on_any_scale_are_no_matter(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("prompt,strong_score,weak_score\nProve it.,9,7\nCook it.,3,100\n", "utf-8")
    assert suggest(log, "--out", tmp_path / "chosen.jsonl") == 0
    assert len(rows(tmp_path / "chosen.jsonl")) == 2


def test_what_is_graded_is_not_picked_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, graded = tmp_path / "log.txt", tmp_path / "graded.csv"
    log.write_text("\n".join(PROMPTS), "utf-8")
    lines = ["prompt,strong_score,weak_score", *(f'"{prompt}",1,0' for prompt in PROMPTS[:7])]
    graded.write_text("\n".join(lines), "utf-8")
    assert suggest(log, "-k", 5, "--graded", graded, "--out", tmp_path / "chosen.jsonl") == 0
    assert {row["prompt"] for row in rows(tmp_path / "chosen.jsonl")} == set(PROMPTS[7:])
    assert "3 of 3 distinct prompts" in capsys.readouterr().out


def test_collect_takes_what_was_suggested_as_it_is(tmp_path: Path) -> None:
    log, chosen = tmp_path / "log.jsonl", tmp_path / "chosen.jsonl"
    log.write_text("".join(json.dumps({"prompt": p, "reference": "yes"}) + "\n" for p in PROMPTS), "utf-8")
    assert suggest(log, "-k", 3, "--out", chosen) == 0
    models = ["--strong", "big", "--weak", "small", "--grade", "contains"]
    with faulty_server(answer=lambda model, prompt: "yes" if model == "big" else "no") as server:
        urls = ["--strong-url", server.base_url, "--weak-url", server.base_url]
        assert main(["collect", str(chosen), "--out", str(tmp_path / "graded.jsonl"), *models, *urls]) == 0
    outcomes = read_outcomes(tmp_path / "graded.jsonl").outcomes
    assert sorted(outcomes.prompts) == sorted(row["prompt"] for row in rows(chosen))
    assert outcomes.scores("strong").tolist() == [1, 1, 1]


def test_a_log_with_fewer_prompts_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log.txt").write_text("one\ntwo\nONE\n", "utf-8")
    assert suggest(tmp_path / "log.txt", "-k", 50, "--out", tmp_path / "chosen.jsonl") == 0
    assert "2 of 2 distinct prompts" in (said := capsys.readouterr().out)
    assert "the log holds no 50" in said


@pytest.mark.parametrize(
    ("log", "options", "message"),
    [
        ("secret\n", ["--out", "chosen.csv"], "--out must end in .jsonl"),
        ("secret\n", ["-k", "0", "--out", "c.jsonl"], "k must be a whole number >= 1"),
        ("secret\n", ["--router", "none", "--out", "c.jsonl"], "a router must be one of"),
        ("secret\n", ["--seed", "-4", "--out", "c.jsonl"], "seed must be"),
        ("\n \n", ["--out", "c.jsonl"], "must hold"),
        ("secret\n", ["--out", "no/such/folder/c.jsonl"], "readable or writable"),
    ],
)
def test_what_breaks_a_rule_ends_in_one_line_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], log: str, options: list[str], message: str
) -> None:
    (tmp_path / "log.txt").write_text(log, "utf-8")
    options = [str(tmp_path / option) if "." in option else option for option in options]
    assert suggest(tmp_path / "log.txt", *options) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert "secret" not in said.replace(str(tmp_path), "")


def test_a_log_of_ones_own_needs_a_column_of_prompts_and_no_more(tmp_path: Path) -> None:
    log, out = tmp_path / "log.jsonl", tmp_path / "chosen.jsonl"
    said = [{"prompt": prompt, "model": "gpt", "response": "yes", "user": 7} for prompt in PROMPTS]
    log.write_text("\n".join(map(json.dumps, said)), "utf-8")
    assert suggest(log, "-k", 99, "--out", out) == 0
    assert {row["prompt"] for row in rows(out)} == set(PROMPTS)


@pytest.mark.parametrize("read_as", ["log", "graded"])
def test_what_is_read_is_not_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], read_as: str
) -> None:
    log, other = tmp_path / "log.jsonl", tmp_path / "other.jsonl"
    for path in (log, other):
        path.write_text("\n".join(json.dumps({"prompt": prompt}) for prompt in PROMPTS), "utf-8")
    before = other.read_bytes()
    given = (other,) if read_as == "log" else (log, "--graded", other)
    assert suggest(*given, "-k", 2, "--out", tmp_path / "." / "other.jsonl") == 2
    assert "--out must be another file than those that are read" in capsys.readouterr().err
    assert other.read_bytes() == before


def test_a_file_of_another_kind_is_refused_with_reasons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log.csv").write_text("a,b\n1,2\n", "utf-8")
    assert suggest(tmp_path / "log.csv", "--out", tmp_path / "c.jsonl") == 2
    assert "prompts: no 'prompt'" in capsys.readouterr().err
