"""Links to the glossary: the first mention of a term on a page leads to the sentence that tells it."""

from __future__ import annotations

import re

GLOSSARY = "glossary.html"
_TERMS = (
    "APGR",
    "CPT",
    "ECE",
    "PGR",
    "battle",
    "coverage",
    "drift",
    "outcomes",
    "preference data",
    "propensity",
    "shadow",
    "strong fraction",
    "win probability",
)
"""Those that a reader may meet before the page tells them; everyday words such as budget are not linked."""

_PIECES = re.compile(
    r"<(?P<tag>a|autoref|code|h[1-6]|pre|summary|th)\b.*?</(?P=tag)>|<[^>]+>"
    rf"|(?<![\w-])(?P<term>{'|'.join(_TERMS)})s?(?![\w-])",
    re.DOTALL | re.IGNORECASE,
)


def with_links_to_terms(html: str, glossary: str) -> str:
    """Return a page with a link on the first mention of each term in its text.

    Args:
        html: The page's content.
        glossary: Where the glossary is, seen from the page.
    """
    seen: set[str] = set()

    def linked(piece: re.Match[str]) -> str:
        term = (piece["term"] or "").lower()
        if not term or term in seen:
            return piece[0]
        seen.add(term)
        return f'<a href="{glossary}#{term.replace(" ", "-")}">{piece[0]}</a>'

    return _PIECES.sub(linked, html)
