"""The general router: its formula by hand, everyday talk and exams in one score, coverage."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_router import ArtifactSchemaError, InvalidInputError, NotFittedError, PreferenceData
from shared_router.preferences.grades import Winner
from shared_router.routers.general import GeneralRouter
from shared_router.routers.general_head import GeneralHead
from shared_router.testing import HashEmbedder, check_router
from shared_router.training.general_head import telling_rows
from shared_router.training.general_training import GeneralTraining

EASY = [f"hello my friend number {i}" for i in range(30)]
HARD = [f"design a system for payment {i}" for i in range(30)]


class KnownWords(HashEmbedder):
    """Embed words as a hash does, and a text in capitals alone as nothing."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = super().embed(texts)
        rows[[text.isupper() for text in texts]] = 0
        return rows


EMBEDDER = KnownWords(32)


def battles(n: int = 120) -> tuple[PreferenceData, list[str]]:
    """Exam questions on algebra, which the strong model wins three times in four, and on verbs, never."""
    queries = [
        f"Which ring {i} is a field? A. Z B. Q" if i % 2 else f"Which verb {i} fits? A. go B. be"
        for i in range(n)
    ]
    winners: list[Winner] = ["a" if i % 2 and i % 8 != 1 else "tie" for i in range(n)]
    subjects = ["algebra" if i % 2 else "verbs" for i in range(n)]
    return PreferenceData(queries, ["big"] * n, ["small"] * n, winners), subjects


@pytest.fixture(scope="module")
def router() -> GeneralRouter:
    data, subjects = battles()
    return GeneralRouter(EMBEDDER).fit(
        data, subjects=subjects, prompts=[*EASY, *HARD], difficulties=[0.0] * 30 + [1.0] * 30
    )


def head(**changes: float) -> GeneralHead:
    """One number of an embedding and one of a form; one subject, one anchor of either kernel at (1, 0)."""
    names = (
        *("prior", "constant", "by_subject", "by_likeness", "amplitude", "mean_difficulty", "middle"),
        *("softness", "everyday_constant", "near", "far"),
    )
    given = {
        **dict.fromkeys(names, 0.0),
        "softness": 1.0,
        "everyday_constant": -50.0,
        "near": 1.0,
        "far": 2.0,
    }
    anchor = np.array([[1.0, 0.0]], dtype=np.float16)
    return GeneralHead(
        form_means=np.zeros(1, np.float32),
        form_scales=np.ones(1, np.float32),
        subject_weights=np.zeros((2, 1), np.float16),
        subject_bias=np.zeros(1, np.float32),
        subject_rates=np.array([0.5], np.float32),
        everyday_weights=np.zeros(2, np.float32),
        likeness_anchors=anchor,
        likeness_weights=np.array([2.0], np.float32),
        difficulty_anchors=anchor,
        difficulty_weights=np.array([3.0], np.float32),
        blend=np.array([{**given, **changes}[name] for name in names]),
        form_limit=1.0,
        likeness_gamma=1.0,
        difficulty_gamma=1.0,
    )


def score(of: GeneralHead, embedding: float, form: float) -> tuple[float, float]:
    p, coverage = of.scores(of.rows(np.array([[embedding]], np.float32), np.array([[form]])))
    return float(p[0]), float(coverage[0])


def test_the_gap_is_the_calibrated_sum_of_subject_and_likeness() -> None:
    """At (1, 1), one from the anchor: likeness 2 exp(-1), subject 0.5, so z = 0.1 + 0.5 * 2 + 2 / e * 0.3."""
    p, coverage = score(head(constant=0.1, by_subject=2, by_likeness=0.3), 1, 1)
    assert coverage == 1
    assert p == pytest.approx(1 / (1 + np.exp(-(0.1 + 1 + 0.6 / np.e))), abs=1e-6)


def test_difficulty_adds_as_far_as_a_query_is_everyday() -> None:
    """At the anchor difficulty is 0.2 + 3; half everyday (log odds 0) and a = 2 give z = tanh(3.2 - 1)."""
    p, _ = score(head(amplitude=2, mean_difficulty=0.2, middle=1, everyday_constant=0), 1, 0)
    assert p == pytest.approx(1 / (1 + np.exp(-np.tanh(2.2))), abs=1e-6)


def test_half_covered_a_score_is_half_way_to_the_prior_in_log_odds() -> None:
    """At (-0.5, 0) the anchor is 1.5 away, half way from near to far: z = -1 + (3 + 1) / 2 = 1."""
    p, coverage = score(head(prior=-1, constant=3), -0.5, 0)
    assert coverage == pytest.approx(0.5)
    assert p == pytest.approx(1 / (1 + np.exp(-1)))


def test_a_text_without_a_known_word_gets_the_prior_and_no_coverage() -> None:
    p, coverage = score(head(prior=-1, constant=3), 0, 0)
    assert coverage == 0
    assert p == pytest.approx(1 / (1 + np.e))


def test_one_and_many_are_scored_alike() -> None:
    of = head(constant=0.1, by_subject=2, by_likeness=0.3, amplitude=2, everyday_constant=0.4)
    rows = of.rows(np.array([[1.0], [0.2], [0.0]], np.float32), np.array([[0.3], [-4.0], [0.0]]))
    for row, p, coverage in zip(rows, *of.scores(rows), strict=True):
        alone = of.scores(row[None])
        assert (alone[0][0], alone[1][0]) == pytest.approx((p, coverage), abs=1e-14)


def test_a_single_text_is_scored_as_its_row_is() -> None:
    """A form of -4 is cut to the limit of 1 on either path."""
    of = head(constant=0.1, by_subject=2, by_likeness=0.3, amplitude=2, everyday_constant=0.4)
    for embedding, form in ((1.0, 0.3), (0.2, -4.0), (0.0, 4.0)):
        alone = of.score(np.array([embedding], np.float32), [form])
        assert alone == pytest.approx(score(of, embedding, form), abs=1e-14)


def test_one_query_and_many_get_the_same_score(router: GeneralRouter) -> None:
    queries = [*EASY[:3], *HARD[:3], "", "Wie heißt das? 中文", "\ud800"]
    together, covered = router.win_probability(queries), router.coverage(queries)
    alone = [(router.win_probability([query])[0], router.coverage([query])[0]) for query in queries]
    np.testing.assert_allclose(alone, np.column_stack([together, covered]), rtol=0, atol=1e-9)


def test_weights_whose_scores_overflow_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="weights must be small enough"):
        head(everyday_constant=1e4)


def test_the_general_router_keeps_the_contract(router: GeneralRouter) -> None:
    check_router(router, queries=[*EASY[:3], *HARD[:3]])


def test_hard_prompts_score_above_easy_ones_and_exams_by_subject(router: GeneralRouter) -> None:
    easy, hard = (router.win_probability([t.replace("number", "") for t in texts]) for texts in (EASY, HARD))
    assert easy.max() < hard.min()
    algebra, verbs = router.win_probability(
        ["Which ring 7 is a field? A. Z B. Q", "Which verb 8 fits? A. go B. be"]
    )
    assert algebra > verbs


def test_an_unread_text_has_the_prior_of_all_battles(router: GeneralRouter) -> None:
    """45 of 120 battles are wins of the strong side."""
    unread = router.win_probability(["ZZZ", "QQQ QQQ"])
    assert unread == pytest.approx([45 / 120] * 2)
    assert router.coverage(["ZZZ", "QQQ QQQ"]).tolist() == [0, 0]


def test_coverage_is_known_at_learned_prompts_and_needs_no_score_first(router: GeneralRouter) -> None:
    assert router.coverage([EASY[0]]).tolist() == [1.0]
    router.win_probability([HARD[0], "ZZZ"])
    assert router.coverage([HARD[0], "ZZZ"]).tolist() == [1.0, 0.0]
    assert router.coverage(["ZZZ", HARD[0]]).tolist() == [0.0, 1.0]


def test_what_is_around_a_question_or_between_its_words_does_not_move_it(router: GeneralRouter) -> None:
    bare = "Is one and one two?"
    ways = [
        "Is  one  and  one   two?",
        "<question>Is one and one two?</question>",
        "\n Is one and one two? \n",
    ]
    assert router.win_probability(ways) == pytest.approx(router.win_probability([bare] * 3))


def test_a_question_alone_is_read_as_among_others(router: GeneralRouter) -> None:
    asked = ["Is  one  and  one   two?", " Is one\tand one two?\n", "猫  は  ?", "Hi!  Which ring 7  is it?"]
    alone = [router.win_probability([query])[0] for query in asked]
    np.testing.assert_allclose(router.win_probability(asked), alone, atol=1e-12)


def test_saved_and_loaded_it_covers_the_same(router: GeneralRouter, tmp_path: Path) -> None:
    router.save(tmp_path)
    loaded = GeneralRouter.load(tmp_path, embedder=EMBEDDER)
    asked = ["hello again", HARD[1], "ZZZ"]
    np.testing.assert_array_equal(loaded.win_probability(asked), router.win_probability(asked))
    np.testing.assert_array_equal(loaded.coverage(asked), router.coverage(asked))


def test_before_it_learns_it_cannot_be_asked_nor_saved(tmp_path: Path) -> None:
    with pytest.raises(NotFittedError, match="call fit or load"):
        GeneralRouter().win_probability(["a"])
    with pytest.raises(NotFittedError, match="call fit or load"):
        GeneralRouter().save(tmp_path)


@pytest.mark.parametrize(
    ("prompts", "difficulties"), [([], []), (["a"], [0.5]), (["a", "b"], [0.0, 2.0]), (["a", "b"], [0.0])]
)
def test_prompts_that_teach_no_difficulty_are_refused(prompts: list[str], difficulties: list[float]) -> None:
    data, subjects = battles()
    with pytest.raises(InvalidInputError, match="fit must be given prompts, and how hard each is"):
        GeneralRouter(EMBEDDER).fit(data, subjects=subjects, prompts=prompts, difficulties=difficulties)


@pytest.mark.parametrize("wrong", [{"near": 2.0}, {"softness": 0.0}, {"likeness_anchors": 0}])
def test_training_outside_its_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidInputError, match="must be"):
        GeneralTraining(**wrong)  # type: ignore[arg-type]


def test_the_rows_kept_are_those_that_say_most_and_none_twice() -> None:
    """Rows whose columns are (1, 0, 0), (0, 1, 0) and (0, 2, 0), of which the last two say the same.

    Of (1, 3, 0) they hold 9 of 10 and the first row 1; with one of them and the first nothing is left to say.
    """
    columns = np.array([[1.0, 0, 0], [0, 1, 2], [0, 0, 0]])
    assert telling_rows(columns, np.array([1.0, 3, 0]), 1).tolist() in ([1], [2])
    both = telling_rows(columns, np.array([1.0, 3, 0]), 3)
    assert len(both) == 2
    assert 0 in both


def test_a_checkpoint_whose_arrays_do_not_fit_is_refused(router: GeneralRouter, tmp_path: Path) -> None:
    from shared_router.checkpoints.artifact import load_artifact, save_artifact

    router.save(tmp_path / "good")
    artifact = load_artifact(tmp_path / "good")
    tensors = {**artifact.tensors, "everyday_weights": np.zeros(3, np.float32)}
    save_artifact(tmp_path / "bad", type(artifact)(artifact.kind, artifact.settings, tensors))
    with pytest.raises(ArtifactSchemaError):
        GeneralRouter.load(tmp_path / "bad", embedder=EMBEDDER)


def test_what_reads_its_embeddings_too_gets_them_with_the_scores(router: GeneralRouter) -> None:
    p, vectors = router.scored_with_vectors([*EASY[:2], "ALGEBRA"])
    assert p.tolist() == router.win_probability([*EASY[:2], "ALGEBRA"]).tolist()
    assert vectors.tolist() == router.reader.embed([*EASY[:2], "ALGEBRA"]).tolist()
    assert not vectors[2].any()
