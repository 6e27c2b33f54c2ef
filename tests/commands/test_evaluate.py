from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from shared_router import load_router, router_class
from shared_router.commands.main import main
from shared_router.evaluation.metrics import apgr, cpt
from shared_router.registry import recommended_threshold

N = 60


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write sixty graded prompts, the weak model right on about half, with hostile text in one."""
    rng = np.random.default_rng(0)
    weak = (rng.random(N) < 0.5).astype(int)
    prompts = [f"secret question {i} {'<script>' if i == 3 else ''} of {i * 7919}" for i in range(N)]
    path = tmp_path_factory.mktemp("data") / "data.csv"
    rows = [f'"{prompt}",1,{grade}' for prompt, grade in zip(prompts, weak, strict=True)]
    path.write_text("prompt,strong_score,weak_score\n" + "\n".join(rows) + "\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def out(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "new" / "folder"
    assert main(["evaluate", str(data), "--out", str(folder), "--resamples", "100"]) == 0
    return folder


def columns(data: Path) -> tuple[list[str], np.ndarray, np.ndarray]:
    rows = [line.rsplit(",", 2) for line in data.read_text("utf-8").splitlines()[1:]]
    prompts = [row[0].strip('"') for row in rows]
    return prompts, np.array([float(row[1]) for row in rows]), np.array([float(row[2]) for row in rows])


def test_without_a_router_the_shipped_one_is_evaluated(data: Path, out: Path) -> None:
    report = json.loads((out / "report.json").read_text("utf-8"))
    prompts, strong, weak = columns(data)
    scores = load_router().win_probability(prompts)
    found = report["routers"]["static-v2"]
    assert report["n"] == N
    assert found["apgr"] == pytest.approx(apgr(scores, strong, weak))
    assert found["cpt50"] == pytest.approx(cpt(scores, strong, weak, 0.5))
    assert found["cpt80"] == pytest.approx(cpt(scores, strong, weak, 0.8))
    low, high = found["apgr_interval"]
    assert low <= found["apgr"] <= high
    assert {"length", "random", "oracle"} <= set(report["routers"])


def test_the_routers_own_threshold_is_taken(data: Path, out: Path) -> None:
    found = json.loads((out / "report.json").read_text("utf-8"))["routers"]["static-v2"]
    assert found["threshold"] == recommended_threshold("static-v2", otherwise=-1)
    scores = load_router().win_probability(columns(data)[0])
    assert found["strong_fraction"] == pytest.approx((scores >= found["threshold"]).mean())


def test_report_and_pictures_stand_beside_one_another(out: Path) -> None:
    names = {path.name for path in out.iterdir()}
    assert {"report.json", "report.md", "report.html", "quality_cost.png", "quality_cost.svg"} <= names
    assert (out / "report.html").stat().st_size < 1_000_000


def test_no_prompt_is_written_unless_asked(data: Path, out: Path, tmp_path: Path) -> None:
    for name in ("report.json", "report.md", "report.html"):
        assert "secret question" not in (out / name).read_text("utf-8")
    arguments = ["--out", str(tmp_path), "--resamples", "20", "--show-prompts"]
    assert main(["evaluate", str(data), *arguments]) == 0
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "secret question" in page
    assert "<script" not in page


def test_it_prints_what_it_found_in_words(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(data), "--out", str(tmp_path), "--resamples", "50"]) == 0
    printed = capsys.readouterr().out
    assert "prompt length on this data" in printed
    assert "report.html" in printed
    assert "secret" not in printed


def test_routers_are_called_by_their_folders_and_each_has_a_name(data: Path, tmp_path: Path) -> None:
    """A folder called as a baseline, and two of one name, are told apart."""
    for place in ("one/random", "two/mine", "three/mine"):
        router_class("random")().save(tmp_path / place)
    arguments = [text for place in ("one/random", "two/mine", "three/mine") for text in ("--router", place)]
    arguments = [str(tmp_path / text) if "/" in text else text for text in arguments]
    out = tmp_path / "out"
    assert main(["evaluate", str(data), *arguments, "--out", str(out), "--resamples", "20"]) == 0
    routers = json.loads((out / "report.json").read_text("utf-8"))["routers"]
    assert [name for name, found in routers.items() if not found["baseline"]] == [
        "random_router",
        "mine",
        "mine_2",
    ]


def test_models_are_named_and_priced(tmp_path: Path) -> None:
    """1,000 tokens in and 500 out at 10 and 30 dollars a million are .025 dollars; the weak ones a tenth."""
    lines = []
    for i in range(40):
        for model, score in (("big", 1), ("small", i % 2)):
            row = {"prompt": f"question {i}", "model": model, "score": score}
            lines.append(json.dumps({**row, "input_tokens": 1000, "output_tokens": 500}))
    (tmp_path / "data.jsonl").write_text("\n".join(lines), "utf-8")
    arguments = ["--strong", "big", "--weak", "small", "--prices", "big=10,30", "--prices", "small=1,3"]
    given = [str(tmp_path / "data.jsonl"), *arguments, "--out", str(tmp_path), "--resamples", "20"]
    assert main(["evaluate", *given]) == 0
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert report["in_dollars"]
    assert report["strong"]["cost"] == pytest.approx(0.025)
    assert report["weak"]["cost"] == pytest.approx(0.0025)


@pytest.mark.parametrize(
    ("text", "arguments", "rule"),
    [
        ("a,b\n1,2\n", [], "must be in a format that a reader knows"),
        ("prompt,strong_score,weak_score\nx,7,3\n", [], "scores must be in [0, 1], got 3 to 7"),
        (
            "prompt,strong_score,weak_score\nx,1,\n",
            [],
            "evaluation needs grades of two models, and the data hold ['strong']",
        ),
        (
            "prompt,strong_score,weak_score,weak_cost\nx,1,0,-1\n",
            [],
            "the data hold ['strong']; left out: 1 x dollars below 0; routellm inspect",
        ),
        (
            "prompt,model,score\nx,a,1\n",
            ["--strong", "a", "--weak", "b"],
            "the data hold ['a']; routellm inspect",
        ),
        (
            "prompt,model,score\nx,a,1\nx,b,1\n",
            ["--strong", "a"],
            "--weak must name one of the data's models",
        ),
        ("prompt,strong_score,weak_score\nx,1,0\n", ["--seed", "-1"], "seed must be a whole number from 0"),
        ("prompt,strong_score,weak_score\nx,1,0\n", ["--strong", "huge"], "a model must be one of"),
        ("prompt,strong_score,weak_score\nx,1,0\n", ["--router", "nope"], "a router must be one of"),
        (
            "prompt,strong_score,weak_score\nx,1,0\n",
            ["--threshold", "2"],
            "threshold must be a number in [0, 1]",
        ),
        ("prompt,strong_score,weak_score\nx,1,0\n", ["--resamples", "0"], "n_resamples must be >= 1"),
        (
            "prompt,strong_score,weak_score\nx,1,0\n",
            ["--prices", "big"],
            "--prices must be auto, MODEL=IN,OUT",
        ),
        (
            "prompt,strong_score,weak_score\nx,1,0\n",
            ["--unit", "conversation"],
            "needs outcomes with conversation",
        ),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    text: str, arguments: list[str], rule: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "data.csv"
    path.write_text(text, "utf-8")
    assert main(["evaluate", str(path), "--out", str(tmp_path / "out"), *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("routellm: error: ")
    assert printed.err.count("\n") == 1
    assert rule in printed.err


def test_a_folder_that_cannot_be_made_is_said_at_once(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    assert main(["evaluate", str(data), "--out", str(tmp_path / "file" / "out")]) == 2
    assert "--out must be a folder that can be made" in capsys.readouterr().err


def test_second_grades_say_how_far_the_first_are_to_be_trusted(data: Path, tmp_path: Path) -> None:
    """The same file once more agrees with itself everywhere."""
    arguments = ["--second-grades", str(data), "--out", str(tmp_path), "--resamples", "20"]
    assert main(["evaluate", str(data), *arguments]) == 0
    found = json.loads((tmp_path / "report.json").read_text("utf-8"))["grade_agreement"]
    assert found == {"n": N, "agreement": 1.0, "flipped": 0.0, "kappa": 1.0, "gap_ratio": 1.0}


def test_a_scale_is_said(tmp_path: Path) -> None:
    rows = "".join(f"question {i},{9 + i % 2},{1 + i % 9}\n" for i in range(30))
    (tmp_path / "data.csv").write_text(f"prompt,strong_score,weak_score\n{rows}", "utf-8")
    arguments = ["--scale", "1", "10", "--out", str(tmp_path), "--resamples", "20"]
    assert main(["evaluate", str(tmp_path / "data.csv"), *arguments]) == 0
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    # 9.5 on average, (9.5 - 1) / 9
    assert report["strong"]["quality"] == pytest.approx(8.5 / 9)


def test_the_command_in_the_docs_runs_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its data stand in the checkout; what it writes goes elsewhere here. GPT-4 is right on 260 of 300."""
    root = Path(__file__).parents[2]
    page = (root / "docs" / "evaluate.md").read_text("utf-8")
    command = page.split("<!-- evaluate command -->\n```sh\n")[1].split("\n")[0].split()
    assert command[0] == "routellm"
    monkeypatch.chdir(root)
    out = str(tmp_path / command[-1])
    assert main([*command[1:-1], out]) == 0
    report = json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))
    assert report["n"] == 300
    assert report["strong"]["quality"] == pytest.approx(260 / 300)
    assert "static-v2: " in capsys.readouterr().out


def test_tokens_without_dollars_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"prompt": f"q{i}", "model": model, "score": score, "input_tokens": 9, "output_tokens": 1}
        for i in range(12)
        for model, score in (("big", 1), ("small", i % 2), ("third", 1))
    ]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    arguments = ["--strong", "big", "--weak", "small", "--prices", "big=1,1", "--resamples", "20"]
    assert main(["evaluate", str(tmp_path / "x.jsonl"), "--out", str(tmp_path), *arguments]) == 0
    printed = capsys.readouterr().out
    assert "tokens without dollars: small; give --prices" in printed
    assert "third" not in printed


def test_a_second_score_stands_in_for_the_first(tmp_path: Path) -> None:
    """Of four answers `one` grades the strong ones alone, so `two` is read for the weak ones."""
    rows = [
        {"id": i, "epoch": 1, "sample_id": f"{i}{model}", "input": f"q{i}", "model": model, name: grade}
        for i in range(2)
        for model, name, grade in (("big", "score_one", 1.0), ("small", "score_two", 0.0))
    ]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    arguments = [
        "--strong",
        "big",
        "--weak",
        "small",
        "--score",
        "one",
        "--score",
        "two",
        "--resamples",
        "20",
    ]
    assert main(["evaluate", str(tmp_path / "x.jsonl"), "--out", str(tmp_path), *arguments]) == 0
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["n"] == 2


def test_a_file_that_cannot_be_written_is_one_line(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report.html").mkdir()
    assert main(["evaluate", str(data), "--out", str(tmp_path), "--resamples", "20"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("routellm: error: a file must be readable or writable")
    assert "report.html" in error
    assert error.count("\n") == 1
