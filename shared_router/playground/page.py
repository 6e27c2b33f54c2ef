"""The page itself, which Streamlit runs from the top each time that something on it is changed."""

from collections.abc import Callable

import streamlit as st

from shared_router.errors import RouterError
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
)


def _panel(show: Callable[[], None]) -> Callable[[], None]:
    def shown() -> None:
        show_style()
        try:
            show()
        except RouterError as error:
            show_error(error)

    return shown


st.set_page_config(page_title="RouteLLM playground", layout="wide")
st.navigation(
    [
        st.Page(_panel(show), title=title, url_path=path, default=place == 0)
        for place, (title, path, show) in enumerate(_PANELS)
    ],
    position="top",
).run()
