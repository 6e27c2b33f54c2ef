"""A recipe that is none is refused where it is given, and not by whatever it meets in training."""

from collections.abc import Callable
from typing import Any

import pytest

from shared_router import InvalidInputError
from shared_router.plans.fuser import GenFuser
from shared_router.plans.pair_ranker import PairRanker
from shared_router.routers.bert import BertRouter
from shared_router.routers.causal_lm import CausalLMRouter
from shared_router.scorers.frugal_scorer import FrugalScorer
from shared_router.training.recipe import FineTuning

TRAINED: list[Callable[..., Any]] = [
    lambda recipe: PairRanker("folder", recipe=recipe),
    lambda recipe: GenFuser("folder", recipe=recipe),
    lambda recipe: BertRouter("folder", recipe=recipe),
    lambda recipe: CausalLMRouter("folder", recipe=recipe),
    lambda recipe: FrugalScorer("folder", recipe=recipe),
]


@pytest.mark.parametrize("made", TRAINED)
@pytest.mark.parametrize("recipe", [{"max_steps": 10}, FineTuning, "fast", 10])
def test_a_recipe_that_is_none_is_refused_by_whatever_is_trained(made: Any, recipe: object) -> None:
    with pytest.raises(InvalidInputError, match="recipe must be a FineTuning or None"):
        made(recipe)


@pytest.mark.parametrize("made", TRAINED)
def test_a_recipe_is_kept_and_none_is_the_classs_own(made: Any) -> None:
    recipe = FineTuning(max_steps=10)
    assert made(recipe).recipe is recipe
    assert isinstance(made(None).recipe, FineTuning)
