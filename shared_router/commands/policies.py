"""The arguments from which a policy is made, the same in every subcommand that routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared_router.policy import RoutingPolicy

if TYPE_CHECKING:
    import argparse


def add_policy_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `policy_of` makes a policy of: `--router`, a pin, and one of three that say the threshold."""
    parser.add_argument(
        "--router",
        metavar="NAME",
        help="a shipped router's name or a saved one's folder (default: the shipped)",
    )
    parser.add_argument(
        "--expected-sha256",
        metavar="HASH",
        help="refuse the router, or the policy file, unless it has this SHA-256, which save returned",
    )
    cost = parser.add_mutually_exclusive_group()
    cost.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="strong iff win probability >= T, in [0, 1]; higher is cheaper (default: the router's own)",
    )
    cost.add_argument(
        "--strong-fraction",
        type=float,
        metavar="F",
        help="the share of questions to send strong, in [0, 1], by the router's own quantiles",
    )
    cost.add_argument(
        "--policy",
        metavar="FILE",
        help="a policy file, which names the router and the threshold; --router says where its router is now",
    )


def policy_of(arguments: argparse.Namespace) -> RoutingPolicy:
    """Return the policy that the arguments describe; a router that fails is an error."""
    if arguments.policy is not None:
        policy = RoutingPolicy.load(
            arguments.policy, router=arguments.router, expected_sha256=arguments.expected_sha256
        )
        policy.on_router_error = "raise"
        return policy
    return RoutingPolicy(
        arguments.router,
        threshold=arguments.threshold,
        strong_fraction=arguments.strong_fraction,
        on_router_error="raise",
        expected_sha256=arguments.expected_sha256,
    )
