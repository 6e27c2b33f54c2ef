"""Write down what RouteLLM's own code answers on small fixed inputs.

    python -m tests.routers.parity.freeze PATH_TO_CHECKOUT COMMIT

Its `SWRankingRouter` and `MFModel` run as they are, with the OpenAI call replaced by a table of embeddings.
The inputs are drawn here, rounded and written beside the answers, so that the tests draw nothing. RouteLLM
stops its regression at a gradient of 1e-4; its answers with the same code and a tolerance of 1e-12 are
frozen too (`converged`), because those are what its objective says.
"""

import json
import sys
import types
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

HERE = Path(__file__).parent
SOURCE = "lm-sys/RouteLLM 0.2.0, commit {commit}, scikit-learn {sklearn}"


def main() -> None:
    """Freeze both routers' answers."""
    checkout = Path(sys.argv[1])
    sys.path.insert(0, str(checkout))
    for name in ("openai", "datasets"):
        sys.modules[name] = mock.MagicMock()
    warnings.simplefilter("ignore")
    _write("similarity_weighted", _similarity_weighted())
    _write("matrix_factorization", _matrix_factorization())


def _similarity_weighted() -> dict[str, Any]:
    cases = {
        # as many models as tiers: every battle is between two tiers
        "five_models": _sw_case(seed=1, n_models=5, n_tiers=5, n=240),
        # more models than tiers: some battles fall within one tier
        "twelve_models": _sw_case(seed=2, n_models=12, n_tiers=4, n=400),
    }
    return {
        "made_by": "SWRankingRouter.calculate_strong_win_rate, tiers by its compute_tiers",
        "cases": cases,
    }


def _sw_case(*, seed: int, n_models: int, n_tiers: int, n: int) -> dict[str, Any]:
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    routers = import_module("routellm.routers.routers")
    utils = import_module("routellm.routers.similarity_weighted.utils")

    rng = np.random.default_rng(seed)
    names = [f"model-{k:02d}" for k in range(n_models)]
    strength = np.sort(rng.normal(size=n_models))[::-1]
    a = rng.integers(0, n_models, n)
    b = (a + rng.integers(1, n_models, n)) % n_models
    lead = rng.random(n) - 1 / (1 + np.exp(strength[b] - strength[a]))
    winners = np.where(np.abs(lead) < 0.1, "tie", np.where(lead < 0, "model_a", "model_b"))
    embeddings = np.round(rng.normal(size=(n, 6)) + 0.5, 2)
    queries = np.round(rng.normal(size=(8, 6)) + 0.5, 2)
    battles = pd.DataFrame(
        {"model_a": [names[i] for i in a], "model_b": [names[i] for i in b], "winner": winners}
    )
    tiers = utils.compute_tiers(utils.compute_elo_mle_with_tie(battles), num_tiers=n_tiers)
    router = routers.SWRankingRouter.__new__(routers.SWRankingRouter)
    router.strong_model, router.weak_model, router.model2tier = names[0], names[-1], tiers
    router.embedding_model, router.arena_conv_embedding = "", embeddings
    router.arena_df = battles.assign(model_a=battles.model_a.map(tiers), model_b=battles.model_b.map(tiers))
    published = _answers(routers, router, queries)

    def to_the_end(**arguments: Any) -> LogisticRegression:
        return LogisticRegression(**arguments, tol=1e-12, max_iter=10_000)

    with mock.patch.object(utils, "LogisticRegression", to_the_end):
        converged = _answers(routers, router, queries)
        across = (router.arena_df.model_a != router.arena_df.model_b).to_numpy()
        router.arena_df = router.arena_df[across].reset_index(drop=True)
        router.arena_conv_embedding = embeddings[across]
        across_tiers = _answers(routers, router, queries)
    return {
        "strong": names[0],
        "weak": names[-1],
        "n_tiers": n_tiers,
        "model_a": a.tolist(),
        "model_b": b.tolist(),
        "winner": winners.tolist(),
        "names": names,
        "embeddings": embeddings.tolist(),
        "queries": queries.tolist(),
        "tiers": {name: int(tiers[name]) for name in names},
        "published": published,
        "converged": converged,
        "converged_across_tiers": across_tiers,
    }


def _answers(routers: types.ModuleType, router: Any, queries: np.ndarray[Any, Any]) -> list[float]:
    answers = []
    for query in queries:
        with mock.patch.object(routers, "OPENAI_CLIENT") as client:
            client.embeddings.create.return_value.data[0].embedding = query
            answers.append(float(router.calculate_strong_win_rate("")))
    return answers


def _matrix_factorization() -> dict[str, Any]:
    import torch

    published = import_module("routellm.routers.matrix_factorization.model")

    rng = np.random.default_rng(3)
    n_models, dim, text_dim = 5, 4, 7
    weights = {
        "P.weight": np.round(rng.normal(size=(n_models, dim)), 3),
        "text_proj.0.weight": np.round(rng.normal(size=(dim, text_dim)), 3),
        "classifier.0.weight": np.round(rng.normal(size=(1, dim)), 3),
    }
    network = published.MFModel(dim=dim, num_models=n_models, text_dim=text_dim, num_classes=1, use_proj=True)
    network.load_state_dict({key: torch.tensor(value, dtype=torch.float32) for key, value in weights.items()})
    network.eval()
    queries = np.round(rng.normal(size=(6, text_dim)), 3)
    pairs = [(0, 1), (1, 0), (4, 2), (3, 4)]
    answers = []
    for strong, weak in pairs:
        with mock.patch.object(published, "OPENAI_CLIENT") as client:
            row = []
            for query in queries:
                client.embeddings.create.return_value.data[0].embedding = query.astype(np.float32)
                row.append(network.pred_win_rate(strong, weak, ""))
            answers.append(row)
    return {
        "made_by": "MFModel.pred_win_rate, for each pair and query",
        "weights": {key: value.tolist() for key, value in weights.items()},
        "queries": queries.tolist(),
        "pairs": pairs,
        "published": answers,
    }


def _write(name: str, content: dict[str, Any]) -> None:
    import sklearn

    content["source"] = SOURCE.format(commit=sys.argv[2], sklearn=sklearn.__version__)
    content["command"] = "python -m tests.routers.parity.freeze PATH_TO_CHECKOUT COMMIT"
    (HERE / f"{name}.json").write_text(json.dumps(content) + "\n", "utf-8")


if __name__ == "__main__":
    main()
