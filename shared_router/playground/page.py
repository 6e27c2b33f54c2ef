"""The page itself, which Streamlit runs from the top each time that something on it is changed."""

from collections.abc import Callable

import streamlit as st

from shared_router.errors import RouterError
from shared_router.playground.chat_panel import show_chat_panel
from shared_router.playground.fields import keep_fields
from shared_router.playground.prompts_panel import show_prompts_panel
from shared_router.playground.report_panel import show_report_panel
from shared_router.playground.shown import show_error, show_style
from shared_router.playground.trade_off_panel import show_trade_off_panel
from shared_router.playground.two_routers_panel import show_two_routers_panel

_PANELS = (
    ("Prompts", "prompts", show_prompts_panel),
    ("Threshold", "threshold", show_trade_off_panel),
    ("Two routers", "two-routers", show_two_routers_panel),
    ("Report", "report", show_report_panel),
    ("Chat", "chat", show_chat_panel),
)


def _panel(show: Callable[[], None]) -> Callable[[], None]:
    def shown() -> None:
        show_style()
        try:
            show()
        except RouterError as error:
            show_error(str(error))

    return shown


st.set_page_config(page_title="RouteLLM playground", layout="wide")
_pages = [
    st.Page(_panel(show), title=title, url_path=path, default=place == 0)
    for place, (title, path, show) in enumerate(_PANELS)
]
keep_fields()
_open = st.navigation(_pages, position="hidden")
# links in the page itself: on a phone Streamlit's own lie in a drawer that stays open over what was chosen
with st.container(horizontal=True):
    for _page in _pages:
        st.page_link(_page)
_open.run()
