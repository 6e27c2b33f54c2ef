"""Options that are one of a few."""

from collections.abc import Sequence

from shared_router.errors import InvalidInputError


def check_choice(name: str, value: object, choices: Sequence[object]) -> None:
    """Check that an option is one of those it may be.

    Args:
        name: What the option is called, for the error.
        value: What was given; never a prompt or a key, for the error shows it.
        choices: What it may be.

    Raises:
        InvalidInputError: If it is none of them.
    """
    if value not in choices:
        raise InvalidInputError(f"{name} must be one of {list(choices)}, got {value!r}")
