"""`routellm demo`: ask ten questions of a real local model; see `shared_router.demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared_router.commands.policies import add_policy_arguments, policy_of

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the demo's own arguments and the policy's."""
    from shared_router.demo.arguments import add_arguments as add_own

    add_own(parser)
    add_policy_arguments(parser)


def run(arguments: argparse.Namespace) -> None:
    """Ask ten questions through both adapters; see `shared_router.demo`."""
    from shared_router.demo.run import run as run_demo

    run_demo(arguments, policy_of(arguments))
