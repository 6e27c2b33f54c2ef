"""The router contract: queries in, win probabilities out.

A router knows no threshold and no model to call; the policy owns the first, an adapter the second.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from shared_router.checkpointed import Checkpointed
from shared_router.checkpoints.config import MAX_FILE_BYTES
from shared_router.errors import ArtifactSchemaError, InvalidInputError
from shared_router.probe import PROBE_QUERIES, PROBE_TOLERANCE, answers_probe
from shared_router.quantiles import ScoreQuantiles
from shared_router.win_probabilities import of_texts

# numpy and what imports it load at the first score: a program that only names a router does not wait for it,
# nor one that scores questions for what reads conversations.
if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Self

    from shared_router.checkpoints.artifact import Artifact
    from shared_router.embedding.protocol import Embedder
    from shared_router.messages import AnyMessage
    from shared_router.preferences.data import PreferenceData


class Router(Checkpointed, ABC):
    """What says, before any answer is written, which queries need the strong model.

    A subclass must give `win_probability`, `fit` where it learns, `_state` and `_from_state` to be saved.
    It must be safe to ask from several threads at once, and `shared_router.testing.check_router` must pass.

    Attributes:
        name: What decisions call this router.
        blocking: Whether scoring can take longer than an event loop may stand still (about a
            millisecond). True unless a router knows better: async callers then score in a thread.
        max_checkpoint_bytes: The largest file that `load` reads for this class.
        reads_conversations: Whether it has a `win_probability_of` of its own. A policy then asks that one
            where it is given a conversation, and `win_probability` where it is given a question alone.
    """

    name: ClassVar[str] = "custom"
    max_checkpoint_bytes: ClassVar[int] = MAX_FILE_BYTES
    blocking: bool = True
    reads_conversations: ClassVar[bool] = False
    _probe_tolerance: ClassVar[float] = PROBE_TOLERANCE

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Have every router refuse one text, which would be read letter by letter, and what is no text."""
        super().__init_subclass__(**kwargs)
        for name in ("win_probability", "training_similarity", "coverage", "spread"):
            if name in vars(cls):
                setattr(cls, name, of_texts(vars(cls)[name]))
        if "win_probability_of" in vars(cls):
            from shared_router.messages import of_messages

            cls.win_probability_of = of_messages(vars(cls)["win_probability_of"])  # type: ignore[assignment, method-assign]
            cls.reads_conversations = True

    def __repr__(self) -> str:
        """Show how ties were read, and what the scores mean."""
        shown = [f"ties={ties!r}"] if (ties := getattr(self, "ties", None)) is not None else []
        if (known := self.score_quantiles_) is not None:
            shown.append(
                f"threshold={known.threshold(0.5):.4g} for half of {known.n_queries} {known.source}, "
                f"scores {known.low:.4g} to {known.high:.4g}"
            )
        return f"{type(self).__name__}({', '.join(shown)})"

    def fit(self, preferences: PreferenceData) -> Self:
        """Learn from battles.

        Args:
            preferences: Who won which battle, n of them.

        Returns:
            This router. A router that has nothing to learn does nothing.

        Raises:
            InvalidInputError: If the battles cannot teach this router, for example all ties.
        """
        del preferences
        return self

    @abstractmethod
    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return P(strong model's answer is preferred | query) for each query.

        Args:
            queries: n texts; any string is one, also "".

        Returns:
            Shape (n,), each in [0, 1]: 0 where the weak model answers as well for sure, 1 where only the
            strong model will do. A query's value does not depend on the others.

        Raises:
            NotFittedError: If the router has learned nothing yet.
        """

    def win_probability_of(self, messages: Sequence[AnyMessage]) -> float:
        """Return P(strong model's answer is preferred | conversation).

        By default it is the win probability of the question that decides where a conversation goes: the last
        one that its user wrote, with the follow-ups to it (`query_of`). A router that reads conversations
        overrides this and is given a list of `PlainMessage`, whatever it was called with.

        Args:
            messages: The turns, oldest first: mappings with `role` and `content`, pairs of both, or
                `Message`.

        Returns:
            A float in [0, 1]; that of "" where the conversation holds no question.

        Raises:
            QueryError: If `messages` is no list of messages.
        """
        from shared_router.messages import cleaned_question_of

        return float(self.win_probability([cleaned_question_of(messages)])[0])

    def training_similarity(self, queries: Sequence[str]) -> NDArray[np.float64] | None:
        """Return how near n queries are to what this router learned from; see section 5.2, Table 5.

        Returns:
            Each query's largest cosine to a training prompt, shape (n,), in [-1, 1]; None where this router
            kept nothing to tell by.
        """
        del queries
        return None

    def coverage(self, queries: Sequence[str]) -> NDArray[np.float64] | None:
        """Return how near n queries, just scored, are to what was learned from, each in [0, 1], or None."""
        del queries
        return None

    def spread(self, queries: Sequence[str]) -> NDArray[np.float64] | None:
        """Return how unsure the win probabilities of n queries are, as standard deviations, or None.

        What `PosteriorSampling` draws by; a router that does not know keeps this.
        """
        del queries
        return None

    def save(self, folder: str | Path, *, overwrite: bool = False) -> str:
        """Write a checkpoint folder that `load` reads, whole or not at all.

        Args:
            folder: Where to write; made if it is not there. It holds the checkpoint alone.
            overwrite: Whether to replace a checkpoint that is there; anything else is never replaced.

        Returns:
            The SHA-256 that pins the whole checkpoint; see `load`.

        Raises:
            NotFittedError: If the router has learned nothing yet.
            InvalidInputError: If this class of router cannot be saved.
            ArtifactExistsError: If the folder holds a checkpoint and `overwrite` is false, or anything else.
            ArtifactWriteError: If there is no room or no permission; nothing is left behind then.
        """
        from shared_router.checkpoints.artifact import save_artifact

        artifact = self._artifact()
        settings = {**artifact.settings, "probe": [float(v) for v in self.win_probability(PROBE_QUERIES)]}
        if self.score_quantiles_ is not None:
            settings["score_quantiles"] = self.score_quantiles_.as_settings()
        artifact = replace(artifact, settings=settings)
        return self._is_checkpoint(save_artifact(folder, artifact, overwrite=overwrite))

    @classmethod
    def load(
        cls, folder: str | Path, *, embedder: Embedder | None = None, expected_sha256: str | None = None
    ) -> Self:
        """Read a router from the folder that `save` wrote.

        Args:
            folder: The checkpoint.
            embedder: What the router was trained on, where that is not the shipped embedder.
            expected_sha256: The hash that `save` returned, kept where you trust it.

        Returns:
            A router whose win probabilities equal the saved one's.

        Raises:
            ArtifactError: If the folder is missing, damaged, another kind of router's, or if the router
                does not answer the probe as it did when it was saved (another embedder).
        """
        return cls._load(
            folder, expected_sha256, lambda made: cls._from_state(made.settings, made.tensors, embedder)
        )

    @classmethod
    def _load(
        cls,
        folder: str | Path,
        expected_sha256: str | None,
        build: Callable[[Artifact], Self],
        *,
        memory_map: bool = False,
    ) -> Self:
        """Read and check a checkpoint, `build` the router, and ask it the probe; see `load_artifact`."""
        from shared_router.checkpoints.artifact import load_artifact

        artifact = load_artifact(
            folder, expected_sha256=expected_sha256, max_bytes=cls.max_checkpoint_bytes, memory_map=memory_map
        )
        if artifact.kind != f"router/{cls.name}":
            raise ArtifactSchemaError(
                f"a {cls.name} checkpoint must be of kind router/{cls.name}, got {artifact.kind!r}"
            )
        must = f"the checkpoint's settings and tensors must make a {cls.name} router"
        settings = dict(artifact.settings)
        probe, quantiles = settings.pop("probe", None), settings.pop("score_quantiles", None)
        try:
            router = build(replace(artifact, settings=settings))
            as_saved = answers_probe(router, probe, cls._probe_tolerance)
        except InvalidInputError as error:  # ours: it says which rule, such as an embedding's width
            raise ArtifactSchemaError(f"{must}, but {error}") from error
        # settings of a wrong type may show only when they are used
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise ArtifactSchemaError(must) from error
        if not as_saved:
            raise ArtifactSchemaError(
                "a loaded router must answer the probe as it did when it was saved, and this one does not; "
                "give load the embedder it was trained with"
            )
        router.score_quantiles_ = None if quantiles is None else ScoreQuantiles.from_settings(quantiles)
        router._is_checkpoint(artifact.sha256)
        return router

    def _artifact(self) -> Artifact:
        """Return what makes this router again; a router with further files overrides it."""
        from shared_router.checkpoints.artifact import Artifact

        settings, tensors = self._state()
        return Artifact(f"router/{self.name}", settings, tensors)

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return the settings (plain JSON) and tensors that make this router again."""
        raise InvalidInputError(f"{type(self).__name__} cannot be saved; give it _state and _from_state")

    @classmethod
    def _from_state(
        cls, settings: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]], embedder: Embedder | None
    ) -> Self:
        """Make the router that `_state` described."""
        del settings, tensors, embedder
        raise InvalidInputError(f"{cls.__name__} cannot be loaded; give it _state and _from_state")
