"""What is read to make one answer of several: GenFuser's input, and a prompt for a model that chats.

GenFuser's is LLM-Blender's `GenFuserDataset` to the character. One difference: `</s>` and `<extra_id_0>` that
a text spells become a space, where the original reads them as its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from shared_router.choices import check_texts, shown_kind
from shared_router.errors import InvalidInputError

_END = "</s>"
_ASK = "Summarize candidates into a better one for the given instruction:"
_SPECIAL = re.compile(r"</s>|<pad>|<extra_id_\d+>")
_PROMPT = (
    "Below are a request and {n} answers to it by different assistants. Write the best single answer to the "
    "request: keep what is right and useful in them, correct what is wrong, leave out what repeats. Reply "
    "with the answer alone, and do not mention that there were several."
)


def fuser_text(question: str, answers: Sequence[str], instruction: str, *, cut: Callable[[str], str]) -> str:
    """Return what GenFuser reads.

    Args:
        question: The question.
        answers: The answers, best first.
        instruction: What stands before the question; "" for none.
        cut: Shortens an answer that is too long.

    Raises:
        InvalidInputError: If an argument is no text, or there is no answer.
    """
    check_asked(question, answers)
    if not isinstance(instruction, str):
        raise InvalidInputError(f"an instruction must be a text, got {shown_kind(instruction)}")
    parts = [f"Instruction: {without_specials(instruction)}", f"Input: {without_specials(question)}"]
    for at, answer in enumerate(answers):
        parts.append(f"Candidate {at}: <extra_id_{at}>:{cut(without_specials(answer))}")
    return _END.join([*parts, _ASK])


def fusing_prompt(question: str, answers: Sequence[str]) -> str:
    """Return what a model that chats is asked, to fuse answers: this project's words, and nobody's paper.

    Args:
        question: The question.
        answers: The answers, best first.

    Raises:
        InvalidInputError: If an argument is no text, or there is no answer.
    """
    check_asked(question, answers)
    parts = [f"<answer_{at}>\n{answer}\n</answer_{at}>" for at, answer in enumerate(answers, start=1)]
    return "\n\n".join([_PROMPT.format(n=len(answers)), f"<request>\n{question}\n</request>", *parts])


def check_asked(question: object, answers: object) -> None:
    """Check what is to be fused.

    Raises:
        InvalidInputError: If an argument is no text, or there is no answer.
    """
    if not isinstance(question, str):
        raise InvalidInputError(f"a question must be a text, got {shown_kind(question)}")
    check_texts("answers", answers)
    if not answers:
        raise InvalidInputError("answers must be at least one to be fused, got none")


def without_specials(text: str) -> str:
    """Return a text without T5's special tokens: a space stands for each that it spells."""
    return _SPECIAL.sub(" ", text).encode("utf-8", "replace").decode()
