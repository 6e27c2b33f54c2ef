"""What the form of a text says of it, in ninety numbers: length, digits, signs, lines, words, script."""

from importlib import import_module
from typing import TYPE_CHECKING

from shared_router.text_features.glance import GLANCE_NAMES, glance

if TYPE_CHECKING:
    from shared_router.text_features.features import FEATURE_NAMES, text_features

_LAZY = ("FEATURE_NAMES", "text_features")
"""Imported at their first use: the shipped router needs none of them, and its first score does not wait."""

__all__ = ["FEATURE_NAMES", "GLANCE_NAMES", "glance", "text_features"]


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("shared_router.text_features.features"), name)
