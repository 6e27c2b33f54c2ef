"""What the form of a text says of it, in ninety numbers: length, digits, signs, lines, words, script."""

from shared_router.text_features.features import FEATURE_NAMES, text_features
from shared_router.text_features.glance import GLANCE_NAMES, glance

__all__ = ["FEATURE_NAMES", "GLANCE_NAMES", "glance", "text_features"]
