"""`routellm serve`: an OpenAI-compatible server that sends each chat to the strong or the weak upstream."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from shared_router.commands.given_prices import add_prices_argument, given_prices
from shared_router.errors import InvalidInputError, MissingExtraError
from shared_router.policy import RoutingPolicy
from shared_router.resilience.budgets.budget import Budget
from shared_router.resilience.resilience import Resilience

if TYPE_CHECKING:
    import argparse

    from shared_router.serving.served import Served

STRONG_KEY = "ROUTELLM_STRONG_API_KEY"
WEAK_KEY = "ROUTELLM_WEAK_API_KEY"
_LOCAL = ("127.0.0.1", "::1", "localhost")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the policy, the two upstreams, and who may ask for how much."""
    add = parser.add_argument
    add("policy", nargs="?", metavar="POLICY", help="a policy file (default: the shipped router)")
    add("--strong", metavar="URL", help=f"the better model's base URL; its key is {STRONG_KEY}'s")
    add("--weak", metavar="URL", help=f"the cheaper model's base URL; its key is {WEAK_KEY}'s")
    add("--strong-model", metavar="M", help="the better model's name there")
    add("--weak-model", metavar="M", help="the cheaper model's name there")
    add("--router", metavar="NAME", help="where the policy's router is, or a router in place of a policy")
    add("--expected-sha256", metavar="HASH", help="the hash that pins the policy file or the router")
    add("--host", default="127.0.0.1", metavar="HOST", help="where to listen (default: 127.0.0.1)")
    add("--port", type=int, default=6060, metavar="N", help="(default: 6060)")
    add("--keys", metavar="FILE", help="who may ask; without, everybody who reaches the port may")
    add("--new-key", metavar="NAME", help="add a key to --keys, print it, and do nothing else")
    add_prices_argument(parser)
    add("--budget", type=float, metavar="DOLLARS", help="what all calls may cost in a period")
    add("--per", choices=["hour", "day", "month"], default="day", help="the period (default: day)")
    add("--budget-store", metavar="PLACE", help="a SQLite file or a Redis URL that counts budgets")
    add("--max-output-tokens", type=int, metavar="N", help="for budgets: of requests that name no limit")
    add("--fallback", action="store_true", help="ask the other model where one does not answer")
    add("--timeout", type=float, metavar="S", help="with --fallback: how long one model may take")
    add("--deadline", type=float, metavar="S", help="with --fallback: how long a request may take")
    add("--log", metavar="FILE", help="a decision log, prompts as keyed hashes")
    add("--hide-scores", action="store_true", help="leave win probability and threshold out of the headers")
    add("--max-body-mb", type=float, default=32.0, metavar="MB", help="(default: 32)")


def run(arguments: argparse.Namespace) -> None:
    """Serve until interrupted."""
    if arguments.new_key is not None:
        from shared_router.serving.virtual_keys import new_key

        if arguments.keys is None:
            raise InvalidInputError("--new-key needs --keys, the file to add it to")
        print(new_key(arguments.keys, arguments.new_key))
        return
    try:
        import uvicorn

        from shared_router.serving.app import create_app
        from shared_router.serving.bounded_connections import BoundedProtocol
    except ImportError as error:
        raise MissingExtraError.of("the server's library", "server") from error
    served = served_of(arguments)
    if arguments.keys is None:
        where = "this machine" if arguments.host in _LOCAL else "ANY MACHINE that reaches this one"
        print(
            f"routellm: no --keys: whoever asks from {where} spends your money", file=sys.stderr, flush=True
        )
    config = uvicorn.Config(
        create_app(served),
        host=arguments.host,
        port=arguments.port,
        http=BoundedProtocol,
        access_log=False,  # it would hold paths, and clients put keys there
        log_level="warning",
        timeout_keep_alive=30,
    )
    listening = config.bind_socket()  # first, so that what is told is where it listens by then
    listening.listen()
    host, port = listening.getsockname()[:2]
    _tell(f"http://{host}:{port}/v1")
    uvicorn.Server(config).run(sockets=[listening])


def _tell(said: str) -> None:
    print(f"routellm: {said}", file=sys.stderr, flush=True)


def served_of(arguments: argparse.Namespace) -> Served:
    """Return what the arguments describe.

    Raises:
        InvalidInputError: If an upstream is missing, or another argument breaks its rule.
    """
    from shared_router.serving.served import Served
    from shared_router.serving.upstream import Upstream
    from shared_router.serving.virtual_keys import read_keys

    missing = [f"--{name.replace('_', '-')}" for name in _NEEDED if not getattr(arguments, name)]
    if missing:
        raise InvalidInputError(
            f"serve needs both upstreams and their models, got no {' and no '.join(missing)}"
        )
    pinned: dict[str, Any] = {"router": arguments.router, "expected_sha256": arguments.expected_sha256}
    policy = (
        RoutingPolicy(**pinned)
        if arguments.policy is None
        else RoutingPolicy.load(arguments.policy, **pinned)
    )
    models = {"strong": arguments.strong_model, "weak": arguments.weak_model}
    prices = given_prices(arguments.prices, set(models.values()))
    return Served(
        policy,
        strong=Upstream(arguments.strong, models["strong"], os.environ.get(STRONG_KEY) or None),
        weak=Upstream(arguments.weak, models["weak"], os.environ.get(WEAK_KEY) or None),
        keys=None if arguments.keys is None else read_keys(arguments.keys),
        prices={tier: prices[name] for tier, name in models.items() if name in prices},
        resilience=_resilience(arguments),
        budget=_budget(arguments),
        budget_store=arguments.budget_store,
        observers=_observers(arguments, policy),
        shows_scores=not arguments.hide_scores,
        max_body_bytes=int(arguments.max_body_mb * 1024 * 1024),
    )


_NEEDED = ("strong", "weak", "strong_model", "weak_model")


def _resilience(arguments: argparse.Namespace) -> Resilience | None:
    if arguments.fallback:
        return Resilience(timeout=arguments.timeout, deadline=arguments.deadline)
    if arguments.timeout is not None or arguments.deadline is not None:
        raise InvalidInputError("--timeout and --deadline are the rules of --fallback, which was not given")
    return None


def _budget(arguments: argparse.Namespace) -> Budget | None:
    if arguments.budget is None:
        return None
    most, store = arguments.max_output_tokens, arguments.budget_store
    return Budget(arguments.budget, per=arguments.per, store=store, max_output_tokens=most)


def _observers(arguments: argparse.Namespace, policy: Any) -> list[Any]:
    from opentelemetry.exporter.prometheus import PrometheusMetricReader
    from opentelemetry.sdk.metrics import MeterProvider

    from shared_router.telemetry.decision_log import DecisionLog
    from shared_router.telemetry.telemetry import Telemetry

    log = None if arguments.log is None else DecisionLog(arguments.log)
    meters = MeterProvider(metric_readers=[PrometheusMetricReader()])
    return [*([] if log is None else [log]), Telemetry(policy=policy, log=log, meter_provider=meters)]
