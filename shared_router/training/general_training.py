"""How the general router is learned: its numbers, apart from the code that learns, which needs more."""

from __future__ import annotations

from dataclasses import dataclass

from shared_router.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class GeneralTraining:
    """How the head is learned, and how its parts are blended.

    Attributes:
        form_weight: How long the form's part of a row is beside the embedding's, > 0.
        form_limit: The largest size of a scaled feature of the form, > 0.
        likeness_anchors: How many battles' queries the likeness keeps, >= 1.
        likeness_gamma: The width of its kernel, > 0.
        likeness_ridge: Its penalty, > 0.
        difficulty_anchors: How many prompts the difficulty keeps, >= 1.
        difficulty_gamma: The width of its kernel, > 0.
        difficulty_ridge: Its penalty, > 0.
        subject_penalty: The subject classifier's penalty, > 0, as sklearn's `1 / C`.
        subject_shrinkage: How many battles of average outcome are added to each subject, >= 0.
        everyday_penalty: The penalty of what tells everyday prompts from exams, > 0.
        everyday_sharpness: What its log odds are multiplied by, > 0.
        everyday_doubt: What is taken from them before: how sure it must be, in log odds.
        amplitude: The most log odds that difficulty adds or takes.
        middle: The difficulty that adds nothing, in [0, 1].
        softness: How far from the middle difficulty adds three quarters of the most, > 0.
        near: The distance to a learned query up to which one is covered, > 0.
        far: That from which it is not, > near.
        seed: Picks the anchors and the folds.

    Raises:
        InvalidInputError: If a value is out of its range.
    """

    form_weight: float = 0.4
    form_limit: float = 0.3
    likeness_anchors: int = 128
    likeness_gamma: float = 4.0
    likeness_ridge: float = 3.0
    difficulty_anchors: int = 300
    difficulty_gamma: float = 0.5
    difficulty_ridge: float = 0.2
    subject_penalty: float = 0.05
    subject_shrinkage: float = 2.0
    everyday_penalty: float = 0.33
    everyday_sharpness: float = 2.0
    everyday_doubt: float = 1.0
    amplitude: float = 2.0
    middle: float = 0.55
    softness: float = 0.5
    near: float = 1.0
    far: float = 1.4
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every range."""
        may_be_zero = {"subject_shrinkage", "everyday_doubt", "amplitude", "middle", "seed"}
        for name in self.__slots__:
            if name not in may_be_zero and not getattr(self, name) > 0:
                raise InvalidInputError(f"{name} must be > 0, got {getattr(self, name)!r}")
        if not self.near < self.far:
            raise InvalidInputError(f"near must be below far, got {self.near!r} and {self.far!r}")
