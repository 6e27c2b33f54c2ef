"""Which prompts of a log to have graded next, so that few grades teach a router much.

`suggest` reads prompts; `describe` makes a few numbers of each, and `choose_rows` picks among those.
"""

from shared_router.suggesting.description import describe
from shared_router.suggesting.design import AMONG, choose_rows
from shared_router.suggesting.suggest import Suggestions, suggest

__all__ = ["AMONG", "Suggestions", "choose_rows", "describe", "suggest"]
