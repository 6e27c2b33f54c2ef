import numpy as np
import pytest

from shared_router.evaluation.baselines import baselines
from shared_router.evaluation.measures import Candidate
from shared_router.evaluation.near_duplicates import duplicate_groups
from shared_router.evaluation.pair import Pair, pair_from_scores

TOPICS = ("prove the theorem about primes", "name the capital city of the country")


def topical_pair(n: int, *, noise: float = 0.0) -> Pair:
    """Return prompts of two topics; the strong model is better on the first alone, but for noise."""
    rng = np.random.default_rng(0)
    prompts = [f"{TOPICS[i % 2]} {rng.integers(1 << 40)} {rng.integers(1 << 40)}" for i in range(n)]
    hard = np.arange(n) % 2 == 0
    flipped = rng.random(n) < noise
    return pair_from_scores(
        prompts, np.ones(n), 1.0 - (hard ^ flipped), domains=["maths" if h else "facts" for h in hard]
    )


def by_name(pair: Pair) -> dict[str, Candidate]:
    return {found.name: found for found in baselines(pair, duplicate_groups(pair.prompts))}


def test_all_baselines_stand_in_the_reports_order() -> None:
    assert list(by_name(topical_pair(40))) == [
        "random",
        "length",
        "always_strong",
        "always_weak",
        "domain_mean",
        "tfidf_logistic",
        "knn",
        "kmeans",
        "oracle",
    ]


@pytest.mark.parametrize("name", ["domain_mean", "tfidf_logistic", "knn", "kmeans"])
def test_a_learned_baseline_finds_a_topic_that_needs_the_strong_model(name: str) -> None:
    pair = topical_pair(120)
    scores = by_name(pair)[name].scores
    hard = pair.gain == 1
    assert scores[hard].min() > scores[~hard].max()


def test_domain_mean_is_shrunk_and_cross_fitted() -> None:
    """40 prompts, 20 a domain, in five folds of 8: with a maths prompts among the 32 to learn from, the mean
    of all is a / 32 and that of maths (a + 5 a / 32) / (a + 5), whatever the prompt's own grade. The
    score is the latter less the former."""
    pair = topical_pair(40)
    scores = by_name(pair)["domain_mean"].scores
    possible = [(a + 5 * a / 32) / (a + 5) - a / 32 for a in range(12, 21)]
    for score in scores[pair.gain == 1]:
        assert any(score == pytest.approx(value) for value in possible)


def test_a_grade_does_not_move_its_own_prompts_score() -> None:
    """Equal prompts count as one group, so their grades do not move each other's either."""
    pair = topical_pair(60, noise=0.2)
    prompts = [*pair.prompts[:58], "the very same prompt", "The very  same prompt"]
    found = []
    for grade in (0.0, 1.0):
        weak = np.append(pair.weak[:58], [grade, grade])
        columns = pair_from_scores(prompts, pair.strong, weak, domains=pair.domains)
        found.append(by_name(columns))
    for name in ("domain_mean", "tfidf_logistic", "knn", "kmeans"):
        assert found[0][name].scores[58:] == pytest.approx(found[1][name].scores[58:]), name


def test_a_grade_moves_no_score_in_its_own_conversation() -> None:
    """Twelve conversations of five prompts each: the first's grades move scores of others alone."""
    n = 60
    prompts = [f"prompt number {i} about {i * 7919}" for i in range(n)]
    found = []
    for grade in (0.0, 1.0):
        weak = [grade, *(float(i % 3 == 0) for i in range(1, n))]
        pair = pair_from_scores(
            prompts,
            np.ones(n),
            weak,
            domains=[f"{i % 2}" for i in range(n)],
            conversations=[f"conversation {i // 5}" for i in range(n)],
        )
        found.append(by_name(pair)["domain_mean"].scores)
    assert found[0][:5] == pytest.approx(found[1][:5])
    assert (found[0][5:] != found[1][5:]).any()


def test_one_conversation_alone_teaches_nothing() -> None:
    pair = topical_pair(40)
    alone = pair_from_scores(pair.prompts, pair.strong, pair.weak, conversations=["one"] * 40)
    assert "tfidf_logistic" not in by_name(alone)


def test_a_single_domain_has_no_mean_to_order_by() -> None:
    pair = topical_pair(40)
    alone = pair_from_scores(pair.prompts, pair.strong, pair.weak, domains=["one"] * 40)
    assert "domain_mean" not in by_name(alone)


def test_too_few_prompts_teach_nothing() -> None:
    names = by_name(topical_pair(9))
    assert set(names) == {"random", "length", "always_strong", "always_weak", "oracle"}


def test_one_kind_of_outcome_alone_is_no_error() -> None:
    pair = pair_from_scores([f"prompt {i}" for i in range(20)], np.ones(20), np.zeros(20))
    assert by_name(pair)["tfidf_logistic"].scores.tolist() == [0.0] * 20


def test_prompts_without_a_single_word_are_no_error() -> None:
    pair = pair_from_scores(["?" * (i + 1) for i in range(20)], np.ones(20), [i % 2 for i in range(20)])
    assert np.isfinite(by_name(pair)["knn"].scores).all()


def test_the_oracle_pays_only_where_the_strong_answer_is_better() -> None:
    pair = topical_pair(20)
    oracle = by_name(pair)["oracle"]
    assert oracle.threshold is not None
    assert ((oracle.scores >= oracle.threshold) == (pair.gain > 0)).all()
