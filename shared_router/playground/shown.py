"""Putting texts of strangers on the page: as they are, never as markup.

Streamlit's own text elements read Markdown, in which a prompt could hold a picture that the browser fetches
from anywhere. What a prompt, a file or a model says therefore goes through `escape` into plain HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

_HEAD_CHARS = 120

_STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding-top: 4rem; }
[data-testid="stSliderThumbValue"] p { color: light-dark(#1f2733, #f2f2f2); }
.rl { overflow-x: auto; }
.rl table { border-collapse: collapse; width: 100%; font-size: 0.95rem; }
.rl caption { text-align: left; font-weight: 600; padding: 0.25rem 0; }
.rl th, .rl td { border-bottom: 1px solid rgba(128, 128, 128, 0.45); padding: 0.35rem 0.75rem 0.35rem 0;
  text-align: left; vertical-align: top; overflow-wrap: anywhere; }
.rl th { overflow-wrap: normal; }
.rl td:not(.number) { min-width: 4rem; }
.rl td:nth-child(n + 4):last-child { min-width: 14rem; }
.rl td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
@media (max-width: 640px) {
  .rl th, .rl td { padding-right: 0.5rem; }
  .rl td:not(.number) { min-width: 2rem; }
  .rl td:nth-child(n + 4):last-child { min-width: 8rem; }
  .rl td.number { white-space: normal; }
}
.rl-said { white-space: pre-wrap; overflow-wrap: anywhere; border-left: 3px solid rgba(128, 128, 128, 0.6);
  padding-left: 0.75rem; margin: 0.25rem 0; }
.rl-error { border: 2px solid currentColor; border-radius: 0.5rem; padding: 0.6rem 0.9rem; }
</style>"""


def show_style() -> None:
    """Give the page the look of what this module shows."""
    st.html(_STYLE)


def show_table(caption: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Show rows of texts.

    Args:
        caption: What the table holds.
        header: The columns' names, one a cell.
        rows: The cells; one that begins as a number does keeps on one line.
    """
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    body = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in rows)
    st.html(
        f'<div class="rl" role="region" tabindex="0" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def show_said(title: str, text: str, note: str = "") -> None:
    """Show what somebody wrote, a title above and a note below it."""
    below = f"<p>{escape(note)}</p>" if note else ""
    st.html(f'<h3>{escape(title)}</h3><div class="rl-said">{escape(text) or "(nothing)"}</div>{below}')


def show_text(text: str) -> None:
    """Show a paragraph as it is."""
    st.html(f"<p>{escape(text)}</p>")


def show_error(said: str) -> None:
    """Show what an error says, to a screen reader too."""
    st.html(f'<div class="rl-error" role="alert">{escape(" ".join(said.split()))}</div>')


def head_of(text: str) -> str:
    """Return a text's beginning in one line, without characters that show nothing."""
    line = "".join(char if char.isprintable() else "\ufffd" for char in " ".join(text.split()))
    return line if len(line) <= _HEAD_CHARS else f"{line[:_HEAD_CHARS]}..."


def _cell(text: str) -> str:
    is_number = text[:1].isdigit() or text[:1] in "-$"
    return f"<td{' class=number' if is_number and len(text) < 32 else ''}>{escape(text)}</td>"
