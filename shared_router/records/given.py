"""What a function that takes outcomes says of anything else, such as a frame or a file's name."""

from shared_router.choices import check_kind
from shared_router.records.outcomes import Outcomes


def check_given(outcomes: object) -> None:
    """Refuse what are no outcomes, or their class, with an `InvalidInputError`."""
    check_kind("outcomes", outcomes, Outcomes, how="see read_outcomes and Outcomes.from_columns")
