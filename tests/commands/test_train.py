"""`routellm train`: graded answers or battles in, a router's folder out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from shared_router import PreferenceData, load_router
from shared_router.commands.main import main
from shared_router.registry import recommended_threshold, saved_config
from tests.routers.data import three_models, two_models

SHORT_TRAINING = ["--set", "max_steps=4", "--set", "evaluate_every=2", "--set", "max_length=64"]
SAMPLED = [(f"prove theorem {i}", 0) for i in range(10)] + [(f"say hello {i}", 1) for i in range(10)]


def graded(path: Path, *, strong: str = "strong_score", weak: str = "weak_score") -> Path:
    """Write the sixty battles as grades: 1 and 0 where the strong model won, 0 and 1 where the weak did."""
    battles = two_models()
    grades = {"a": "1,0", "b": "0,1", "tie": "1,1"}
    rows = [f"{query},{grades[won]}" for query, won in zip(battles.queries, battles.winners, strict=True)]
    path.write_text(f"prompt,{strong},{weak}\n" + "\n".join(rows) + "\n", "utf-8")
    return path


def train(*arguments: object) -> int:
    return main(["train", *map(str, arguments)])


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("knn", "knn"),
        ("sw", "similarity_weighted"),
        ("similarity-weighted", "similarity_weighted"),
        ("mf", "matrix_factorization"),
        ("static", "static"),
        ("random", "random"),
        ("local", "local"),
    ],
)
def test_each_class_learns_from_graded_answers_and_is_loaded_by_its_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], typed: str, kind: str
) -> None:
    out = tmp_path / "router"
    few = [] if typed != "mf" else ["--set", "epochs=2"]
    assert train(graded(tmp_path / "graded.csv"), "--router", typed, "--out", out, *few) == 0
    said = capsys.readouterr().out
    assert f"{kind} learned from 60 rows of strong against weak: strong won 0.37, ties 0.53" in said
    assert f"SHA-256 {saved_config(out).sha256}" in said
    assert f"threshold           {recommended_threshold(out, otherwise=-1):.4g} " in said
    assert saved_config(out).kind == f"router/{kind}"
    assert 0 <= load_router(out).win_probability(["prove it"])[0] <= 1
    assert main(["route", "--router", str(out), "prove a theorem"]) == 0


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_a_file_of_battles_teaches_as_well_as_grades(tmp_path: Path, ending: str) -> None:
    battles = two_models()
    path = tmp_path / f"battles.{ending}"
    if ending == "jsonl":
        battles.to_jsonl(path)
    else:
        columns = zip(battles.queries, battles.model_a, battles.model_b, battles.winners, strict=True)
        path.write_text(
            "query,model_a,model_b,winner\n" + "".join(",".join(r) + "\n" for r in columns), "utf-8"
        )
    assert train(path, "--router", "knn", "--out", tmp_path / "a") == 0
    assert train(graded(tmp_path / "graded.csv"), "--router", "knn", "--out", tmp_path / "b") == 0
    asked = ["prove a lemma", "hello and welcome"]
    from_battles, from_grades = (load_router(tmp_path / name).win_probability(asked) for name in "ab")
    assert from_battles.tolist() == pytest.approx(from_grades.tolist(), abs=1e-6)


@pytest.mark.parametrize("typed", ["local", "static", "knn", "sw", "mf"])
def test_models_are_called_by_their_names_in_the_data(tmp_path: Path, typed: str) -> None:
    battles = two_models()
    path = tmp_path / "battles.jsonl"
    named = {"strong": "gpt-4", "weak": "mixtral"}
    first, second = ([named[model] for model in side] for side in (battles.model_a, battles.model_b))
    PreferenceData(battles.queries, first, second, battles.winners).to_jsonl(path)
    options = ["--router", typed, "--strong", "gpt-4", "--weak", "mixtral"]
    few = [] if typed != "mf" else ["--set", "epochs=2"]
    assert train(path, *options, *few, "--out", tmp_path / "router") == 0
    assert 0 <= load_router(tmp_path / "router").win_probability(["prove it"])[0] <= 1


def test_a_local_router_is_the_default_and_says_what_it_is_worth(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "router"
    assert train(graded(tmp_path / "graded.csv"), "--out", out, "--report", tmp_path / "report.json") == 0
    said = capsys.readouterr().out
    assert saved_config(out).kind == "router/local"
    assert "on prompts held out of 60" in said
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["details"] in said


def test_five_grades_are_too_few_for_a_local_router(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = graded(tmp_path / "graded.csv").read_text("utf-8").splitlines()
    (tmp_path / "five.csv").write_text("\n".join(lines[:6]), "utf-8")
    assert train(tmp_path / "five.csv", "--out", tmp_path / "router") == 2
    said = capsys.readouterr().err
    assert "distinct graded prompts or more" in said
    assert said.count("\n") == 1


def test_equal_prompts_a_hundred_thousand_times_are_one_prompt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "same.csv").write_text(ROWS + "secret again,1,0\nsecret again,0,1\n" * 50_000, "utf-8")
    assert train(tmp_path / "same.csv", "--out", tmp_path / "router") == 2
    assert "distinct graded prompts or more, better 100, got 1" in capsys.readouterr().err


def test_several_files_are_one_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [graded(tmp_path / "one.csv"), tmp_path / "more.jsonl"]
    files[1].write_text('{"prompt": "bound the integral", "strong_score": 1, "weak_score": 0}\n')
    assert train(*files, "--router", "knn", "--out", tmp_path / "router") == 0
    assert "learned from 61 rows" in capsys.readouterr().out


def test_models_of_a_battle_file_may_be_grouped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of 180 battles 60 are strong against weak and 60 middle against weak: the fallen sides' 120."""
    three_models().to_jsonl(tmp_path / "battles.jsonl")
    sides = ["--strong", "strong", "--strong", "middle", "--weak", "weak"]
    out = tmp_path / "router"
    assert train(tmp_path / "battles.jsonl", "--router", "static", "--out", out, *sides) == 0
    assert "learned from 120 rows of strong against weak" in capsys.readouterr().out


def test_the_report_is_written_as_json_and_as_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = graded(tmp_path / "graded.csv")
    for ending in ("json", "txt"):
        out, report = tmp_path / ending, tmp_path / f"report.{ending}"
        assert train(data, "--router", "knn", "--out", out, "--report", report) == 0
    said = capsys.readouterr().out
    assert (tmp_path / "report.txt").read_text("utf-8") in said
    told = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert (told["rows"], told["strong_wins"], told["ties"]) == (60, 22 / 60, 32 / 60)
    low, high = told["apgr_interval"]
    assert low <= told["apgr"] <= high
    assert told["threshold"] == recommended_threshold(tmp_path / "json", otherwise=-1)


def test_one_seed_gives_one_router_and_another_another(tmp_path: Path) -> None:
    data = graded(tmp_path / "graded.csv")
    pins = []
    for run, seed in enumerate((1, 1, 2)):
        out = tmp_path / str(run)
        assert train(data, "--router", "mf", "--set", "epochs=2", "--out", out, "--seed", seed) == 0
        pins.append(saved_config(out).sha256)
    assert pins[0] == pins[1] != pins[2]


def test_settings_reach_the_router_and_its_recipe(tmp_path: Path) -> None:
    data = graded(tmp_path / "graded.csv")
    assert (
        train(data, "--router", "knn", "--set", "k=5", "--set", "vote=uniform", "--out", tmp_path / "a") == 0
    )
    settings = saved_config(tmp_path / "a").settings
    assert (settings["k"], settings["vote"]) == (5, "uniform")


def test_a_long_training_goes_on_from_its_state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("transformers")
    from tests.routers.tiny_models import tiny_encoder

    data, out = graded(tmp_path / "graded.csv"), tmp_path / "router"
    base = ["--router", "bert", "--base-model", tiny_encoder(tmp_path / "encoder"), *SHORT_TRAINING]
    assert train(data, *base, "--out", out) == 0
    state = tmp_path / "router.training"
    assert f"{state} holds the training's state" in capsys.readouterr().err
    before = {path.name: path.stat().st_mtime_ns for path in state.iterdir()}
    pin = saved_config(out).sha256
    assert train(data, *base, "--out", out, "--overwrite") == 0
    assert saved_config(out).sha256 == pin
    assert {path.name: path.stat().st_mtime_ns for path in state.iterdir()} == before
    assert 0 <= load_router(out).win_probability(["prove it"])[0] <= 1


def test_a_language_model_is_trained_the_same_way(tmp_path: Path) -> None:
    pytest.importorskip("peft")
    from tests.routers.tiny_models import tiny_language_model

    base = ["--router", "causal-lm", "--base-model", tiny_language_model(tmp_path / "model")]
    options = ["--set", "max_steps=2", "--set", "evaluate_every=1", "--set", "max_length=256"]
    assert train(graded(tmp_path / "graded.csv"), *base, *options, "--out", tmp_path / "router") == 0
    assert saved_config(tmp_path / "router").kind == "router/causal_lm"


def test_grades_teach_a_bert_with_two_heads(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    from tests.routers.tiny_models import tiny_encoder

    base = ["--router", "bert", "--base-model", tiny_encoder(tmp_path / "encoder"), *SHORT_TRAINING]
    options = ["--set", "head=correctness"]
    assert train(graded(tmp_path / "g.csv"), *base, *options, "--out", tmp_path / "router") == 0
    assert saved_config(tmp_path / "router").settings["head"] == "correctness"


@pytest.mark.parametrize("kind", ["det", "prob", "trans"])
def test_repeated_grades_teach_a_bert_soft_labels(tmp_path: Path, kind: str) -> None:
    pytest.importorskip("transformers")
    from tests.routers.tiny_models import tiny_encoder

    rows = [f"{query},strong,1\n{query},weak,{grade}\n{query},weak,1" for query, grade in SAMPLED]
    data = tmp_path / "graded.csv"
    data.write_text("prompt,model,score\n" + "\n".join(rows) + "\n")
    base = ["--router", "bert", "--base-model", tiny_encoder(tmp_path / "encoder"), *SHORT_TRAINING]
    options = ["--labels", kind, "--set", "head=logit"]
    assert train(data, *base, *options, "--out", tmp_path / "router") == 0
    assert saved_config(tmp_path / "router").settings["head"] == "logit"


def test_soft_labels_need_several_grades_and_a_router_that_learns_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("transformers")
    from tests.routers.tiny_models import tiny_encoder

    data, out = graded(tmp_path / "graded.csv"), tmp_path / "router"
    bert = ["--router", "bert", "--base-model", tiny_encoder(tmp_path / "encoder"), *SHORT_TRAINING]
    assert train(data, *bert, "--labels", "prob", "--out", out) == 2
    assert 'kind="prob" needs several answers of a model to each prompt' in capsys.readouterr().err
    assert train(data, "--router", "knn", "--labels", "det", "--out", out) == 2
    assert "--labels is for bert, which learns soft labels, got it with knn" in capsys.readouterr().err
    two_models().to_jsonl(tmp_path / "battles.jsonl")
    assert train(tmp_path / "battles.jsonl", *bert, "--labels", "det", "--out", out) == 2
    assert "--labels makes labels of grades of both models, got battles" in capsys.readouterr().err


ROWS = "prompt,strong_score,weak_score\n"
BAD: dict[str, tuple[str, list[str], str]] = {
    "all ties": (ROWS + "secret a,1,1\nsecret b,0,0\nsecret c,1,1\n", [], "end alike"),
    "all wins": (ROWS + "secret a,1,0\nsecret b,1,0\nsecret c,1,0\n", [], "end alike"),
    "another scale": (ROWS + "secret a,9,7\nsecret b,3,8\n", [], r"scores must be in \[0, 1\]"),
    "another pair": (ROWS + "secret a,1,0\n", ["--strong", "gpt"], r"--strong must name one of .*'gpt'"),
    "one model": ("prompt,model,score\nsecret a,x,1\n", [], "grades of two models"),
    "never both": ("prompt,model,score\nsecret a,x,1\nsecret b,y,1\n", [], "two models were graded on"),
    "unnamed models": (
        "prompt,model,score\nsecret a,x,1\nsecret a,y,0\n",
        [],
        r"--strong must name one of the data's models, \['x', 'y'\], got none",
    ),
    "prompts alone": ("prompt\nsecret a\n", [], "the data hold \\[\\]"),
    "empty": ("", [], "must"),
}


@pytest.mark.parametrize("case", BAD)
def test_data_that_cannot_teach_end_in_one_line_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    content, options, message = BAD[case]
    path = tmp_path / "graded.csv"
    path.write_text(content, "utf-8")
    assert train(path, "--router", "knn", "--out", tmp_path / "router", *options) == 2
    said = capsys.readouterr().err
    assert re.search(message, said), said
    assert said.count("\n") == 1
    assert "secret" not in said
    assert not (tmp_path / "router").exists()


ARGUMENTS: dict[str, tuple[list[Any], str]] = {
    "no such class": (["--router", "elo"], "a router class must be one of"),
    "grades are not enough": (["--router", "general"], "must learn from grades or battles alone"),
    "a wrapper": (["--router", "calibrated"], "must learn from grades or battles alone"),
    "no whole k": (["--router", "knn", "--set", "k=1.5"], "k must be >= 1 and a whole number"),
    "no whole width": (["--router", "mf", "--set", "n_components=1.5"], "n_components must be >= 1 or None"),
    "no number": (["--router", "static", "--set", "gamma=x"], "gamma must be > 0"),
    "no whole anchors": (["--router", "static", "--set", "anchors=1.5"], "anchors must be a whole number"),
    "no whole number": (["--set", "anchors=1.5"], "anchors must be a whole number"),
    "no such setting": (["--router", "knn", "--set", "depth=3"], "a setting of knn must be one of"),
    "no setting": (["--router", "knn", "--set", "k"], "--set must be NAME=VALUE"),
    "setting of another kind": (["--router", "knn", "--set", "k=many"], "k must be >= 1 and a whole number"),
    "setting out of range": (["--router", "knn", "--set", "k=0"], "k must be >= 1"),
    "no base model": (["--router", "bert"], "give --base-model"),
    "a base model too many": (["--router", "knn", "--base-model", "x"], "--base-model is for"),
    "no seed": (["--router", "knn", "--seed", "-1"], "seed must be"),
    "no report": (["--router", "knn", "--report", "no/such/folder/report.json"], "--report must be a file"),
}


@pytest.mark.parametrize("case", ARGUMENTS)
def test_an_argument_that_breaks_its_rule_is_said_before_anything_is_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    options, message = ARGUMENTS[case]
    assert train(graded(tmp_path / "graded.csv"), "--out", tmp_path / "router", *options) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_a_router_that_is_there_is_replaced_only_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = graded(tmp_path / "graded.csv"), tmp_path / "router"
    assert train(data, "--router", "knn", "--out", out) == 0
    assert train(data, "--router", "knn", "--out", out) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert train(data, "--router", "random", "--out", out, "--overwrite") == 0
    assert saved_config(out).kind == "router/random"


def test_grades_and_battles_are_not_mixed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two_models().to_jsonl(tmp_path / "battles.jsonl")
    files = [tmp_path / "battles.jsonl", graded(tmp_path / "graded.csv")]
    assert train(*files, "--router", "knn", "--out", tmp_path / "router") == 2
    assert "of graded answers or of battles, got both" in capsys.readouterr().err


def test_a_strong_model_that_is_worse_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = graded(tmp_path / "graded.csv", strong="weak_score", weak="strong_score")
    assert train(data, "--router", "knn", "--out", tmp_path / "router") == 0
    assert "the strong model should be the better one" in capsys.readouterr().err
