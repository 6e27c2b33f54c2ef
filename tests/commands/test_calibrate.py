"""`routellm calibrate`: a policy file by a share, a budget or a quality."""

import json
from pathlib import Path

import numpy as np
import pytest

from shared_router import RoutingPolicy
from shared_router.commands.main import main
from shared_router.records.outcomes import Outcomes
from shared_router.routers.random import RandomRouter


@pytest.fixture
def router(tmp_path: Path) -> str:
    """A router whose scores are uniform and know nothing of the prompts."""
    RandomRouter(seed=1).save(tmp_path / "router")
    return str(tmp_path / "router")


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    path = tmp_path / "prompts.csv"
    path.write_text("prompt\n" + "".join(f"question {i}\n" for i in range(200)), "utf-8")
    return path


@pytest.fixture
def graded(tmp_path: Path) -> Path:
    """800 prompts; the strong model is always right and the weak one on all but one in twenty."""
    path = tmp_path / "graded.csv"
    rows = "".join(f"question {i},1,{int(i % 20 > 0)}\n" for i in range(800))
    path.write_text("prompt,strong,weak\n" + rows, "utf-8")
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """100 prompts that both models answered, with tokens and no grade."""
    path = tmp_path / "log.jsonl"
    sent, answered = [100.0] * 100, ([500.0] * 100, [250.0] * 100)
    Outcomes.from_columns(
        [f"question {i}" for i in range(100)],
        measures={
            "input_tokens": {"big": sent, "small": sent},
            "output_tokens": {"big": answered[0], "small": answered[1]},
        },
    ).to_jsonl(path)
    return path


def test_a_share_needs_prompts_alone(router: str, prompts: Path, tmp_path: Path) -> None:
    out = tmp_path / "policy.json"
    asked = ["calibrate", str(prompts), "--router", router, "--strong-fraction", "0.3", "--out", str(out)]
    assert main(asked) == 0
    kept = json.loads(out.read_text("utf-8"))
    assert (kept["method"], kept["n"], kept["strong_fraction"]) == ("strong_fraction", 200, 0.3)
    scores = RandomRouter(seed=1).win_probability([f"question {i}" for i in range(200)])
    assert np.mean(scores >= kept["threshold"]) == 0.3


def test_the_policy_file_routes_as_it_was_chosen(router: str, prompts: Path, tmp_path: Path) -> None:
    out = tmp_path / "policy.json"
    main(["calibrate", str(prompts), "--router", router, "--strong-fraction", "0.3", "--out", str(out)])
    policy = RoutingPolicy.load(out)
    sent = [policy.decide(f"question {i}").model == "strong" for i in range(200)]
    assert sum(sent) == 60


def test_no_prompt_stands_in_the_policy_file_or_in_what_is_printed(
    router: str, prompts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "policy.json"
    main(["calibrate", str(prompts), "--router", router, "--strong-fraction", "0.3", "--out", str(out)])
    assert "question" not in out.read_text("utf-8") + capsys.readouterr().out


def test_the_trade_off_is_printed_and_drawn_with_the_choice_on_it(
    router: str, graded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "policy.json"
    asked = ["calibrate", str(graded), "--router", router, "--strong-fraction", "0.25", "--out", str(out)]
    assert main(asked) == 0
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    header = next(place for place, line in enumerate(lines) if "strong_fraction  threshold" in line)
    assert lines[header].split() == ["strong_fraction", "threshold", "mean", "grade", "PGR"]
    chosen = [line for line in lines if line.endswith("<- chosen")]
    assert [line.split()[0] for line in chosen] == ["0.250"]
    assert (tmp_path / "policy.png").read_bytes().startswith(b"\x89PNG")
    assert f"picture: {tmp_path / 'policy.png'}" in lines


@pytest.mark.parametrize(
    ("asked", "method"),
    [
        (["--max-drop", "0.03"], "max_drop"),
        (["--max-regret", "0.1", "--confidence", "0.9"], "max_regret"),
        (["--min-pgr", "0.5"], "min_pgr"),
        (["--max-drop", "0.1", "--judge-agreement", "0.97"], "max_drop"),
    ],
)
def test_a_quality_is_promised_on_graded_answers(
    asked: list[str], method: str, router: str, graded: Path, tmp_path: Path
) -> None:
    """A twentieth is lost everywhere: .03 by sending at most .6 weak, and some room for the bound."""
    out = tmp_path / "policy.json"
    assert main(["calibrate", str(graded), "--router", router, *asked, "--out", str(out)]) == 0
    kept = json.loads(out.read_text("utf-8"))
    assert kept["method"] == method
    assert kept["n"] == 800
    assert 0 <= kept["strong_fraction"] < 1


def test_what_cannot_be_promised_is_said_and_all_go_strong(
    router: str, graded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "policy.json"
    assert (
        main(["calibrate", str(graded), "--router", router, "--max-regret", "0.02", "--out", str(out)]) == 0
    )
    assert json.loads(out.read_text("utf-8"))["threshold"] == 0
    assert "every request goes to the strong model" in capsys.readouterr().out


def test_a_budget_is_spent_on_a_log_with_tokens(
    router: str, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Strong (100 * 10 + 500 * 20) / 1e6 = .011 dollars, weak .0006: 5 dollars buy (5 - .6) / 10.4 = .42."""
    out = tmp_path / "policy.json"
    prices = ["--prices", "big=10,20", "--prices", "small=1,2", "--strong", "big", "--weak", "small"]
    asked = ["calibrate", str(log), "--router", router, "--budget", "5", *prices, "--out", str(out)]
    assert main(asked) == 0
    assert json.loads(out.read_text("utf-8"))["strong_fraction"] == 0.42
    assert "dollars per 1,000" in capsys.readouterr().out


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["calibrate", *arguments]) == 2
    return capsys.readouterr().err


def test_the_policy_file_says_whose_answers_were_measured(
    router: str, graded: Path, prompts: Path, tmp_path: Path
) -> None:
    """The data's own names of models; `strong` and `weak` are none, and prompts alone have none."""
    named = tmp_path / "named.csv"
    named.write_text(graded.read_text("utf-8").replace("strong,weak", "gpt-4o-2024-08-06,mixtral-8x7b", 1))
    promise = ["--max-drop", "0.1"]
    pair = ["--strong", "gpt-4o-2024-08-06", "--weak", "mixtral-8x7b"]
    share = ["--strong-fraction", "0.5"]
    kept = []
    for number, asked in enumerate(
        [
            [str(named), *promise],
            [str(named), *share, *pair],
            [str(graded), *promise],
            [str(prompts), *share],
        ]
    ):
        out = tmp_path / f"policy{number}.json"
        assert main(["calibrate", *asked, "--router", router, "--out", str(out)]) == 0
        kept.append(json.loads(out.read_text("utf-8"))["choice"].get("measured_models"))
        assert RoutingPolicy.load(out).choice is not None
    theirs = {"strong": "gpt-4o-2024-08-06", "weak": "mixtral-8x7b"}
    assert kept == [theirs, theirs, None, None]


def test_a_percentage_is_asked_for_as_a_share(
    router: str, prompts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "policy.json")
    said = refused([str(prompts), "--router", router, "--strong-fraction", "30", "--out", out], capsys)
    assert "did you mean 0.3?" in said
    assert not (tmp_path / "policy.json").exists()


def test_a_budget_below_all_weak_says_the_least(
    router: str, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prices = ["--prices", "big=10,20", "--prices", "small=1,2", "--strong", "big", "--weak", "small"]
    out = str(tmp_path / "policy.json")
    said = refused([str(log), "--router", router, "--budget", "0.1", *prices, "--out", out], capsys)
    assert "must be at least 0.6" in said


def test_a_quality_needs_grades(
    router: str, prompts: Path, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    end = ["--router", router, "--max-drop", "0.02", "--out", str(tmp_path / "policy.json")]
    assert "prompts alone are enough for --strong-fraction" in refused([str(prompts), *end], capsys)
    assert "graded" in refused([str(log), "--strong", "big", "--weak", "small", *end], capsys)


def test_a_picture_of_another_kind_is_refused_before_the_policy_is_written(
    router: str, prompts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    end = ["--router", router, "--strong-fraction", "0.3", "--out", str(tmp_path / "policy.json")]
    assert "--picture must end in" in refused([str(prompts), *end, "--picture", "a.pdf"], capsys)
    assert not (tmp_path / "policy.json").exists()


def test_one_thing_alone_may_be_asked_for(prompts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["calibrate", str(prompts), "--strong-fraction", "0.3", "--max-drop", "0.1", "--out", "p.json"])
    assert "not allowed with" in capsys.readouterr().err


def test_a_budget_is_spent_on_a_table_of_tokens_that_nobody_has_graded(router: str, tmp_path: Path) -> None:
    """Each of 100 prompts was sent to one model, 100 tokens in; 500 out of big and 250 of small, whose mean
    answers the others are taken to cost: as on a log, 5 dollars buy .42."""
    log = tmp_path / "log.csv"
    rows = [f"question {i},{('big', 'small')[i % 2]},100,{(500, 250)[i % 2]}\n" for i in range(100)]
    log.write_text("prompt,model,input_tokens,output_tokens\n" + "".join(rows), "utf-8")
    out = tmp_path / "policy.json"
    prices = ["--prices", "big=10,20", "--prices", "small=1,2", "--strong", "big", "--weak", "small"]
    assert main(["calibrate", str(log), "--router", router, "--budget", "5", *prices, "--out", str(out)]) == 0
    assert json.loads(out.read_text("utf-8"))["strong_fraction"] == 0.42


@pytest.fixture
def billed(tmp_path: Path) -> Path:
    """800 graded prompts as in `graded`, 10 dollars for 1,000 strong answers and 2 for weak ones."""
    path = tmp_path / "billed.csv"
    rows = "".join(f"question {i},1,{int(i % 20 > 0)},.01,.002\n" for i in range(800))
    path.write_text("prompt,strong_score,weak_score,strong_cost,weak_cost\n" + rows, "utf-8")
    return path


@pytest.mark.parametrize(
    ("asked", "strong_fraction"), [(["--strong-fraction", "0.25"], 0.25), (["--budget", "9"], 0.25)]
)
def test_what_is_chosen_costs_what_the_trade_off_says(
    asked: list[str],
    strong_fraction: float,
    router: str,
    billed: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In a cascade 2 + .25 * 10 dollars, and 4.5 for the router: 9."""
    out = tmp_path / "policy.json"
    bill = ["--router-cost", "4.5", "--cascade"]
    assert main(["calibrate", str(billed), "--router", router, *asked, *bill, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    chosen = next(line for line in printed.splitlines() if line.endswith("<- chosen"))
    assert chosen.split()[2] == "9"
    assert "1,000 requests cost about $9 " in printed
    choice = RoutingPolicy.load(out).choice
    assert choice is not None
    assert choice.strong_fraction == strong_fraction
    assert choice.dollars == pytest.approx(9)


def test_a_quality_costs_what_the_trade_off_says(
    router: str, billed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """4.5 for the router and 10 for each strong answer, on top of 2."""
    out = tmp_path / "policy.json"
    bill = ["--router-cost", "4.5", "--cascade"]
    asked = ["calibrate", str(billed), "--router", router, "--max-drop", "0.04", *bill, "--out", str(out)]
    assert main(asked) == 0
    choice = RoutingPolicy.load(out).choice
    assert choice is not None
    assert choice.dollars == pytest.approx(6.5 + 10 * choice.strong_fraction)


@pytest.mark.parametrize(
    ("end", "message"),
    [
        (["--out", "policy.png"], "--out and --picture must be two files"),
        (["--out", "prompts.csv"], "--out must not be a file of the data"),
        (["--out", "p.json", "--router-cost", "-1"], "--router-cost must be dollars >= 0"),
        (["--out", "p.json", "--router-cost", "nan"], "--router-cost must be dollars >= 0"),
        (["--out", "p.json", "--judge-agreement", "0.9"], "--judge-agreement goes with a quality"),
    ],
)
def test_what_would_lose_a_file_or_say_nothing_is_refused(
    end: list[str],
    message: str,
    prompts: Path,
    router: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(prompts.parent)
    before = prompts.read_bytes()
    asked = ["prompts.csv", "--router", router, "--strong-fraction", "0.3", *end]
    assert message in refused(asked, capsys)
    assert prompts.read_bytes() == before
    assert not (prompts.parent / "p.json").exists()


def test_a_picture_may_stand_in_a_new_folder(router: str, prompts: Path, tmp_path: Path) -> None:
    end = ["--out", str(tmp_path / "p.json"), "--picture", str(tmp_path / "new" / "p.svg")]
    assert main(["calibrate", str(prompts), "--router", router, "--strong-fraction", "0.3", *end]) == 0
    assert (tmp_path / "new" / "p.svg").read_text("utf-8").lstrip().startswith("<")
