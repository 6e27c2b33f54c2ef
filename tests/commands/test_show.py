"""`routellm show`, and the share in place of a threshold."""

import json
from pathlib import Path

import pytest

from shared_router import ScoreQuantiles
from shared_router.commands.main import main
from shared_router.routers.knn import KNNRouter
from shared_router.routers.random import RandomRouter
from shared_router.testing import FixedRouter
from tests.routers.data import two_models


@pytest.fixture
def folder(tmp_path: Path) -> str:
    RandomRouter().save(tmp_path)
    return str(tmp_path)


def test_show_prints_which_threshold_sends_which_share(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A random router's scores are uniform: a tenth reaches 0.9."""
    assert main(["show", folder]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "kind       router/random" in lines
    assert "threshold  0.5" in lines
    assert "scores     0 to 1 on 1 questions of any kind" in lines
    assert lines[-10] == "strong_fraction  threshold"
    assert lines[-9] == "0.1              0.9"


def test_show_prints_how_ties_were_read_and_the_hash_that_pins_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pin = KNNRouter(k=5).fit(two_models()).save(tmp_path / "knn")
    assert main(["show", str(tmp_path / "knn"), "--json", "--expected-sha256", pin]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ties"], told["sha256"], told["strong"]) == ("weak", pin, "strong")
    known = ScoreQuantiles.from_settings(told["score_quantiles"])
    assert told["threshold"] == told["thresholds"]["0.5"] == known.threshold(0.5)
    assert main(["show", str(tmp_path / "knn"), "--expected-sha256", "0" * 64]) == 2


def test_show_says_so_where_no_quantiles_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Plain(RandomRouter):
        score_quantiles_ = None

    Plain().save(tmp_path / "plain")
    assert main(["show", str(tmp_path / "plain")]) == 0
    assert "no quantiles are kept" in capsys.readouterr().out
    assert FixedRouter(0.5).score_quantiles_ is None


def test_show_of_no_router_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "no-such"]) == 2
    assert "a router must be one of" in capsys.readouterr().err


def test_route_takes_a_share_in_place_of_a_threshold(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["route", "hi", "--router", folder, "--strong-fraction", "0.1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["threshold"] == pytest.approx(0.9)


def test_a_share_and_a_threshold_exclude_one_another(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["route", "hi", "--router", folder, "--strong-fraction", "0.1", "--threshold", "0.5"])
    assert "not allowed with" in capsys.readouterr().err
    assert main(["route", "hi", "--router", folder, "--strong-fraction", "10"]) == 2
    assert "strong_fraction must be a number in [0, 1]" in capsys.readouterr().err
