"""A question that the router knows nothing of goes where `on_no_coverage` says, at first and again."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from llamaindex_routellm import RoutedLLM
from shared_router.testing import FixedRouter
from tests.llamaindex.fakes import models


class Blind(FixedRouter):
    """A router that would send everything strong, and says that it knows nothing."""

    def coverage(self, queries: Sequence[str]) -> NDArray[np.float64]:
        return np.zeros(len(queries))


def test_what_is_not_covered_goes_where_the_rule_says_and_is_remembered_so() -> None:
    llm = RoutedLLM(**models(router=Blind(0.9), threshold=0.5, on_no_coverage="weak"))
    reasons = [llm.complete("Ask").additional_kwargs["routellm"]["reason"] for _ in range(2)]
    assert reasons == ["no_coverage", "no_coverage"]
    assert llm.policy.on_no_coverage == "weak"
