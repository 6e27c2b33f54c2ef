"""`routellm serve`: an OpenAI-compatible server that sends each chat to the strong or the weak upstream."""

from __future__ import annotations

import os
import sys
import warnings
from typing import TYPE_CHECKING, Any, TextIO

from shared_router.commands.given_prices import add_prices_argument, given_prices
from shared_router.errors import InvalidInputError, MissingExtraError
from shared_router.policy import RoutingPolicy
from shared_router.resilience.budgets.budget import Budget
from shared_router.resilience.resilience import Resilience

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from shared_router.costs.prices import TokenPrices
    from shared_router.serving.served import Served
    from shared_router.serving.virtual_keys import VirtualKey

STRONG_KEY = "ROUTELLM_STRONG_API_KEY"
WEAK_KEY = "ROUTELLM_WEAK_API_KEY"


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
    add("--per", choices=["hour", "day", "month"], help="the period (default: day)")
    add("--budget-store", metavar="PLACE", help="a SQLite file or a Redis URL that counts budgets")
    add("--max-output-tokens", type=int, metavar="N", help="for budgets: of requests that name no limit")
    add("--fallback", action="store_true", help="ask the other model where one does not answer")
    add("--timeout", type=float, metavar="S", help="how long a model may take, a stream to its first content")
    add("--deadline", type=float, metavar="S", help="how long a request may take, with all its models")
    add("--log", metavar="FILE", help="a decision log, prompts as keyed hashes")
    add("--hide-scores", action="store_true", help="leave win probability and threshold out of the headers")
    add(
        "--allow-origin",
        action="append",
        metavar="ORIGIN",
        help="a page that may ask from a browser, such as https://chat.example.com, or *; repeat",
    )
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
        from shared_router.serving.run import base_url, is_local, listening_socket, run_server
    except ImportError as error:
        raise MissingExtraError.of("the server's library", "server") from error
    served = served_of(arguments)
    _ = served.policies.own.router  # one that cannot be loaded is told before anything else
    listening = listening_socket(arguments.host, arguments.port)  # so that what is told is where it listens
    if arguments.keys is None:
        where = "this machine" if is_local(listening) else "ANY MACHINE that reaches this one"
        _tell(f"no --keys: whoever asks from {where} spends your money")
    for name, upstream in zip(("strong", "weak"), served.services.values(), strict=True):
        for doubt in upstream.doubts():
            _tell(f"--{name}: {doubt}")
    _tell(base_url(listening))
    with warnings.catch_warnings():
        warnings.showwarning = _show
        run_server(served, listening)


def _show(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Tell a warning in a line: where it was raised helps nobody who runs a server."""
    del category, filename, lineno, file, line
    _tell(str(message))


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
    keys = None if arguments.keys is None else read_keys(arguments.keys)
    prices = _prices(arguments, models)
    _check_budgets(arguments, keys, {name for tier, name in models.items() if tier not in prices})
    return Served(
        policy,
        strong=Upstream(arguments.strong, models["strong"], _key(STRONG_KEY)),
        weak=Upstream(arguments.weak, models["weak"], _key(WEAK_KEY)),
        keys=keys,
        prices=prices,
        resilience=_resilience(arguments),
        budget=_budget(arguments),
        budget_store=arguments.budget_store,
        max_output_tokens=arguments.max_output_tokens,
        observers=_observers(arguments, policy),
        shows_scores=not arguments.hide_scores,
        max_body_bytes=_bytes(arguments.max_body_mb),
        origins=[_origin(each) for each in arguments.allow_origin or ()],
    )


_NEEDED = ("strong", "weak", "strong_model", "weak_model")
_BUDGETS = ("per", "budget_store", "max_output_tokens")


def _key(variable: str) -> str | None:
    return os.environ.get(variable, "").strip() or None


def _prices(arguments: argparse.Namespace, models: Mapping[str, str]) -> dict[str, TokenPrices]:
    prices = given_prices(arguments.prices, set(models.values()))
    unknown = sorted(set(prices) - set(models.values()))
    if unknown:
        raise InvalidInputError(f"--prices must be of {' or '.join(models.values())}, got {unknown[0]!r}")
    return {tier: prices[name] for tier, name in models.items() if name in prices}


def _check_budgets(
    arguments: argparse.Namespace, keys: Mapping[str, VirtualKey] | None, unpriced: set[str]
) -> None:
    own = [key.budget for key in (keys or {}).values() if key.budget is not None]
    if arguments.budget is None and not own:
        useless = [f"--{name.replace('_', '-')}" for name in _BUDGETS if getattr(arguments, name) is not None]
        if useless:
            raise InvalidInputError(f"{useless[0]} is about a budget, and neither --budget nor a key has one")
        return
    if unpriced:
        raise InvalidInputError(f"a budget needs --prices of both models, got none of {sorted(unpriced)}")
    bounded = arguments.budget is None and all(each.get("max_output_tokens") for each in own)
    if arguments.max_output_tokens is None and not bounded:
        raise InvalidInputError(
            "a budget needs --max-output-tokens: how long an answer counts whose request names no max_tokens"
        )


def _resilience(arguments: argparse.Namespace) -> Resilience | None:
    times = {"timeout": arguments.timeout, "deadline": arguments.deadline}
    if arguments.fallback:
        return Resilience(**times)
    if times == {"timeout": None, "deadline": None}:
        return None
    return Resilience(**times, max_attempts=1, failures=None)  # bounds the wait and changes nothing else


def _budget(arguments: argparse.Namespace) -> Budget | None:
    if arguments.budget is None:
        return None
    most, store = arguments.max_output_tokens, arguments.budget_store
    return Budget(arguments.budget, per=arguments.per or "day", store=store, max_output_tokens=most)


def _bytes(megabytes: float) -> int:
    if not 0 < megabytes < _MOST_MB:
        raise InvalidInputError(f"--max-body-mb must be above 0 and below {_MOST_MB:g}, got {megabytes!r}")
    return int(megabytes * 1024 * 1024)


_MOST_MB = 4096.0


def _origin(text: str) -> str:
    origin = text.rstrip("/")
    scheme, separator, host = origin.partition("://")
    if origin != "*" and not (scheme and separator and host and "/" not in host):
        raise InvalidInputError(
            f"--allow-origin must be * or a page's origin, such as https://chat.example.com, got {text!r}"
        )
    return origin


def _observers(arguments: argparse.Namespace, policy: Any) -> list[Any]:
    from opentelemetry.exporter.prometheus import PrometheusMetricReader
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.resources import Resource

    from shared_router.telemetry.decision_log import DecisionLog
    from shared_router.telemetry.telemetry import Telemetry

    log = None if arguments.log is None else DecisionLog(arguments.log)
    resource = Resource.create({"service.name": "routellm"})
    meters = MeterProvider(metric_readers=[PrometheusMetricReader()], resource=resource)
    return [*([] if log is None else [log]), Telemetry(policy=policy, log=log, meter_provider=meters)]
