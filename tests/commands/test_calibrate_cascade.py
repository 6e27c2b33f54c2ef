"""`routellm calibrate --scorer`: a cascade's threshold by a share, a budget or a quality."""

import json
from pathlib import Path

import numpy as np
import pytest

from shared_router import (
    AnswerFeatures,
    CalibratedCascade,
    Cascade,
    GivenAnswer,
    Outcomes,
    PlanRequest,
    load_scorer,
)
from shared_router.commands.main import main
from shared_router.errors import ArtifactError, UnknownNameError
from shared_router.policy import RoutingPolicy
from tests.plans.scripted import answer, walk
from tests.scorers.graded import graded_sums


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scorer that learned on other sums than those that a threshold is chosen on."""
    folder = tmp_path_factory.mktemp("scorers") / "features"
    AnswerFeatures().fit(graded_sums(seed=1), model="weak", strong="strong", progress=False).save(folder)
    return folder


@pytest.fixture
def graded(tmp_path: Path) -> Path:
    """400 sums; a strong answer costs a cent, and a weak one a tenth of that."""
    sums = graded_sums(400, seed=2)
    path = tmp_path / "graded.jsonl"
    Outcomes.from_columns(
        sums.prompts,
        {"strong": sums.scores("strong"), "weak": sums.scores("weak")},
        answers={"weak": sums.answers("weak"), "strong": sums.answers("strong")},
        measures={"dollars": {"strong": [0.01] * 400, "weak": [0.001] * 400}},
    ).to_jsonl(path)
    return path


def calibrated(graded: Path, folder: Path, *asked: str) -> Path:
    out = graded.parent / "cascade.json"
    assert main(["calibrate", str(graded), "--scorer", str(folder), *asked, "--out", str(out)]) == 0
    return out


def risks(folder: Path) -> np.ndarray:
    sums = graded_sums(400, seed=2)
    pairs = zip(sums.prompts, sums.answers("weak"), strict=True)
    return np.array([1.0 - load_scorer(folder).good_enough(q, [GivenAnswer(a or "")]) for q, a in pairs])


def test_a_share_is_of_weak_answers_that_are_rejected(graded: Path, folder: Path) -> None:
    found = CalibratedCascade.load(calibrated(graded, folder, "--strong-fraction", "0.25"))
    assert np.mean(risks(folder) >= found.threshold) == pytest.approx(0.25, abs=0.005)
    assert found.choice.strong_fraction == pytest.approx(0.25, abs=0.005)


def test_a_budget_pays_every_weak_answer(graded: Path, folder: Path) -> None:
    """1,000 weak answers cost 1 dollar, and 4 more buy 400 strong ones."""
    found = CalibratedCascade.load(calibrated(graded, folder, "--budget", "5")).choice
    assert found.strong_fraction == pytest.approx(0.4, abs=0.005)
    assert found.dollars == pytest.approx(1 + 10 * found.strong_fraction)


def test_a_quality_is_promised_as_a_routers_is(
    graded: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The scorer tells right sums from wrong ones, so that hardly more than the wrong half goes on."""
    found = CalibratedCascade.load(calibrated(graded, folder, "--max-drop", "0.05")).choice
    assert (found.method, found.guaranteed, found.n) == ("max_drop", True, 400)
    assert found.strong_fraction < 0.6
    assert "lose at most 0.05" in capsys.readouterr().out


def test_the_file_makes_the_cascade(graded: Path, folder: Path) -> None:
    found = CalibratedCascade.load(calibrated(graded, folder, "--strong-fraction", "0.5"))
    cascade = Cascade(found.scorer, threshold=found.threshold)
    asked = PlanRequest("A shop sells 12 boxes of 14 pens. How many pens are that?")
    right = "12 * 14 = 168 pens.\n#### 168"
    wrong = "There are about 12 * 14 = 175 pens, approximately, assuming the boxes are full"
    for said, model in ((right, "weak"), (wrong, "strong")):
        used, _ = walk(cascade, {"weak": [answer("weak", said)], "strong": [answer("strong")]}, asked)
        assert used.answer.model == model


def test_the_file_pins_the_scorer_and_holds_no_prompt(graded: Path, folder: Path, tmp_path: Path) -> None:
    out = calibrated(graded, folder, "--strong-fraction", "0.25")
    assert "pens" not in out.read_text("utf-8")
    content = json.loads(out.read_text("utf-8"))
    content["router"]["sha256"] = "0" * 64
    out.write_text(json.dumps(content), "utf-8")
    with pytest.raises(ArtifactError):
        CalibratedCascade.load(out)


def test_a_routers_file_and_a_cascades_are_not_taken_for_one_another(graded: Path, folder: Path) -> None:
    out = calibrated(graded, folder, "--strong-fraction", "0.25")
    with pytest.raises((ArtifactError, UnknownNameError)):
        RoutingPolicy.load(out)
    assert main(["calibrate", str(graded), "--strong-fraction", "0.25", "--out", str(out)]) == 0
    with pytest.raises(ArtifactError, match="must name a scorer"):
        CalibratedCascade.load(out)


def test_answers_of_one_score_stay_together(tmp_path: Path) -> None:
    """Samples agree in 3, 2 or 1 of 3: a quarter lies nearest to the fifth that has the highest risk."""
    from shared_router import Agreement

    says = (["7", "7", "7"], ["7", "7", "7"], ["7", "8", "7"], ["7", "8", "7"], ["7", "8", "9"])
    rows = [says[i % 5] for i in range(100)]
    data = Outcomes.from_columns(
        [f"question {i}" for i in range(100)],
        {"strong": [1.0] * 100, "weak": [float(i % 5 < 3) for i in range(100)]},
        answers={"weak": [each[0] for each in rows]},
        samples={"weak": [each[1:] for each in rows]},
    )
    data.to_jsonl(tmp_path / "graded.jsonl")
    Agreement(3).fit(data, model="weak").save(tmp_path / "agreement")
    out = calibrated(tmp_path / "graded.jsonl", tmp_path / "agreement", "--strong-fraction", "0.25")
    choice = CalibratedCascade.load(out).choice
    assert (choice.strong_fraction, choice.tie_share) == (0.2, 1.0)


def test_data_without_weak_answers_say_what_is_missing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    end = ["--scorer", str(folder), "--strong-fraction", "0.3", "--out", str(tmp_path / "cascade.json")]
    (tmp_path / "prompts.csv").write_text("prompt\nhow many?\n", "utf-8")
    assert main(["calibrate", str(tmp_path / "prompts.csv"), *end]) == 2
    assert "a scorer the weak answers" in capsys.readouterr().err
    (tmp_path / "graded.csv").write_text("prompt,strong,weak\nhow many?,1,0\nwhy?,1,1\n", "utf-8")
    assert main(["calibrate", str(tmp_path / "graded.csv"), *end]) == 2
    assert "none has it; routellm collect keeps answers" in capsys.readouterr().err


def test_what_is_no_scorer_is_refused(graded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(graded.parent / "cascade.json")
    for wrong in (str(graded.parent), "static-v1"):
        assert main(["calibrate", str(graded), "--scorer", wrong, "--budget", "5", "--out", out]) != 0
    assert capsys.readouterr().err
