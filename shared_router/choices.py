"""Arguments: options, numbers, shares, paths, lists of texts, and what errors show of them."""

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import TypeGuard

from shared_router.errors import InvalidInputError


def check_choice(name: str, value: object, choices: Sequence[object]) -> None:
    """Check that an option is one of those it may be.

    Args:
        name: What the option is called, for the error.
        value: What was given.
        choices: What it may be.

    Raises:
        InvalidInputError: If it is none of them.
    """
    # of one kind first: an array compares with each of its entries
    if not any(value is each or (isinstance(value, type(each)) and value == each) for each in choices):
        raise InvalidInputError(f"{name} must be one of {list(choices)}, got {shown(value)}")


def check_rules(settings: object, rules: Mapping[str, tuple[str, bool]]) -> None:
    """Check several settings of one object.

    Args:
        settings: What has them as attributes.
        rules: By a setting's name, its rule in words, and whether it holds.

    Raises:
        InvalidInputError: For the first whose rule does not hold.
    """
    for name, (rule, holds) in rules.items():
        if not holds:
            raise InvalidInputError(f"{name} must be {rule}, got {shown(getattr(settings, name))}")


def check_seed(seed: object) -> None:
    """Check a seed before anything is computed: numpy and scikit-learn both take it.

    Raises:
        InvalidInputError: If it is no whole number from 0 to 2**32 - 1.
    """
    if isinstance(seed, bool) or not isinstance(seed, Integral) or not 0 <= int(seed) < 1 << 32:
        raise InvalidInputError(f"seed must be a whole number from 0 to {(1 << 32) - 1}, got {shown(seed)}")


def check_share(name: str, share: object, *, open_ends: bool = False) -> None:
    """Check a share: a part of the whole, never percent.

    Args:
        name: What it is called, for the error.
        share: What was given.
        open_ends: Whether none and all are refused.

    Raises:
        InvalidInputError: If it is no number in [0, 1], or in (0, 1); of a percentage it asks for the share.
    """
    number = isinstance(share, Real) and not isinstance(share, bool)
    value: Real = share if number else float("nan")  # type: ignore[assignment]
    if (0 < value < 1) if open_ends else (0 <= value <= 1):  # type: ignore[operator]
        return
    meant = f"did you mean {float(value) / 100:g}?" if 1 < value <= 100 else "half is 0.5"  # type: ignore[operator]
    ends = "(0, 1)" if open_ends else "[0, 1]"
    got = repr(share) if number else shown_kind(share)
    raise InvalidInputError(f"{name} must be a number in {ends}, got {got}; {meant}")


def check_amount(name: str, amount: object, *, of: str) -> None:
    """Check a finite number >= 0, such as a length or a time.

    Args:
        name: What it is called, for the error.
        amount: What was given.
        of: Whose it is.

    Raises:
        InvalidInputError: If it is none.
    """
    if not is_amount(amount):
        raise InvalidInputError(f"{name} must be >= 0, got {shown(amount)} for {of}")


def is_amount(value: object) -> bool:
    """Tell whether a value is a number >= 0 that a float can hold."""
    if type(value) is float:  # as most are, and to ask for the kind of number takes longer
        return 0 <= value <= sys.float_info.max
    return is_number(value) and value >= 0


def is_number(value: object) -> TypeGuard[float]:
    """Tell whether a value is a finite number that a float can hold, and no truth value."""
    if type(value) is float:
        return -sys.float_info.max <= value <= sys.float_info.max
    number = isinstance(value, Real) and not isinstance(value, bool)
    return number and -sys.float_info.max <= value <= sys.float_info.max  # type: ignore[operator]


def is_whole(value: object) -> TypeGuard[int]:
    """Tell whether a value is a whole number, also numpy's, and no truth value."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def check_whole(name: str, value: object, *, least: int, most: int | None = None) -> None:
    """Check a count.

    Args:
        name: What it is called, for the error.
        value: What was given.
        least: The smallest that it may be.
        most: The largest; None sets no limit.

    Raises:
        InvalidInputError: If it is no whole number, or outside the limits.
    """
    if not is_whole(value) or value < least or (most is not None and value > most):
        bounds = f">= {least}" if most is None else f"in [{least}, {most}]"
        kind = "" if is_whole(value) else "a whole number "
        raise InvalidInputError(f"{name} must be {kind}{bounds}, got {shown(value)}")


def check_path(name: str, path: object) -> None:
    """Check that an argument is a path; a number would be an open file's, such as standard output.

    Raises:
        InvalidInputError: If it is neither a text nor a path object.
    """
    if not isinstance(path, (str, os.PathLike)) or not isinstance(os.fspath(path), str):
        raise InvalidInputError(f"{name} must be given by its path, got {shown(path)} that is none")


def check_texts(name: str, texts: object) -> None:
    """Check that an argument is several texts: one alone would be read letter by letter.

    Args:
        name: What the argument is called, for the error.
        texts: What was given.

    Raises:
        InvalidInputError: If it is one text, no list, or holds something that is no text.
    """
    if isinstance(texts, (str, bytes)):
        raise InvalidInputError(
            f"{name} must be a list of texts, got one {type(texts).__name__}; put it in a list"
        )
    # a mapping's keys would be read for its texts
    if isinstance(texts, Mapping) or not (hasattr(texts, "__len__") and hasattr(texts, "__getitem__")):
        raise InvalidInputError(f"{name} must be a list of texts, got {shown_kind(texts)}")
    for text in texts:  # type: ignore[attr-defined]
        if not isinstance(text, str):
            raise InvalidInputError(f"{name} must be texts, got {shown_kind(text)} among them")


def check_list(name: str, values: object) -> None:
    """Check that an argument holds several values: of one text alone each letter would be one.

    Args:
        name: What the argument is called, for the error.
        values: What was given; a set will do, and what can be gone through once.

    Raises:
        InvalidInputError: If it is one text, a mapping, or nothing that can be gone through.
    """
    if isinstance(values, (str, bytes)):
        raise InvalidInputError(f"{name} must be a list, got one {type(values).__name__}; put it in a list")
    if isinstance(values, (Mapping, type)) or not isinstance(values, Iterable):
        raise InvalidInputError(f"{name} must be a list, got {shown_kind(values)}")


def check_columns(**columns: object) -> None:
    """Check that several arguments are lists of one length.

    Raises:
        InvalidInputError: If one is no list, or the lengths differ.
    """
    for name, column in columns.items():
        check_list(name, column)
        if not hasattr(column, "__len__"):
            raise InvalidInputError(f"{name} must be a list, got {shown_kind(column)}")
    lengths = [str(len(column)) for column in columns.values()]  # type: ignore[arg-type]
    if len(set(lengths)) > 1:
        raise InvalidInputError(f"{_and(list(columns))} must have one length, got {_and(lengths)}")


def check_kind(name: str, value: object, kind: type, *, how: str) -> None:
    """Check that an argument is an object of ours.

    Args:
        name: What the argument is called, for the error.
        value: What was given.
        kind: What it must be.
        how: How to make one, for the error.

    Raises:
        InvalidInputError: If it is none, or is a class.
    """
    if not isinstance(value, kind):
        raise InvalidInputError(f"{name} must be {kind.__name__}, got {shown_kind(value)}; {how}")


def shown(value: object) -> str:
    """Return what to show of a value: a word or a number; its kind where it may be a prompt or a key."""
    if value is None or isinstance(value, (bool, Real)):
        # beyond some thousands of digits a number is not even shown
        return repr(value) if not is_whole(value) or abs(value) < 1 << 64 else "a number beyond 64 bits"
    if isinstance(value, str):
        return repr(value) if _WORD.fullmatch(value) else f"a text of {len(value)} characters"
    return shown_kind(value)


def shown_kind(value: object) -> str:
    """Return a value's kind, and say so where it is a class in the place of its object."""
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


def _and(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"


_WORD = re.compile(r"(?!sk-)[\w.:/@+-]{0,32}")
