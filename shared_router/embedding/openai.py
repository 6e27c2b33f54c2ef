"""OpenAI embeddings, through a client that the caller makes.

RouteLLM makes its client when it is imported and sends one query a call; here the client is given, with
its key, base URL, time-out and retries, and texts go in batches. Queries leave this machine.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_texts, check_whole
from shared_router.errors import EmbedderError, InvalidInputError, MissingExtraError, TruncatedTextWarning
from shared_router.text import MAX_QUERY_CHARS, clean

if TYPE_CHECKING:
    from openai import OpenAI

MAX_TOKENS = 8191
"""What the embedding models of the third generation read, in tokens."""

MAX_REQUEST_TOKENS = 300_000
"""What one request may hold, in tokens over all its texts."""


class TokenEncoding(Protocol):
    """What cuts a text at an exact token; `tiktoken.get_encoding("cl100k_base")` is one."""

    def encode_ordinary(self, text: str) -> list[int]:
        """Return the text's tokens, special ones read as text."""

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens."""


class OpenAIEmbedder:
    """Embed texts with OpenAI's embedding models.

    Texts are cleaned as routers see them (`shared_router.clean`). One that is too long for the model keeps
    its start, with a `TruncatedTextWarning`. A pickled or copied embedder has no client, so that no key is
    written; give it one again: `embedder.client = OpenAI()`.

    Args:
        client: An `openai.OpenAI` client, or Azure's. Retries and time-outs are its own.
        model: The embedding model's name.
        dimensions: The width to shorten vectors to, where the model can; None is its full width.
        batch_size: The most texts of a request, 1 to 2048.
        encoding: What counts tokens. None cuts at 8,191 bytes of UTF-8, which hold at most as many tokens
            and, in English, all that `clean` leaves of a query but two characters.

    Raises:
        InvalidInputError: If `batch_size` or `dimensions` is outside its range.
    """

    def __init__(
        self,
        client: OpenAI,
        *,
        model: str = "text-embedding-3-small",
        dimensions: int | None = None,
        batch_size: int = 256,
        encoding: TokenEncoding | None = None,
    ) -> None:
        check_whole("batch_size", batch_size, least=1, most=2048)
        if dimensions is not None:
            check_whole("dimensions", dimensions, least=1)
        self.client: OpenAI | None = client
        self.model = model
        self.dimensions = dimensions
        self.batch_size = batch_size
        self.encoding = encoding

    @property
    def identity(self) -> str:
        """What tells this embedder's vectors from another's."""
        return f"openai/{self.model}/{self.dimensions or 'full'}"

    def __repr__(self) -> str:
        """Show the model, never the client, which holds a key."""
        return f"OpenAIEmbedder(model={self.model!r}, dimensions={self.dimensions!r})"

    def __getstate__(self) -> dict[str, Any]:
        """Leave the client out of pickles and copies."""
        return {**self.__dict__, "client": None}

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row per text, shape (n, dim); one request for each batch.

        Raises:
            EmbedderError: If a request fails, `from` OpenAI's error, or the answer is not one finite row a
                text.
            InvalidInputError: If `texts` is no list of texts; if the embedder was unpickled and has no
                client.
            MissingExtraError: If openai is not installed.
        """
        check_texts("texts", texts)
        if not texts:
            return np.zeros((0, self.dimensions or 0), dtype=np.float32)
        prepared = [self._fit(clean(text)) for text in texts]
        cut = sum(was_cut for _, was_cut in prepared)
        if cut:
            unit = "bytes" if self.encoding is None else "tokens"
            warnings.warn(
                f"{self.model} reads {MAX_TOKENS} tokens; "
                f"{cut} of {len(texts)} texts were cut to as many {unit}",
                TruncatedTextWarning,
                stacklevel=2,
            )
        rows = [self._ask(batch) for batch in self._batches([text for text, _ in prepared])]
        if len({batch.shape[1] for batch in rows}) != 1:
            raise EmbedderError("an embedding service must return rows of one width for all texts")
        return np.concatenate(rows)

    def _fit(self, text: str) -> tuple[str, bool]:
        """Return what the model can read of a text, and whether anything was cut."""
        if not text.strip():
            return " ", False  # the service refuses an empty text
        encoded = text.encode()
        if len(encoded) <= MAX_TOKENS:
            return text, False
        if self.encoding is None:
            # of a long ASCII query, this takes two characters that clean has left: no news
            was_cut = len(encoded) > MAX_QUERY_CHARS + 1
            return encoded[:MAX_TOKENS].decode("utf-8", "ignore"), was_cut
        tokens = self.encoding.encode_ordinary(text)
        if len(tokens) <= MAX_TOKENS:
            return text, False
        # the cut may fall within a character, which decodes to a replacement character
        return self.encoding.decode(tokens[:MAX_TOKENS]).rstrip("\ufffd"), True

    def _batches(self, texts: Sequence[str]) -> Iterator[list[str]]:
        batch: list[str] = []
        room = MAX_REQUEST_TOKENS
        for text in texts:
            size = len(text.encode())  # no text has more tokens than bytes
            if batch and (len(batch) == self.batch_size or size > room):
                yield batch
                batch, room = [], MAX_REQUEST_TOKENS
            batch.append(text)
            room -= size
        yield batch

    def _ask(self, texts: list[str]) -> NDArray[np.float32]:
        try:
            from openai import OpenAIError
        except ImportError as error:
            raise MissingExtraError.of("openai", "openai") from error
        if self.client is None:
            raise InvalidInputError("an unpickled or copied embedder has no client; set embedder.client")
        options: dict[str, Any] = {} if self.dimensions is None else {"dimensions": self.dimensions}
        try:
            response = self.client.embeddings.create(input=texts, model=self.model, **options)
            order = sorted(response.data, key=lambda row: row.index)
            rows = np.array([row.embedding for row in order], dtype=np.float32)
        except OpenAIError as error:
            status = getattr(error, "status_code", None)
            raise EmbedderError(
                f"the embedding service must answer, got {type(error).__name__}"
                + ("" if status is None else f" ({status})")
            ) from error
        # an answer of another form breaks in the client or here
        except (AttributeError, TypeError, ValueError) as error:
            raise EmbedderError("an embedding service must return one row of numbers per text") from error
        if rows.ndim != 2 or len(rows) != len(texts) or not np.isfinite(rows).all():
            raise EmbedderError(
                f"an embedding service must return {len(texts)} finite rows, got shape {rows.shape}"
            )
        return rows
