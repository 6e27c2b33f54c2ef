"""What an answer shows beside its question, in some sixty numbers: form, numbers, sums, words, format.

Nothing is learned here: the meaning of a column never changes with data. Prompts and answers are told apart
by their form and by what they share, so that most columns hold in any language; hedges, conclusions and
number words are English.
"""

from __future__ import annotations

import json
import math
import re

from shared_router.scorers.arithmetic import NUMBER, numbers_in, sums_in
from shared_router.scorers.own_praise import without_own_praise
from shared_router.text import clean

_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"[.!?。！？।](?:\s|$)")
_LONG_DECIMAL = re.compile(r"\.\d{3,}")
_NEGATIVE = re.compile(r"[=\s(][-−]\s?[$€£]?\d")
_HEDGE = re.compile(
    r"\b(?:about|approximately|approx|roughly|maybe|perhaps|probably|might|assum\w*|however|unclear"
    r"|not (?:possible|enough|clear|sure)|cannot|can't|unknown|would|could|should|closest|round\w*"
    r"|estimate\w*|actually|wait|mistake|sorry|instead)\b|≈",
    re.IGNORECASE,
)
_CONCLUSION = re.compile(r"\b(?:therefore|so|thus|hence|total|answer|finally|result)\b", re.IGNORECASE)
_ROUNDED = re.compile(r"≈|\b(?:round\w*|approx\w*|about)\b", re.IGNORECASE)
_FINAL = re.compile(r"\W*(?:####|(?:the |final )*answer\b)", re.IGNORECASE)
_OPTION = re.compile(r"(?:^|\s)\(?([A-J])[).:]\s")
_ITEM = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s", re.MULTILINE)
_FENCED = re.compile(r"^```\w*\n(.*?)\n?```$", re.DOTALL)
_BRACKETS = ("()", "[]", "{}", "<>")
_NUMBER_WORDS = {
    **{"one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0, "seven": 7.0},
    **{"eight": 8.0, "nine": 9.0, "ten": 10.0, "eleven": 11.0, "twelve": 12.0, "dozen": 12.0},
    **{"half": 0.5, "quarter": 4.0, "twice": 2.0, "double": 2.0, "triple": 3.0, "thrice": 3.0, "third": 3.0},
}
"""Words for what a sum is made with: a third is divided by three."""

_LARGEST = 1e15
_LAST_LINES = 4
"""How far from the end the line with the result may stand."""


def answer_columns(question: str, answer: str) -> dict[str, float]:
    """Return each column of an answer by its name, all finite.

    Args:
        question: The user's question; of a long text the two ends are read (`shared_router.clean`).
        answer: What a model answered; as the question.
    """
    asked = clean(question).strip()
    said = without_own_praise(clean(answer)).strip()
    lines = [line for line in said.splitlines() if line.strip()]
    last = _last_line(lines)
    return {
        **_form(asked, said, lines, last),
        **_numbers(asked, said, last),
        **_words(asked, said, last),
        **_format(asked, said, last),
    }


def _last_line(lines: list[str]) -> str:
    """Return the line with the result: the last that holds a number, or the last where none near it does."""
    for line in reversed(lines[-_LAST_LINES:]):
        if NUMBER.search(line):
            return line
    return lines[-1] if lines else ""


def _form(asked: str, said: str, lines: list[str], last: str) -> dict[str, float]:
    sentences = len(_SENTENCE_END.findall(said))
    end = said[-1:]
    ends_sentence = end in tuple(".!?。！？।")
    log_chars, n_chars = math.log1p(len(said)), max(len(said), 1)
    return {
        "log_chars": log_chars,
        "log_question_chars": math.log1p(len(asked)),
        "length_ratio": log_chars - math.log1p(len(asked)),
        "lines": float(len(lines)),
        "chars_per_line": len(said) / max(len(lines), 1),
        "log_first_line": math.log1p(len(lines[0])) if lines else 0.0,
        "log_last_line": math.log1p(len(last.strip())),
        "paragraphs": float(said.count("\n\n")),
        "sentences": float(sentences),
        "chars_per_sentence": len(said) / max(sentences, 1),
        "questions": float(said.count("?")),
        "ends_sentence": float(ends_sentence),
        "ends_number": float(end.isdigit()),
        "ends_otherwise": float(not (ends_sentence or end.isalnum())),
        "open_brackets": float(sum(abs(said.count(pair[0]) - said.count(pair[1])) for pair in _BRACKETS)),
        "open_fences": float(said.count("```") % 2),
        "capitals_share": sum(map(str.isupper, said)) / n_chars,
        "digits_share": sum(map(str.isdigit, said)) / n_chars,
        "dollars": float(said.count("$")),
        "stars": float(said.count("*")),
    }


def _numbers(asked: str, said: str, last: str) -> dict[str, float]:
    given, found = _bounded(numbers_in(asked)), _bounded(numbers_in(said))
    known = set(given) | {_NUMBER_WORDS[word] for word in _words_of(asked) if word in _NUMBER_WORDS}
    distinct, broken = set(found), [value for value in found if value != int(value)]
    final = found[-1] if found else -1.0
    sums = sums_in(said)
    wrong = sum(not right for _, right in sums)
    return {
        "given_numbers": float(len(given)),
        "given_distinct": float(len(known)),
        "given_decimals": float(sum(value != int(value) for value in given)),
        "numbers": float(len(found)),
        "distinct_numbers": float(len(distinct)),
        "given_used_share": len(known & distinct) / max(len(known), 1),
        "given_unused": float(len(known - distinct)),
        "copied_share": sum(value in known for value in found) / max(len(found), 1),
        "new_numbers": float(len(distinct - known)),
        "decimals": float(len(broken)),
        "decimals_share": len(broken) / max(len(found), 1),
        "new_decimals": float(len(set(broken) - known)),
        "long_decimals": float(len(_LONG_DECIMAL.findall(said))),
        "negatives": float(len(_NEGATIVE.findall(said))),
        "final_whole": float(final == int(final)) if found else -1.0,
        "final_copied": float(final in known) if found else -1.0,
        "log_final": math.log1p(abs(final)) if found else -1.0,
        "final_over_given": math.log1p(abs(final)) - math.log1p(max(known, default=0.0)) if found else 0.0,
        "final_repeated": float(sum(value == final for value in found)),
        "last_line_numbers": float(len(numbers_in(last))),
        "sums": float(len(sums)),
        "sums_right": float(len(sums) - wrong),
        "sums_wrong": float(wrong),
        "sums_wrong_share": wrong / max(len(sums), 1),
        "final_is_last_sum": float(bool(sums) and min(sums[-1][0], _LARGEST) == final),
        "plus_signs": float(said.count("+")),
        "minus_signs": float(said.count("-") + said.count("−")),
        "times_signs": float(sum(map(said.count, "*×x·"))),
        "division_signs": float(sum(map(said.count, "/÷"))),
        "percent_signs": float(said.count("%")),
        "equals_signs": float(said.count("=")),
    }


def _words(asked: str, said: str, last: str) -> dict[str, float]:
    words, given = _words_of(said), set(_words_of(asked))
    distinct = set(words)
    question = set(_words_of(re.split(r"(?<=[.!?])\s", asked)[-1]))
    return {
        "words": math.log1p(len(words)),
        "distinct_words_share": len(distinct) / max(len(words), 1),
        "question_words_used": len(distinct & given) / max(len(given), 1),
        "words_of_question_share": len(distinct & given) / max(len(distinct), 1),
        "last_line_answers": len(set(_words_of(last)) & question) / max(len(question), 1),
        "hedges": float(len(_HEDGE.findall(said))),
        "conclusions": float(len(_CONCLUSION.findall(said))),
        "rounded": float(len(_ROUNDED.findall(said))),
    }


def _format(asked: str, said: str, last: str) -> dict[str, float]:
    """Look whether the answer has the format that was asked for: JSON, one of the options, a final line."""
    options = set(_OPTION.findall(asked))
    return {
        "announces_final": float(_FINAL.match(last) is not None),
        "list_items": float(len(_ITEM.findall(said))),
        "not_the_json_asked": float("json" in asked.lower() and not _is_json(said)),
        "no_option_named": float(len(options) > 1 and not options & set(re.findall(r"\b[A-J]\b", last))),
    }


def _is_json(said: str) -> bool:
    fenced = _FENCED.match(said)
    try:
        json.loads(fenced[1] if fenced else said)
    except (ValueError, RecursionError):
        return False
    return True


def _words_of(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _bounded(numbers: list[float]) -> list[float]:
    return [min(value, _LARGEST) for value in numbers]
