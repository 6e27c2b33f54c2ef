"""A query inside an instruction, as tokens: what the causal LM router reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared_router.training.tokens import QueryTokenizer, special_ids_around

if TYPE_CHECKING:
    from tokenizers import Tokenizer

INSTRUCTION = (
    "Predict how well a small AI model would answer the user's question: 1 is wrong or of no use, 3 is "
    "adequate, 5 is as good as the best model's answer. Reply with the number alone."
)
_PLACE = "\ue000query\ue000"  # private-use characters: no template holds them


@dataclass(frozen=True, slots=True)
class Prompt:
    """The text around a query.

    Attributes:
        before: The text before the query, special tokens spelt out.
        after: The text after it, up to where the score is put.
        add_special_tokens: Whether the tokenizer puts its own special tokens around the whole, where
            `before` does not spell them.
    """

    before: str
    after: str
    add_special_tokens: bool = False

    @classmethod
    def of(cls, tokenizer: Any, instruction: str = INSTRUCTION) -> Prompt:
        """Write an instruction and a query as a model was taught to read them.

        Args:
            tokenizer: A transformers tokenizer: its chat template is used, or plain text without one.
            instruction: What to do with the query.
        """
        if getattr(tokenizer, "chat_template", None) is None:
            return cls(f"{instruction}\n\nQuestion: ", "\n\nScore:", add_special_tokens=True)
        messages = [{"role": "system", "content": instruction}, {"role": "user", "content": _PLACE}]
        text: str = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        before, _, after = text.partition(_PLACE)
        return cls(before, after)


class PromptTokenizer:
    """Turn queries into the token ids of a whole prompt.

    The query is tokenized together with the plain text next to it, as in one piece, and by a tokenizer that
    reads special tokens as text; a query that is too long loses its middle, the instruction never.

    Args:
        tokenizer: A `tokenizers` tokenizer.
        prompt: The text around a query.
        max_length: The most tokens in all.

    Raises:
        InvalidInputError: If `max_length` leaves no room for a query.
    """

    def __init__(self, tokenizer: Tokenizer, prompt: Prompt, *, max_length: int) -> None:
        added = tokenizer.get_added_tokens_decoder().values()
        specials = [token.content for token in added if token.special]
        ends = [prompt.before.rfind(token) + len(token) for token in specials if token in prompt.before]
        starts = [prompt.after.find(token) for token in specials if token in prompt.after]
        head, self._lead = _split(prompt.before, max(ends, default=0))
        self._trail, tail = _split(prompt.after, min(starts, default=len(prompt.after)))
        first, last = special_ids_around(tokenizer) if prompt.add_special_tokens else ([], [])
        self._tokenize = QueryTokenizer(
            tokenizer,
            before=[*first, *_ids(tokenizer, head)],
            after=[*_ids(tokenizer, tail), *last],
            max_length=max_length,
        )

    @property
    def prefix(self) -> list[int]:
        """The ids that every prompt starts with; a query is read as one text with what follows them."""
        return self._tokenize.before

    def __call__(self, queries: Sequence[str]) -> list[list[int]]:
        """Return the ids of each query's prompt, which start with `prefix`."""
        return self._tokenize([f"{self._lead}{query}{self._trail}" for query in queries])


def _split(text: str, at: int) -> tuple[str, str]:
    return text[:at], text[at:]


def _ids(tokenizer: Tokenizer, text: str) -> list[int]:
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
    return ids
