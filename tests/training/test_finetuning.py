from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from shared_router import PreferenceData
from shared_router.errors import InvalidInputError
from shared_router.preferences.splits import split_preferences
from shared_router.training.finetuning import fine_tune
from shared_router.training.recipe import FineTuning
from shared_router.training.rows import Rows
from shared_router.training.seeding import seeded

RECIPE = FineTuning(
    learning_rate=0.05, batch_size=4, max_steps=12, validation_fraction=0.3, evaluate_every=3, patience=100
)


def rows(n: int = 40) -> Rows:
    """Rows of one or two tokens 0..3 whose target is whether the first is even."""
    ids = [[i % 4] * (1 + i // 4 % 2) for i in range(n)]
    targets = np.array([[float(row[0] % 2 == 0)] for row in ids], dtype=np.float32)
    return Rows([f"query {i}" for i in range(n)], ids, targets, np.ones(n, dtype=np.float32))


def model_and_losses(
    stop_at: int | None = None,
) -> tuple[torch.nn.Module, Callable[[list[list[int]], torch.Tensor], torch.Tensor]]:
    """An embedding with dropout and one output; its losses raise at training batch `stop_at`."""
    with seeded(None, 0):
        model = torch.nn.Sequential(torch.nn.EmbeddingBag(8, 4), torch.nn.Dropout(0.5), torch.nn.Linear(4, 1))
    trained = 0

    def losses(ids: list[list[int]], targets: torch.Tensor) -> torch.Tensor:
        nonlocal trained
        trained += model.training
        if trained == stop_at:
            raise KeyboardInterrupt
        first = torch.tensor([row[:1] for row in ids])
        return torch.nn.functional.binary_cross_entropy_with_logits(
            model(first), targets, reduction="none"
        ).mean(dim=1)

    return model, losses


def weights(model: torch.nn.Module) -> list[float]:
    return torch.cat([parameter.detach().reshape(-1) for parameter in model.parameters()]).tolist()


def test_the_rate_rises_in_the_warm_up_and_falls_to_nothing() -> None:
    """10 steps, 2 of warm-up: 1/2, 2/2, then (10 - step) / 8 of the highest rate."""
    recipe = FineTuning(learning_rate=8.0, max_steps=10, warmup_fraction=0.2)
    assert [recipe.rate(step) for step in range(10)] == [4, 8, 8, 7, 6, 5, 4, 3, 2, 1]


def test_without_warm_up_the_first_rate_is_the_highest() -> None:
    assert FineTuning(learning_rate=3.0, max_steps=3, warmup_fraction=0.0).rate(0) == 3.0


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("learning_rate", 0.0, "> 0 and finite"),
        ("learning_rate", float("nan"), "> 0 and finite"),
        ("head_rate", 0.0, "> 0 and finite"),
        ("weight_decay", -1.0, ">= 0 and finite"),
        ("batch_size", 0, ">= 1"),
        ("max_steps", 0, ">= 1"),
        ("warmup_fraction", 1.5, r"in \[0, 1\]"),
        ("validation_fraction", 1.0, r"in \[0, 1\)"),
        ("evaluate_every", 0, ">= 1"),
        ("patience", 0, ">= 1"),
        ("seed", -1, r"in \[0, 2\^63\)"),
        ("seed", 1 << 63, r"in \[0, 2\^63\)"),
    ],
)
def test_a_setting_out_of_its_range_is_refused(name: str, value: float, rule: str) -> None:
    with pytest.raises(InvalidInputError, match=f"{name} must be {rule}, got {value}"):
        replace(RECIPE, **{name: value})  # type: ignore[arg-type]


def test_about_the_share_that_is_asked_is_held_out_and_by_the_query_alone() -> None:
    held = [RECIPE.holds_out(f"query {i}") for i in range(2000)]
    assert 0.27 < np.mean(held) < 0.33
    assert held == [RECIPE.holds_out(f"query {i}") for i in range(2000)]
    assert held != [replace(RECIPE, seed=1).holds_out(f"query {i}") for i in range(2000)]


def test_the_held_out_rows_are_those_that_a_split_of_the_battles_sets_apart() -> None:
    queries = [f"Query {i}" for i in range(200)]
    battles = PreferenceData.from_correctness(queries, [1, 0] * 100, [0, 1] * 100)
    _, validation = split_preferences(battles, validation_fraction=0.3)
    assert validation.queries == [query for query in queries if RECIPE.holds_out(query)]
    assert RECIPE.holds_out("Query  7 ") == RECIPE.holds_out("query 7")


def test_a_training_that_was_stopped_goes_on_to_the_numbers_of_an_unbroken_one(tmp_path: Path) -> None:
    unbroken, losses = model_and_losses()
    expected = fine_tune(unbroken, losses, rows(), RECIPE)
    stopped, stopping_losses = model_and_losses(stop_at=8)
    with pytest.raises(KeyboardInterrupt):
        fine_tune(stopped, stopping_losses, rows(), RECIPE, folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000006"]
    resumed, losses = model_and_losses()
    assert fine_tune(resumed, losses, rows(), RECIPE, folder=tmp_path) == expected
    assert weights(resumed) == weights(unbroken)


def test_a_state_that_was_cut_short_is_passed_over(tmp_path: Path) -> None:
    stopped, stopping_losses = model_and_losses(stop_at=8)
    with pytest.raises(KeyboardInterrupt):
        fine_tune(stopped, stopping_losses, rows(), RECIPE, folder=tmp_path)
    (tmp_path / "step-000000009").mkdir()
    (tmp_path / "step-000000009" / "weights.safetensors").write_bytes(b"half")
    resumed, losses = model_and_losses()
    assert fine_tune(resumed, losses, rows(), RECIPE, folder=tmp_path).steps == 12


def test_a_finished_training_is_not_run_again(tmp_path: Path) -> None:
    model, losses = model_and_losses()
    history = fine_tune(model, losses, rows(), RECIPE, folder=tmp_path)
    again, never = model_and_losses(stop_at=1)
    assert fine_tune(again, never, rows(), RECIPE, folder=tmp_path) == history
    assert weights(again) == weights(model)


@pytest.mark.parametrize("change", ["rows", "recipe"])
def test_a_state_of_other_data_or_settings_is_refused(tmp_path: Path, change: str) -> None:
    model, losses = model_and_losses()
    fine_tune(model, losses, rows(), RECIPE, folder=tmp_path)
    other = rows(41) if change == "rows" else rows()
    recipe = replace(RECIPE, seed=1) if change == "recipe" else RECIPE
    with pytest.raises(InvalidInputError, match="resumes only with the data and settings it began with"):
        fine_tune(model_and_losses()[0], losses, other, recipe, folder=tmp_path)


def test_training_stops_early_and_the_best_weights_are_kept() -> None:
    """Held-out rows teach the opposite, so each validation is worse than the first, at step 3; with a
    patience of 2 it stops at step 9, and what is left is what 3 steps alone give."""
    data = rows()
    held = np.array([RECIPE.holds_out(query) for query in data.queries])
    opposite = replace(data, targets=np.where(held[:, None], 1 - data.targets, data.targets))
    recipe = replace(RECIPE, patience=2)
    model, losses = model_and_losses()
    history = fine_tune(model, losses, opposite, recipe)
    assert (history.best_step, history.steps) == (3, 9)
    assert [step for step, _ in history.validation_losses] == [3, 6, 9]
    model.eval()
    with torch.no_grad():
        kept = sum(
            float(losses([opposite.ids[i]], torch.from_numpy(opposite.targets[[i]])).sum())
            for i in np.flatnonzero(held)
        )
    assert kept / held.sum() == pytest.approx(history.validation_losses[0][1], abs=1e-6)


def test_without_validation_the_last_weights_are_kept() -> None:
    model, losses = model_and_losses()
    history = fine_tune(model, losses, rows(), replace(RECIPE, validation_fraction=0.0))
    assert (history.best_step, history.steps, history.validation_losses) == (12, 12, ())


def test_a_row_of_weight_two_counts_as_two_rows() -> None:
    """One step over all rows, without dropout: the mean loss of a, b, b is that of a, b weighted 1, 2."""
    ones = np.ones(3, dtype=np.float32)
    targets = np.array([[1.0], [0.0], [0.0]], dtype=np.float32)
    thrice = Rows(["a", "b", "b"], [[0], [1], [1]], targets, ones)
    twice = Rows(["a", "b"], [[0], [1]], targets[:2], np.array([1.0, 2.0], dtype=np.float32))
    recipe = replace(RECIPE, max_steps=1, validation_fraction=0.0)
    trained = []
    for data in (thrice, twice):
        model, losses = model_and_losses()
        model[1].p = 0.0  # type: ignore[index]
        fine_tune(model, losses, data, recipe)
        trained.append(weights(model))
    assert trained[0] == pytest.approx(trained[1], abs=1e-6)


def test_a_head_learns_at_its_own_rate() -> None:
    """AdamW's first step moves a weight by its rate, whatever the gradient: 0.05 here, 0.5 in the head."""
    model, losses = model_and_losses()
    model[1].p = 0.0  # type: ignore[index]
    before = [parameter.detach().clone() for parameter in model.parameters()]
    recipe = replace(RECIPE, max_steps=1, head_rate=10.0, weight_decay=0.0, warmup_fraction=0.0)
    data = rows(4)
    fine_tune(model, losses, data, replace(recipe, validation_fraction=0.0), head=model[2].parameters())  # type: ignore[index]
    moved = [
        float((now.detach() - then).abs().max()) for now, then in zip(model.parameters(), before, strict=True)
    ]
    assert moved == pytest.approx([0.05, 0.5, 0.5], rel=1e-3)


def test_training_leaves_the_global_generators_alone() -> None:
    before = torch.get_rng_state()
    fine_tune(*model_and_losses(), rows(), RECIPE)
    assert torch.equal(before, torch.get_rng_state())


def test_the_loss_falls_in_bfloat16_too() -> None:
    history = fine_tune(*model_and_losses(), rows(), replace(RECIPE, bfloat16=True, max_steps=60))
    assert history.validation_losses[-1][1] < history.validation_losses[0][1]


def test_a_loss_that_is_not_finite_is_refused() -> None:
    model, _ = model_and_losses()

    def broken(ids: list[list[int]], targets: torch.Tensor) -> torch.Tensor:
        return model(torch.tensor([[0]] * len(ids))).sum(dim=1) * float("nan")  # type: ignore[no-any-return]

    with pytest.raises(InvalidInputError, match="the loss must stay finite, got nan at step 0"):
        fine_tune(model, broken, rows(), RECIPE)


def test_data_that_leave_nothing_to_validate_with_are_refused() -> None:
    query = next(f"query {i}" for i in range(100) if not RECIPE.holds_out(f"query {i}"))
    data = replace(rows(2), queries=[query, query])
    with pytest.raises(InvalidInputError, match="must leave queries on both sides, got 0.3 of 2 rows"):
        fine_tune(*model_and_losses(), data, RECIPE)
