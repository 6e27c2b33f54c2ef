"""A policy over three models, for both adapters."""

from typing_extensions import override

from shared_router import RoutingPolicy


class ThreeTiers(RoutingPolicy):
    """Give each of three models a third of the scores."""

    models = ("strong", "medium", "weak")

    @override
    def choose(self, win_probability: float, threshold: float, candidates: tuple[str, ...]) -> str:
        model = self.models[min(int((1 - win_probability) * 3), 2)]
        return model if model in candidates else candidates[0]
