"""Is an answer right: by comparison with a reference, by a pattern, or by the letter of a choice.

A grade is a number in [0, 1]. What no comparison can tell, such as an essay, is a judge's to grade
(`shared_router.preferences.judging`).
"""

from __future__ import annotations

import re
import string
from typing import Literal, get_args

from shared_router.choices import check_choice
from shared_router.errors import DataError, InvalidInputError
from shared_router.records.collecting.collect import Grade

GraderName = Literal["exact", "contains", "number", "choice"]

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
_STATED_CHOICE = re.compile(r"(?i)\b(?:answer|option|choice)\b(?:\s+is|\s*:)?\W{0,4}\(?([A-J])\)?(?![a-z])")
_LONE_CHOICE = re.compile(r"(?m)^\W{0,3}([A-J])(?:[.):,*]|[ \t]*$)")


def grader(name: GraderName) -> Grade:
    """Return a grader by its name.

    Args:
        name: `"exact"`: the answer is the reference, without case, punctuation and articles (as in SQuAD's
            exact match). `"contains"`: the reference stands in the answer, read alike. `"number"`: the last
            number in the answer equals the reference's. `"choice"`: the letter that the answer states.

    Raises:
        InvalidInputError: If there is no grader of that name.
    """
    check_choice("a grader", name, get_args(GraderName))
    compare = {"exact": _exact, "contains": _contains, "number": _number, "choice": _choice}[name]

    def grade(prompt: str, answer: str, reference: str | None) -> float:
        del prompt
        return float(compare(answer, _given(reference)))

    return grade


def pattern_grader(pattern: str) -> Grade:
    """Return a grader: 1 where the pattern is found in the answer; `{reference}` in it is the reference.

    Args:
        pattern: A regular expression.

    Raises:
        InvalidInputError: If it is none.
    """
    try:
        re.compile(pattern.replace("{reference}", ""))
    except re.error as error:
        raise InvalidInputError(f"a pattern must be a regular expression, and {error}") from error

    def grade(prompt: str, answer: str, reference: str | None) -> float:
        del prompt
        written = pattern
        if "{reference}" in pattern:
            written = pattern.replace("{reference}", re.escape(_given(reference)))
        return float(re.search(written, answer) is not None)

    return grade


def _exact(answer: str, reference: str) -> bool:
    return _plain(answer) == _plain(reference)


def _contains(answer: str, reference: str) -> bool:
    return f" {_plain(reference)} " in f" {_plain(answer)} "


def _number(answer: str, reference: str) -> bool:
    wanted, found = _last_number(reference), _last_number(answer)
    if wanted is None:
        raise DataError('a reference for the grader "number" must hold a number')
    return found is not None and abs(found - wanted) <= 1e-6 * max(1.0, abs(wanted))


def _choice(answer: str, reference: str) -> bool:
    wanted = reference.strip().strip("().").upper()
    if len(wanted) != 1 or wanted not in "ABCDEFGHIJ":
        raise DataError('a reference for the grader "choice" must be one letter, A to J')
    stated = _STATED_CHOICE.findall(answer) or _LONE_CHOICE.findall(answer)
    return bool(stated) and stated[-1].upper() == wanted


def _given(reference: str | None) -> str:
    if reference is None or not reference.strip():
        raise DataError(
            "this grader compares with a reference, and a prompt has none; give one for each prompt"
        )
    return reference


def _plain(text: str) -> str:
    return " ".join(_ARTICLES.sub(" ", text.casefold().translate(_PUNCTUATION)).split())


def _last_number(text: str) -> float | None:
    found = _NUMBER.findall(text)
    return float(found[-1].replace(",", "")) if found else None
