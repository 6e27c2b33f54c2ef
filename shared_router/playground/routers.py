"""Choosing a router on the page: one that ships, or the folder of a saved one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from shared_router.playground.settings import given_settings
from shared_router.policy import RoutingPolicy
from shared_router.registry import load_router, router_names
from shared_router.router import Router


@dataclass(frozen=True, slots=True)
class ChosenRouter:
    """A router, ready to ask.

    Attributes:
        name: What it was chosen by.
        router: The router.
        threshold: Its own threshold.
    """

    name: str
    router: Router
    threshold: float


def choose_router(panel: str, label: str = "Router", *, place: int = 0) -> ChosenRouter:
    """Ask for a router; it is loaded once for all who look at the page.

    Args:
        panel: Sets this panel's field apart from another's.
        label: What the field is called.
        place: Which of the routers it begins with, from 0, the command's.

    Raises:
        UnknownNameError: If no shipped router and no folder has that name.
        ArtifactError: If the checkpoint is damaged.
    """
    first = given_settings().router
    names = [first, *(name for name in router_names() if name != first)]
    name = st.selectbox(
        label,
        names,
        index=min(place, len(names) - 1),
        accept_new_options=True,
        key=f"{panel}-router",
        help="One that ships, or type the folder of a saved one.",
    )
    named = typed_path(str(name))
    pin = given_settings().expected_sha256 if name == first else None
    return _loaded(named, pin, _saved_at(named))


def typed_path(text: str) -> str:
    """Return a path as it was meant: without the quotation marks of a copied one, `~` being home."""
    bare = text.strip()
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'":
        bare = bare[1:-1]
    return os.path.expanduser(bare)


@st.cache_resource(show_spinner="Loading the router...", max_entries=8)
def _loaded(
    name: str,
    expected_sha256: str | None,
    saved_at: int,  # noqa: ARG001 - tells one saved router from the next
) -> ChosenRouter:
    policy = RoutingPolicy(name, on_router_error="raise", expected_sha256=expected_sha256)
    return ChosenRouter(name, load_router(name, expected_sha256=expected_sha256), policy.threshold)


def _saved_at(name: str) -> int:
    """Return when a folder's router was saved, in nanoseconds; 0 for a name."""
    config = os.path.join(name, "config.json")
    return os.stat(config).st_mtime_ns if os.path.isfile(config) else 0


def short_name(name: str) -> str:
    """Return what a router is called where there is little room: of a folder its last part."""
    return Path(name).name or name


def choose_threshold(panel: str, chosen: ChosenRouter, *, name: str = "") -> float:
    """Ask for a threshold, in [0, 1]; it begins with the router's own, and again when another is chosen."""
    key = f"{panel}-threshold-{chosen.name}"
    return float(
        st.slider(
            f"{name} threshold: strong from this win probability on; higher is cheaper".strip().capitalize(),
            0.0,
            1.0,
            value=chosen.threshold,  # as it is: a rounded one sends other prompts strong
            step=0.0005,
            format="%.4f",
            key=key,
        )
    )
