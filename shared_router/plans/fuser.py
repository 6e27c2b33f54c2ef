"""GenFuser: a Flan-T5 reads a question and the best answers, and writes one (arXiv 2306.02561, section 4).

Its input is LLM-Blender's to the character, see `fuser_input`; trained as any sequence to sequence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from shared_router.checkpoints.artifact import load_artifact, save_artifact
from shared_router.checkpoints.sealed import sealed, unsealed
from shared_router.choices import check_texts, shown
from shared_router.errors import ArtifactSchemaError, DataError, InvalidInputError, NotFittedError
from shared_router.plans.fuser_input import fuser_text, without_specials
from shared_router.training.recipe import FineTuning, check_placing, checked_recipe
from shared_router.training.rows import Rows
from shared_router.training.sequence_to_sequence import SequenceToSequence, target_rows

if TYPE_CHECKING:
    import torch
    from typing_extensions import Self

    from shared_router.training.finetuning import TrainingHistory

FUSER_RECIPE = FineTuning(learning_rate=1e-4, batch_size=8, head_rate=1.0)
"""LLM-Blender's rate and batch."""

_MAX_BYTES = 1 << 34
_KIND = "fuser/gen_fuser"
_DTYPES = ("bfloat16", "float16", "float32")


class GenFuser:
    """Fuse answers with a T5 that was trained to.

    Args:
        model: A folder, or a hub name, of a T5 such as Flan-T5 (to be trained) or LLM-Blender's fuser;
            safetensors only. None for a fuser that was loaded.
        tokens: The most tokens of the input; of what is longer the start is read, as in the original.
        answer_tokens: The most tokens of each answer; one that is longer is cut and ends with `...`.
        written_tokens: The most tokens that are written, and the most of a target in training.
        beams: The beams that are searched.
        recipe: How to train.
        dtype: What to load the model in; None is float32, which a CPU likes best. LLM-Blender takes
            `"bfloat16"`.
        device: Where to train and serve; None is the CPU.
        revision: The hub's revision.

    Attributes:
        model_: The T5 and its tokenizer, None before `fit`, `from_published` or `load`.
        history_: What the training did, None for a loaded fuser.

    Raises:
        InvalidInputError: If a number is outside its rule.
    """

    name: ClassVar[str] = "gen_fuser"
    blocking: ClassVar[bool] = True

    def __init__(
        self,
        model: str | Path | None,
        *,
        tokens: int = 1024,
        answer_tokens: int = 128,
        written_tokens: int = 128,
        beams: int = 4,
        recipe: FineTuning = FUSER_RECIPE,
        dtype: str | None = None,
        device: str | torch.device | None = None,
        revision: str | None = None,
    ) -> None:
        counts = {"tokens": tokens, "answer_tokens": answer_tokens}
        for name, value in {**counts, "written_tokens": written_tokens, "beams": beams}.items():
            if type(value) is not int or value < 1:
                raise InvalidInputError(f"{name} must be a whole number >= 1, got {shown(value)}")
        if dtype is not None and not (isinstance(dtype, str) and dtype in _DTYPES):
            raise InvalidInputError(f"dtype must be float32, bfloat16 or float16, got {shown(dtype)}")
        self.model = model
        self.tokens = tokens
        self.answer_tokens = answer_tokens
        self.written_tokens = written_tokens
        self.beams = beams
        self.recipe = checked_recipe(recipe, FUSER_RECIPE)
        check_placing(device=device)
        self.dtype = dtype
        self.device = device
        self.revision = revision
        self.model_: SequenceToSequence | None = None
        self.history_: TrainingHistory | None = None

    @classmethod
    def from_published(cls, model: str | Path, **options: Any) -> Self:
        """Load a T5 that can fuse already, such as LLM-Blender's.

        Args:
            model: A folder in transformers' form, or a hub name.
            **options: The constructor's.

        Raises:
            ArtifactError: If it cannot be read, is no T5, or holds a pickle alone.
            MissingExtraError: If torch or transformers is missing.
        """
        fuser = cls(model, **options)
        fuser.model_ = fuser._pretrained()
        return fuser

    def fit(
        self,
        questions: Sequence[str],
        answers: Sequence[Sequence[str]],
        targets: Sequence[str],
        *,
        instructions: Sequence[str] | None = None,
        folder: str | Path | None = None,
        progress: bool = True,
    ) -> Self:
        """Learn to write a target where the answers are read.

        Args:
            questions: n texts.
            answers: Each question's answers, best first; LLM-Blender trains on a ranker's top three.
            targets: What should be written, n texts, none blank.
            instructions: n texts that stand before the questions; None has none.
            folder: Where the training's state goes; see `fine_tune`.
            progress: Whether to show a bar on a terminal.

        Raises:
            DataError: If the lengths differ, there is no question or a target is blank.
            InvalidInputError: If an argument is no list of texts; see also `fine_tune`.
            ArtifactError: If the model cannot be read.
        """
        from shared_router.training.finetuning import fine_tune

        given = [""] * len(questions) if instructions is None else instructions
        _check_training(questions, answers, targets, given)
        model = self._pretrained()
        # in training the tokenizer's own end closes the input too, as in LLM-Blender's script
        asked = zip(questions, answers, given, strict=True)
        ids = [[*self._input(model, *each)[: self.tokens - 1], model.end_id] for each in asked]
        written = [
            [*model.ids(without_specials(each))[: self.written_tokens - 1], model.end_id] for each in targets
        ]
        rows = Rows(list(questions), ids, target_rows(written), np.ones(len(ids), dtype=np.float32))
        self.history_ = fine_tune(
            model.model, model.losses, rows, self.recipe, settings=self.name, folder=folder, progress=progress
        )
        self.model_ = model
        return self

    def fuse(self, question: str, answers: Sequence[str], *, instruction: str = "") -> str:
        """Return one answer made of several.

        Args:
            question: The question.
            answers: The answers, best first; LLM-Blender gives three.
            instruction: What stands before the question.

        Raises:
            InvalidInputError: If an argument is no text, or there is no answer.
            NotFittedError: If the fuser was neither fitted nor loaded.
        """
        ids = self.input_ids(question, answers, instruction=instruction)
        return self._fitted().written(ids, most_tokens=self.written_tokens, beams=self.beams)

    def input_ids(self, question: str, answers: Sequence[str], *, instruction: str = "") -> list[int]:
        """Return what the model reads; see `fuse`."""
        return self._input(self._fitted(), question, answers, instruction)

    def save(self, folder: str | Path, *, overwrite: bool = False) -> str:
        """Write a checkpoint, and return the SHA-256 that pins it; see `Router.save`."""
        settings = {"recipe": asdict(self.recipe), **{name: getattr(self, name) for name in _SETTINGS}}
        return save_artifact(folder, sealed(self._fitted().artifact(_KIND, settings)), overwrite=overwrite)

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        expected_sha256: str | None = None,
        device: str | torch.device | None = None,
    ) -> Self:
        """Read a fuser from the folder that `save` wrote; see `Router.load`."""
        artifact = load_artifact(folder, expected_sha256=expected_sha256, max_bytes=_MAX_BYTES)
        if artifact.kind != _KIND:
            raise ArtifactSchemaError(f"a checkpoint must be of kind {_KIND}, got {artifact.kind!r}")
        settings = dict(unsealed(artifact).settings)
        try:
            model = SequenceToSequence.from_artifact(artifact, device=device)
            kept = {name: settings[name] for name in _SETTINGS}
            fuser = cls(None, recipe=FineTuning(**settings["recipe"]), device=device, **kept)
        except (InvalidInputError, LookupError, TypeError, ValueError) as error:
            raise ArtifactSchemaError("the checkpoint's settings and tensors must make a fuser") from error
        fuser.model_ = model
        return fuser

    def _pretrained(self) -> SequenceToSequence:
        if self.model is None:
            raise InvalidInputError("a fuser must be made with the model to load, got none; make another")
        how: dict[str, Any] = {"dtype": self.dtype, "device": self.device, "revision": self.revision}
        return SequenceToSequence.pretrained(self.model, **how)

    def _input(
        self, model: SequenceToSequence, question: str, answers: Sequence[str], instruction: str
    ) -> list[int]:
        text = fuser_text(question, answers, instruction, cut=lambda answer: self._cut(model, answer))
        return model.ids(text)[: self.tokens]

    def _cut(self, model: SequenceToSequence, answer: str) -> str:
        ids = model.ids(answer)
        if len(ids) <= self.answer_tokens:
            return answer
        return model.text(ids[: self.answer_tokens], special=True) + "..."

    def _fitted(self) -> SequenceToSequence:
        if self.model_ is None:
            raise NotFittedError("a fuser must be fitted or loaded before it is asked; call from_published")
        return self.model_


def _check_training(
    questions: Sequence[str],
    answers: Sequence[Sequence[str]],
    targets: Sequence[str],
    instructions: Sequence[str],
) -> None:
    """Check what a fuser is to learn from."""
    for name, texts in (("questions", questions), ("targets", targets), ("instructions", instructions)):
        check_texts(name, texts)
    if not len(questions):
        raise DataError("a fuser must learn from one question or more, got none")
    if not len(questions) == len(answers) == len(targets) == len(instructions):
        raise DataError("questions, answers, targets and instructions must be as many, got others")
    if not all(target.strip() for target in targets):
        raise DataError("a target must be a text to write, got a blank one")


_SETTINGS = ("tokens", "answer_tokens", "written_tokens", "beams", "dtype")
