"""What MAPIE's Learn-then-Test says of the same rows."""

import numpy as np
import pytest

from shared_router.calibration import for_quality
from shared_router.calibration.clopper_pearson import p_values

risk_control = pytest.importorskip("mapie.risk_control", reason="needs MAPIE, of the extra test")
methods = pytest.importorskip("mapie.risk_control.methods")

N = 3000
RNG = np.random.default_rng(0)
SCORES = RNG.random(N)
WEAK = np.where(RNG.random(N) < 0.3 * SCORES**2, 0.0, 1.0)


def test_the_p_values_of_a_share_are_mapies() -> None:
    """Its Hoeffding-Bentkus p-value of a binary loss is the binomial's, which ours is."""
    lost = WEAK[np.argsort(SCORES)] == 0
    cuts = np.arange(100, N + 1, 50)
    failures = np.concatenate([[0], np.cumsum(lost)])[cuts]
    rates = np.maximum(failures - 1e-6, 0) / cuts  # it rounds up what a last bit may have raised
    theirs = methods.compute_hoeffding_bentkus_p_value(rates, cuts, 0.07, True)[:, 0]
    assert p_values(lost, 0.07)[cuts] == pytest.approx(theirs, abs=1e-9)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_mapie_certifies_is_no_cheaper() -> None:
    """It controls the precision of "weak will do", 1 - regret, over a hundred thresholds corrected by Holm;
    both keep .05 on 3,000 rows, and one search from few starts sends fewer strong."""
    controller = risk_control.BinaryClassificationController(
        lambda scores: np.column_stack([scores, 1 - scores]),
        risk="precision",
        target_level=0.95,
        confidence_level=0.95,
        list_predict_params=np.linspace(0, 0.99, 100),
    )
    controller.calibrate(SCORES, WEAK.astype(int))
    theirs = 1 - float(controller.valid_predict_params.min())
    ours = for_quality(scores=SCORES, strong_scores=np.ones(N), weak_scores=WEAK, max_regret=0.05)
    true_regret = 0.1 * np.array([ours.threshold, theirs]) ** 2
    assert (true_regret <= 0.05).all()
    assert ours.strong_fraction <= float(np.mean(theirs <= SCORES))
