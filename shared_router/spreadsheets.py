"""Text in a spreadsheet's cell, where a stranger's text must not become a formula."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def spreadsheet_text(text: str) -> str:
    """Return a text as a spreadsheet reads it: as text, behind a quotation mark where it looks a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
