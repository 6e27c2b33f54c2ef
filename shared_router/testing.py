"""What a router must keep to, as a check anybody can run, and the doubles that tests need.

The doubles are real routers and embedders, only simple ones: `FixedRouter` answers what it is told,
`HashEmbedder` embeds words without weights or downloads.
"""

from __future__ import annotations

import re
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import ContractError, InvalidInputError, RouterError, RouterOutputError
from shared_router.messages import question_of
from shared_router.router import Router
from shared_router.win_probabilities import check_win_probabilities

HOSTILE_QUERIES = ("", " \n", "\x00", "\ud800", "\u202e\u200b", "<|endoftext|>[SEP]", "word " * 200_000)
"""Texts that have broken tokenizers; a router must give each a probability."""


class FixedRouter(Router):
    """Answer with the win probabilities it is told.

    Args:
        win_probabilities: One value for every query, or a value for each query by its exact text, or a
            function from query to value. Not checked, so that a test can let a router misbehave.
        otherwise: The value of a query that the mapping lacks.
    """

    name: ClassVar[str] = "fixed"
    blocking = False

    def __init__(
        self,
        win_probabilities: float | Mapping[str, float] | Callable[[str], float],
        *,
        otherwise: float = 0.0,
    ) -> None:
        self.win_probabilities = win_probabilities
        self.otherwise = otherwise

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return the values told, shape (n,)."""
        return np.array([self._value(query) for query in queries], dtype=np.float64)

    def _value(self, query: str) -> float:
        if isinstance(self.win_probabilities, Mapping):
            return self.win_probabilities.get(query, self.otherwise)
        if callable(self.win_probabilities):
            return self.win_probabilities(query)
        return self.win_probabilities


class HashEmbedder:
    """Embed a text as the unit-length sum of a fixed random direction per word.

    Args:
        dim: Width of the embedding, >= 1.
        seed: Another seed gives other directions.
    """

    def __init__(self, dim: int = 64, *, seed: int = 0) -> None:
        self.dim = dim
        self.seed = seed

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return shape (n, dim), each row of length 1, or 0 for a text without words."""
        rows = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word, count in Counter(re.findall(r"\w+", text.lower())).items():
                rng = np.random.default_rng((self.seed, zlib.crc32(word.encode("utf-8", "replace"))))
                row += count * rng.standard_normal(self.dim, dtype=np.float32)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        unit: NDArray[np.float32] = rows / np.where(lengths > 0, lengths, np.float32(1))
        return unit


def check_router(router: Router, *, queries: Sequence[str] = (), tolerance: float = 1e-6) -> None:
    """Check that a fitted router keeps the contract every adapter relies on.

    One probability per query and none for no query; the same answer when asked again, alone, in another
    order or in a batch; an answer for text that breaks tokenizers and for any conversation, which is that of
    its question unless the router reads conversations; and, where the router can be saved, the same answers
    after saving and loading.

    Args:
        router: The router to check, fitted or loaded.
        queries: Queries like the ones it will see; a few general ones are added.
        tolerance: Largest difference between two answers to one query, >= 0. Batched matrix products may
            round differently.

    Raises:
        ContractError: If a rule is broken; the message says which.
    """
    asked = [*queries, "What is 2+2?", "Prove that the square root of two is irrational.", "Thanks!"]
    answers = _ask(router, asked, "a list of queries")
    _check_equal(answers, _ask(router, asked, "the same list again"), tolerance, "asked again")
    _check_equal(answers[::-1], _ask(router, asked[::-1], "the reversed list"), tolerance, "in another order")
    singles = np.concatenate([_ask(router, [query], "one query") for query in asked])
    _check_equal(answers, singles, tolerance, "one by one")
    if _ask(router, [], "no query").shape != (0,):
        raise ContractError("no query must give shape (0,)")
    for i in range(len(HOSTILE_QUERIES)):
        _ask(router, HOSTILE_QUERIES[i : i + 1], f"HOSTILE_QUERIES[{i}]")
    _check_conversations(router, asked, answers, tolerance)
    _check_saved(router, asked, answers, tolerance)


def _ask(router: Router, queries: Sequence[str], what: str) -> NDArray[np.float64]:
    before = list(queries)
    try:
        values = router.win_probability(queries)
        check_win_probabilities(values, len(before))
    except RouterOutputError as error:
        raise ContractError(f"asked for {what}: {error}") from error
    except Exception as error:
        raise ContractError(
            f"asked for {what}, a router must not raise, got {type(error).__name__}"
        ) from error
    if not isinstance(values, np.ndarray) or values.dtype != np.float64:
        raise ContractError(
            f"asked for {what}, a router must return a float64 array, got {type(values).__name__}"
        )
    if list(queries) != before:
        raise ContractError("a router must not change the list it is given")
    return values


def _check_conversations(
    router: Router, asked: Sequence[str], answers: NDArray[np.float64], tolerance: float
) -> None:
    hello = [("system", "Be brief."), ("user", "Hello!"), ("assistant", "Hello, what may I do?")]
    for query, answer in zip(asked, answers, strict=True):
        for messages in ([("user", query)], [*hello, ("user", query)]):
            found = _ask_of(router, messages)
            if abs(found - _ask_of(router, messages)) > tolerance:
                raise ContractError("a conversation asked again must get the same win probability")
            if not router.reads_conversations and question_of(messages) == query:
                _check_equal(answer, np.float64(found), tolerance, "as the question of a conversation")
    for messages in (
        [],
        [("user", "")],
        [("assistant", "Hello.")],
        *([("user", q)] for q in HOSTILE_QUERIES),
    ):
        _ask_of(router, messages)


def _ask_of(router: Router, messages: Sequence[tuple[str, str]]) -> float:
    try:
        value = router.win_probability_of(messages)
        return check_win_probabilities([value], 1)[0]
    except RouterOutputError as error:
        raise ContractError(f"asked about a conversation: {error}") from error
    except Exception as error:
        raise ContractError(
            f"asked about a conversation, a router must not raise, got {type(error).__name__}"
        ) from error


def _check_equal(
    expected: NDArray[np.float64] | np.float64,
    actual: NDArray[np.float64] | np.float64,
    tolerance: float,
    how: str,
) -> None:
    difference = float(np.max(np.abs(expected - actual), initial=0.0))
    if difference > tolerance:
        raise ContractError(
            f"a query {how} must get the same win probability, got a difference of {difference:.3g}"
        )


def _check_saved(
    router: Router, asked: Sequence[str], answers: NDArray[np.float64], tolerance: float
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            router.save(folder)
        except InvalidInputError:
            return  # this class says that it cannot be saved
        except RouterError as error:
            raise ContractError(
                f"a router that can be saved must save, got {type(error).__name__}"
            ) from error
        embedder = getattr(router, "embedder", None)
        try:
            loaded = type(router).load(folder, embedder=embedder)
        except RouterError as error:
            raise ContractError(f"a saved router must load, got {type(error).__name__}: {error}") from error
    _check_equal(answers, _ask(loaded, asked, "a list after loading"), tolerance, "after saving and loading")
