"""What was typed and chosen, which stays for as long as its tab is open, whichever panel is looked at."""

from __future__ import annotations

import streamlit as st

_NOT_KEPT = ("-upload", "-button")
"""The ends of the keys of fields that Streamlit lets nobody set: files and buttons."""


def keep_fields() -> None:
    """Keep the fields of the panels that are not on the page; Streamlit would forget them."""
    for key, value in st.session_state.items():
        name = str(key)
        if not name.endswith(_NOT_KEPT) and not name.startswith("FormSubmitter:"):
            st.session_state[name] = value
