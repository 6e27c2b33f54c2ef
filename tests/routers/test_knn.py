"""Nearest neighbours: votes counted by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared_router import InvalidInputError, NotFittedError, PreferenceData, UnknownNameError
from shared_router.preferences.grades import Winner
from shared_router.routers.knn import KNNRouter
from shared_router.testing import HashEmbedder
from tests.routers.data import three_models
from tests.routers.tables import TableEmbedder

TABLE = TableEmbedder({"east": [1, 0], "north": [0, 1], "nearly north": [3, 4], "nowhere": [0, 0]})


def battles(*rows: tuple[str, Winner], weights: list[float] | None = None) -> PreferenceData:
    n = len(rows)
    return PreferenceData([r[0] for r in rows], ["strong"] * n, ["weak"] * n, [r[1] for r in rows], weights)


WON_IN_THE_EAST = battles(("east", "a"), ("north", "b"))


def test_the_nearest_prompt_decides() -> None:
    """The cosines of (3, 4) with east and north are .6 and .8."""
    router = KNNRouter(TABLE, k=1).fit(WON_IN_THE_EAST)
    assert router.win_probability(["east", "nearly north"]).tolist() == [1, 0]


def test_neighbours_vote_alike_or_by_their_cosine() -> None:
    """Alike 1/2; by cosine .6 / (.6 + .8). More neighbours than prompts are all prompts."""
    alike = KNNRouter(TABLE, k=9, vote="uniform").fit(WON_IN_THE_EAST)
    assert alike.win_probability(["nearly north"]).tolist() == [0.5]
    router = KNNRouter(TABLE, k=9, vote="similarity").fit(WON_IN_THE_EAST)
    assert router.win_probability(["nearly north"]) == pytest.approx([0.6 / 1.4], abs=1e-6)
    assert router.win_probability(["nowhere"]) == pytest.approx([0.5], abs=1e-6)


def test_a_prompt_votes_with_the_share_and_the_weight_of_its_battles() -> None:
    """East: a win of 3 and a tie of 1 make 3.5 of 4. North: a loss of 4. Both: 3.5 of 8."""
    router = KNNRouter(TABLE, k=2, vote="uniform", ties="half").fit(
        battles(("east", "a"), ("east", "tie"), ("north", "b"), weights=[3, 1, 4])
    )
    assert router.win_probability(["east"]) == pytest.approx([3.5 / 8])
    one = KNNRouter(TABLE, k=1, ties="half").fit(
        battles(("east", "a"), ("east", "tie"), ("north", "b"), weights=[3, 1, 4])
    )
    assert one.win_probability(["east"]) == pytest.approx([3.5 / 4])


def test_only_battles_of_the_pair_count_whichever_stood_first() -> None:
    """weak beat strong as the first side in the east; a battle with another model says nothing."""
    data = PreferenceData(
        ["east", "north", "nearly north"],
        ["weak", "strong", "strong"],
        ["strong", "other", "weak"],
        ["a", "a", "a"],
    )
    router = KNNRouter(TABLE, k=1).fit(data)
    assert router.win_probability(["east", "north"]).tolist() == [0, 1]
    assert router.for_pair("strong", "other").win_probability(["east"]).tolist() == [1]
    with pytest.raises(
        InvalidInputError, match="strong and weak must have met, got no battle of 'other' and"
    ):
        router.for_pair("other", "weak")


def test_embeddings_at_hand_are_taken() -> None:
    data, embedder = three_models(), HashEmbedder(24)
    given = KNNRouter(embedder, n_components=4).fit(data, embeddings=embedder.embed(data.queries))
    embedded = KNNRouter(embedder, n_components=4).fit(data)
    assert np.array_equal(given.win_probability(data.queries), embedded.win_probability(data.queries))


def test_a_saved_router_keeps_its_settings(tmp_path: Path) -> None:
    embedder = HashEmbedder(24)
    KNNRouter(embedder, k=3, vote="similarity").fit(three_models()).save(tmp_path)
    loaded = KNNRouter.load(tmp_path, embedder=embedder, memory_map=True)
    assert (loaded.k, loaded.vote, loaded.models_) == (3, "similarity", ("middle", "strong", "weak"))


def test_a_router_that_learned_nothing_says_so() -> None:
    with pytest.raises(NotFittedError, match="must be fitted or loaded"):
        KNNRouter(TABLE).win_probability(["p"])


def test_a_model_that_training_did_not_see_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"\['strong', 'weak'\], got 'gpt'"):
        KNNRouter(TABLE, weak="gpt").fit(WON_IN_THE_EAST)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 0}, "k must be >= 1"),
        ({"vote": "loud"}, "vote must be one of"),
        ({"ties": "both"}, "ties must be one of"),
        ({"n_components": -1}, "n_components must be >= 1 or None"),
    ],
)
def test_arguments_outside_their_rule_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        KNNRouter(TABLE, **arguments)


def test_it_says_how_near_queries_are_to_what_it_learned_from() -> None:
    """(3, 4) has cosine .6 with east and .8 with north, east 1 with itself, and a zero vector none."""
    router = KNNRouter(TABLE, k=1).fit(WON_IN_THE_EAST)
    assert router.training_similarity(["nearly north", "east", "nowhere"]) == pytest.approx([0.8, 1, 0])


def test_a_tie_is_no_reason_to_pay_by_default_and_the_plain_form_has_a_name() -> None:
    """One win and one tie, both in the east: 1/2, and half a win more by `"half"`: 3/4."""
    data = battles(("east", "a"), ("east", "tie"), ("north", "b"))
    assert KNNRouter(TABLE, k=1).fit(data).win_probability(["east"]).tolist() == [0.5]
    plain = KNNRouter.published(TABLE)
    assert (plain.k, plain.vote, plain.ties, plain.n_components) == (50, "uniform", "half", None)
    plain.k = 1
    assert plain.fit(data).win_probability(["east"]).tolist() == [0.75]


def test_the_nearest_training_prompts_are_told_with_how_they_ended_and_without_their_texts() -> None:
    """The cosines of (3, 4) with east, which strong won, and north, which it lost, are .6 and .8."""
    router = KNNRouter(TABLE).fit(WON_IN_THE_EAST)
    found = router.neighbors("nearly north")
    assert [(one.row, one.strong_won) for one in found] == [(1, 0.0), (0, 1.0)]
    assert [one.similarity for one in found] == pytest.approx([0.8, 0.6], abs=1e-6)
    assert len(router.neighbors("nearly north", n=1)) == 1
