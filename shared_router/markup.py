"""Markup that says how a text looks and nothing of what it asks: Markdown's marks and formatting tags.

So does a pair of tags around it all, whatever its name. Left out: tables, links and images, whose parts are
words; code within its fences, which is kept as it is.
"""

import re

_TAGS = (
    "a|abbr|b|big|blockquote|body|br|center|code|dd|div|dl|dt|em|font|h[1-6]|head|hr|html|i|li|main|mark|ol|p|"
    "pre|q|s|section|small|span|strike|strong|sub|sup|tt|u|ul"
)
_ENTITIES = {"&nbsp;": " ", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&"}
_ENTITY = re.compile("|".join(_ENTITIES))
# what is between a tag's name and its end is bounded, so that an unclosed "<p" costs no second pass
_TAG = re.compile(rf"<(?=[/a-zA-Z])/?(?:{_TAGS})(?:\s[^<>]{{0,200}})?/?>", re.IGNORECASE)
# one pair around the whole text, whatever its name, as prompts are put into <question> or <user_input>
_PAIR_AROUND = re.compile(r"\s*<([a-zA-Z][\w-]{0,40})>(.*)</\1>\s*", re.DOTALL)
_FENCE = re.compile(r"(?:```|~~~)[\w+-]*")
# a line's beginning: headings, quotes, bullets; a whole line: rules and underlined headings
_LINE_START = re.compile(r"^[ \t]{0,8}(?:#{1,6}[ \t]+|>[ \t>]*|[-*+•][ \t]+)", re.MULTILINE)
_RULE = re.compile(r"^[ \t]*(?:-{3,}|\*{3,}|={3,})[ \t]*$", re.MULTILINE)


def _emphasis(sign: str, further: str) -> str:
    """Return what finds a mark: its sign stands first, so that the search can jump to it."""
    opens = rf"(?<![\w*~]{sign}){further}(?=[^\W_])"
    closes = rf"(?:(?<=[^\W_]{sign})|(?<=[.?!,:;)]{sign})){further}(?![\w*~])"
    return f"{sign}(?:{opens}|{closes})"


# emphasis touches a word on its inner side alone: 3*4, 3 * 4 and snake_case are none
_EMPHASIS = re.compile("|".join((_emphasis(r"\*", r"\*{0,2}"), _emphasis("~", "~"), _emphasis("_", "_?"))))
# blanks first, which the search can jump to
_WIDE_GAP = re.compile(r"[ \t]{2}(?<=\S[ \t]{2})[ \t]*(?=\S)")
_SIGNS = ("<", "&", "`", "*", "#", ">", "_", "~~", "- ", "---", "+ ", "===", "•")
_SIGN_BYTES = "".join(_SIGNS).replace(" ", "").encode()
_RULES = ("---", "***", "===")
_LINE_SIGNS = (">", "# ", "- ", "* ", "+ ", "• ", "\t")


def without_markup(text: str) -> str:
    """Return the text without marks that only say how it looks.

    Args:
        text: Any string.

    Returns:
        The text itself where it has no markup. A mark between letters or digits, such as in `3*4` or
        `snake_case`, stays, and so does a comparison's sign.
    """
    encoded = text.encode(errors="surrogatepass")
    # one pass over bytes tells of most texts that they have none
    if len(encoded.translate(None, _SIGN_BYTES)) == len(encoded) or not _has_one_of(_SIGNS, text):
        return text
    if "<" in text:
        if (around := _PAIR_AROUND.fullmatch(text)) is not None:
            text = around[2]
        text = _TAG.sub(" ", text)
    if "`" in text or "~~~" in text:
        text = _FENCE.sub(" ", text).replace("`", "")
    if _has_one_of(_RULES, text):
        text = _RULE.sub("", text)
    if _has_one_of(_LINE_SIGNS, text):
        text = _LINE_START.sub("", text)
    if "*" in text or "_" in text or "~" in text:
        text = _EMPHASIS.sub("", text)
    return _ENTITY.sub(lambda entity: _ENTITIES[entity[0]], text) if "&" in text else text


def evenly_spaced(text: str) -> str:
    """Return the text with one space between two words of a line; what a line begins with stays."""
    return _WIDE_GAP.sub(" ", text) if "  " in text else text


def _has_one_of(signs: tuple[str, ...], text: str) -> bool:
    return any(sign in text for sign in signs)
