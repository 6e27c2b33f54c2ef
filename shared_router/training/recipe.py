"""How a transformer is fine-tuned: the settings of the loop in `finetuning`."""

import hashlib
from dataclasses import dataclass

from shared_router.choices import (
    check_rules,
    check_whole,
    is_amount,
    is_number,
    is_whole,
    shown_kind,
)
from shared_router.errors import InvalidInputError
from shared_router.text import prompt_key


@dataclass(frozen=True, slots=True)
class FineTuning:
    """How a transformer is fine-tuned; the defaults are the paper's for BERT (section 4.2).

    Attributes:
        learning_rate: The highest rate, reached after the warm-up; > 0.
        head_rate: What the rate is multiplied by for a new head, > 0. The paper does not say; here the head
            starts at 0, and at the encoder's own rate it hardly leaves it in a few hundred steps.
        weight_decay: AdamW's decay of every weight that is no bias and no norm; >= 0.
        batch_size: Rows a step, >= 1.
        max_steps: Steps at most, >= 1; the rate falls to 0 at the last.
        warmup_fraction: Share of the steps in which the rate rises, in [0, 1].
        validation_fraction: Share of the distinct queries that are held out, in [0, 1); with 0 there is no
            early stop and the last weights are kept.
        evaluate_every: Steps between two validations, >= 1; the state is written as often.
        patience: Stop after this many validations without a better loss, >= 1.
        bfloat16: Whether to train in bfloat16 by autocast, which is faster where the processor has it; the
            weights and serving stay as they are.
        seed: Fixes the head's first weights, the held-out queries, the order and the dropout; in [0, 2^63).

    Raises:
        InvalidInputError: If a value is out of its range.
    """

    learning_rate: float = 1e-5
    head_rate: float = 20.0
    weight_decay: float = 0.01
    batch_size: int = 16
    max_steps: int = 2000
    warmup_fraction: float = 0.1
    validation_fraction: float = 0.1
    evaluate_every: int = 100
    patience: int = 5
    bfloat16: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every range."""
        rates = (self.learning_rate, self.head_rate)
        shares = (self.warmup_fraction, self.validation_fraction)
        positive = [is_number(rate) and rate > 0 for rate in rates]
        warmup, validation = (is_number(share) and 0 <= share <= 1 for share in shares)
        rules = {
            "learning_rate": ("> 0 and finite", positive[0]),
            "head_rate": ("> 0 and finite", positive[1]),
            "weight_decay": (">= 0 and finite", is_amount(self.weight_decay)),
            "warmup_fraction": ("in [0, 1]", warmup),
            "validation_fraction": ("in [0, 1)", validation and self.validation_fraction < 1),
            "seed": ("in [0, 2^63)", is_whole(self.seed) and 0 <= self.seed < 1 << 63),
        }
        check_rules(self, rules)
        for name in ("batch_size", "max_steps", "evaluate_every", "patience"):
            check_whole(name, getattr(self, name), least=1)

    def rate(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0."""
        warmup = round(self.warmup_fraction * self.max_steps)
        if step < warmup:
            return self.learning_rate * (step + 1) / warmup
        return self.learning_rate * (self.max_steps - step) / max(1, self.max_steps - warmup)

    def holds_out(self, query: str) -> bool:
        """Say whether a query is for validation; `split_preferences` puts it on the same side.

        Its own hash decides, so other rows do not matter, and equal prompts stay together.
        """
        digest = hashlib.blake2b(
            prompt_key(query).encode(), digest_size=8, key=self.seed.to_bytes(8, "little", signed=True)
        ).digest()
        return int.from_bytes(digest, "little") / 2**64 < self.validation_fraction


def checked_recipe(recipe: object, otherwise: FineTuning) -> FineTuning:
    """Return how to train, where it is said, and otherwise the other.

    Raises:
        InvalidInputError: If it is something else, such as a mapping of the settings.
    """
    if recipe is None:
        return otherwise
    if not isinstance(recipe, FineTuning):
        raise InvalidInputError(
            f"recipe must be a FineTuning or None, got {shown_kind(recipe)}; FineTuning(**settings) makes one"
        )
    return recipe


def check_placing(*, device: object = None, layers: object = None, max_length: object = None) -> None:
    """Check what every class that fine-tunes a transformer is given, before a model is read.

    Args:
        device: Where; that it is there is seen when a model is put on it.
        layers: How many layers to keep, or None.
        max_length: The most tokens of a text, or None where there is no such argument.

    Raises:
        InvalidInputError: If one is of another kind, or a number is below 1.
    """
    # torch's own kind of device is known by its name, for torch may not be there
    if not (device is None or isinstance(device, str) or type(device).__name__ == "device"):
        raise InvalidInputError(f'device must be a name such as "cuda", or None, got {shown_kind(device)}')
    for name, value in {"layers": layers, "max_length": max_length}.items():
        if value is not None:
            check_whole(name, value, least=1)
