"""Bradley-Terry ratings from weighted battles (paper, section 4.2).

`P(i beats j) = 1 / (1 + exp(r_j - r_i))`; the ratings r maximise the likelihood of the battles, without a
penalty. RouteLLM fits the same model as a logistic regression with a row for each battle, twice; only the
sums of weights over each pair of models matter, so here K x K of them are fitted, many queries at once.
Left out: the Elo scale (400 points a factor of ten) and the model anchored at 1082, for they cancel in a
win probability.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import DisconnectedModelsError, InvalidInputError

MAX_STEPS = 200
STEP_TOLERANCE = 1e-6
"""The last step's length, in nats: the error falls with the square of the step, so it ends near 1e-12."""


def battle_cells(
    first: NDArray[np.integer], second: NDArray[np.integer], share: NDArray[np.float64], n_models: int
) -> NDArray[np.int32]:
    """Return where `win_matrix` counts each battle, which only the query's weights change.

    Args:
        first: The first model of each battle, shape (n,), in [0, n_models).
        second: The second model of each battle, shape (n,), in [0, n_models).
        share: The share of the win the first model took: 1, 0.5 (a tie) or 0, shape (n,).
        n_models: K, >= 1.

    Returns:
        Shape (n,), in [0, 2 K²): winner * K + loser, and for a tie K² + first * K + second.
    """
    first_won = share == 1.0
    winner, loser = np.where(first_won, first, second), np.where(first_won, second, first)
    tied = n_models**2 + first * n_models + second
    cells: NDArray[np.int32] = np.where(share == 0.5, tied, winner * n_models + loser).astype(np.int32)
    return cells


def win_matrix(
    cells: NDArray[np.int32], n_models: int, weights: NDArray[np.floating] | None = None
) -> NDArray[np.float64]:
    """Sum the weights of the battles that each model won against each other, a tie half each way.

    Args:
        cells: What `battle_cells` returned, shape (n,).
        n_models: K, >= 1.
        weights: The battles' weights, shape (n,), or (q, n) for q queries; None counts each battle once.

    Returns:
        Shape (K, K), or (q, K, K): at [i, j] what i won against j.
    """
    if weights is not None and weights.ndim == 2:
        return np.stack([win_matrix(cells, n_models, row) for row in weights])
    sums = np.bincount(cells, weights, 2 * n_models**2).reshape(2, n_models, n_models)
    wins: NDArray[np.float64] = sums[0] + (sums[1] + sums[1].T) / 2
    return wins


def win_chance(lead: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return `1 / (1 + exp(-lead))`: the chance of the side whose rating leads by so many nats."""
    chance: NDArray[np.float64] = 1 / (1 + np.exp(np.minimum(-lead, 700.0), dtype=np.float64))
    return chance


def fit_ratings(wins: NDArray[np.float64], *, names: Sequence[str] | None = None) -> NDArray[np.float64]:
    """Return the ratings under which the wins are likeliest.

    Two models where the first won 3 of 4: `P = 3 / 4`, so the ratings lie `log 3` apart.

    Args:
        wins: What each model won against each other, >= 0, shape (K, K).
        names: The models' names, for the error; K of them.

    Returns:
        Ratings in nats, shape (K,), their mean 0.

    Raises:
        DisconnectedModelsError: If no finite ratings are the likeliest; it names models.
        InvalidInputError: If the wins are so uneven that the search does not end.
    """
    check_connected(wins, [str(k) for k in range(len(wins))] if names is None else names)
    ratings: NDArray[np.float64] = solve_ratings(wins[None])[0]
    return ratings


def solve_ratings(
    wins: NDArray[np.float64], *, start: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Fit many win matrices at once, all of models that `check_connected` found connected.

    Newton's method on the log-likelihood, which is concave. Each step s is cut to `log(1 + m) / m` of
    itself, m its largest difference between two models: a step that never overshoots a logistic
    likelihood (Sun and Tran-Dinh 2019), and next to the optimum is the whole step.

    Args:
        wins: Shape (q, K, K), >= 0.
        start: Ratings to begin at, shape (K,); None begins at 0.

    Returns:
        Ratings in nats, shape (q, K), the mean of each row 0.

    Raises:
        InvalidInputError: If a search does not end in 200 steps: wins e^100 times as large as others.
    """
    q, k, _ = wins.shape
    battles = wins + wins.transpose(0, 2, 1)
    ratings = np.zeros((q, k)) if start is None else np.tile(start, (q, 1))
    step = np.zeros((q, k))  # the first model stays where it is: only differences matter
    diagonal = np.arange(k)
    for _ in range(MAX_STEPS):
        # P(i beats j); both tails are exact, so that the rarest wins keep their say
        chance = win_chance(ratings[:, :, None] - ratings[:, None, :])
        upset = chance.transpose(0, 2, 1)
        pull = wins * upset
        gradient = pull.sum(axis=2) - pull.sum(axis=1)
        hessian = -battles * chance * upset
        hessian[:, diagonal, diagonal] -= hessian.sum(axis=2)
        try:
            step[:, 1:] = np.linalg.solve(hessian[:, 1:, 1:], gradient[:, 1:, None])[:, :, 0]
        except np.linalg.LinAlgError as error:
            raise InvalidInputError(_UNEVEN) from error
        reach = step.max(axis=1) - step.min(axis=1)
        ratings += step * (np.log1p(reach) / np.maximum(reach, np.finfo(float).tiny))[:, None]
        if reach.max(initial=0.0) <= STEP_TOLERANCE:
            centred: NDArray[np.float64] = ratings - ratings.mean(axis=1, keepdims=True)
            return centred
    raise InvalidInputError(_UNEVEN)


_UNEVEN = "wins must be less than e^100 times as large as others for ratings to be found; even the weights"


def check_connected(wins: NDArray[np.float64], names: Sequence[str]) -> None:
    """Check that every model can be reached from every other along wins.

    Otherwise some group never lost to the rest, and the likelihood grows without end as its ratings do
    (Ford 1957).

    Args:
        wins: Shape (K, K), >= 0.
        names: The models' names, K of them.

    Raises:
        DisconnectedModelsError: If not; it names the smallest group that is cut off.
    """
    beats = (wins > 0) | np.eye(len(wins), dtype=bool)
    for _ in range(len(wins).bit_length()):
        beats = beats @ beats  # of bools: is there a path of at most twice the length
    if beats.all():
        return
    alike = beats & beats.T  # row i: the models in one group with i
    never_lost = (alike == beats.T).all(axis=1)
    never_won = (beats == alike).all(axis=1)
    cut_off = np.flatnonzero(never_lost | never_won)
    chosen = min(cut_off.tolist(), key=lambda i: int(alike[i].sum()))
    group = [names[i] for i in np.flatnonzero(alike[chosen]).tolist()]
    how = {(True, True): "met", (True, False): "lost to", (False, True): "beat"}[
        bool(never_lost[chosen]), bool(never_won[chosen])
    ]
    raise DisconnectedModelsError(
        f"every model must win and lose, also through others, and {group} never {how} the rest; "
        "leave these models out or add battles"
    )
