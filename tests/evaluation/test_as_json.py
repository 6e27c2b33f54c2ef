import json

import numpy as np

from shared_router.evaluation.as_json import report_as_json
from shared_router.evaluation.evaluate import evaluate
from shared_router.evaluation.report import FIGURES
from shared_router.records.outcomes import Outcomes
from tests.evaluation.data import BEST, hostile_report


def test_a_routers_figures_stand_by_name_with_their_intervals() -> None:
    outcomes = Outcomes.from_columns(["a", "b", "c", "d"], {"big": [1, 1, 1, 0], "small": [0, 1, 0, 0]})
    report = evaluate({"mine": BEST}, outcomes, strong="big", weak="small", n_resamples=20)
    plain = json.loads(json.dumps(report_as_json(report), allow_nan=False))
    assert plain["n"] == 4
    assert plain["routers"]["mine"]["apgr"] == 0.75
    assert plain["routers"]["mine"]["cpt50"] == 0.25
    assert plain["routers"]["random"]["apgr"] == 0.5
    low, high = plain["routers"]["random"]["apgr_interval"]
    assert low < 0.5 < high
    assert "apgr" in plain["routers"]["length"]


def test_every_figure_is_in_it_and_an_undefined_one_is_null() -> None:
    plain = report_as_json(hostile_report())
    for found in plain["routers"].values():
        assert {name for name in found if name in FIGURES} == set(FIGURES)
    assert plain["routers"]["always_strong"]["apgr"] is None
    assert plain["routers"]["random"]["decile_apgr"] is None
    assert plain["routers"]["random"]["decile_apgr_interval"] is None


def test_prompts_stand_in_it_only_when_asked() -> None:
    report = hostile_report()
    assert "secret prompt" not in json.dumps(report_as_json(report))
    shown = report_as_json(report, show_prompts=True)
    losses = next(iter(shown["routers"].values()))["losses"]
    assert losses
    assert all(loss["prompt"].startswith("secret prompt") for loss in losses)


def test_a_curve_has_a_point_for_each_hundredth() -> None:
    curve = report_as_json(hostile_report())["routers"]["length"]["curve"]
    assert curve["strong_fraction"] == np.linspace(0, 1, 101).tolist()
    assert {len(values) for values in curve.values()} == {101}
