"""What the form of a text says of it, in ninety numbers: length, digits, signs, lines, words, script."""

from shared_router.text_features.features import FEATURE_NAMES, text_features

__all__ = ["FEATURE_NAMES", "text_features"]
