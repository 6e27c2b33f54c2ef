"""What an online router costs: a score, a decision that is drawn, a grade of a question that was just asked.

`learn` is of a question that was just decided, as most grades are, and `learn, of an old question` of one
that must be read again. Every 64th grade forgets and makes an inverse anew, about a millisecond more.

Run: python -m tests.benchmarks.online_speed [--write]
"""

from collections.abc import Callable, Iterator
from itertools import cycle

from shared_router import OnlineRouter, PosteriorSampling, RoutingPolicy, load_router
from tests.benchmarks.measure import report, take_turns
from tests.benchmarks.routing_overhead import question

ROUNDS = 3000


def main() -> None:
    """Measure by turns and print microseconds."""
    router = OnlineRouter()
    fixed = RoutingPolicy(load_router())
    online = RoutingPolicy(router, explore=PosteriorSampling(seed=0))
    asked = iter([question() for _ in range(4 * (ROUNDS + 100))])
    grades = cycle([("strong", 1.0), ("weak", 0.0), ("strong", 0.0), ("weak", 1.0)])
    latest: list[str] = [""]

    def decide() -> object:
        latest[0] = next(asked)
        return online.decide(latest[0])

    calls: dict[str, Callable[[], object]] = {
        "decide, shipped router": lambda: fixed.decide(next(asked)),
        "decide, online": decide,
        "learn": lambda: router.learn(latest[0], *next(grades), source="account 17"),
        "learn, of an old question": _learns(router, asked, grades),
    }
    spent = take_turns(calls, rounds=ROUNDS)
    shipped = spent["decide, shipped router"].p50
    figures = {f"{name}_us": timing.p50 for name, timing in spent.items()}
    figures |= {f"{name}_ratio": timing.p50 / shipped for name, timing in spent.items()}
    report("online_speed", figures)


def _learns(
    router: OnlineRouter, asked: Iterator[str], grades: Iterator[tuple[str, float]]
) -> Callable[[], object]:
    return lambda: router.learn(next(asked), *next(grades))


if __name__ == "__main__":
    main()
