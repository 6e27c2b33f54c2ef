"""Which checkpoint a router is, and which scores it gives: what its policy file must hold to."""

from __future__ import annotations

from shared_router.quantiles import ScoreQuantiles


class Checkpointed:
    """What is loaded from a checkpoint, or saved to one.

    Attributes:
        score_quantiles_: The quantiles of its win probabilities on questions it did not learn from, which
            `fit` keeps and `save` writes; None where they are not known. A policy's default threshold is
            their median, so that half of such questions go strong.
    """

    score_quantiles_: ScoreQuantiles | None = None
    _saved_as: tuple[str, ScoreQuantiles | None] | None = None

    @property
    def checkpoint_sha256(self) -> str | None:
        """The hash that pins the checkpoint this was loaded from or saved to; None where there is none."""
        saved = self._saved_as
        # whatever learns, or asks for another pair, has other quantiles and is another router
        return saved[0] if saved is not None and saved[1] is self.score_quantiles_ else None

    def _is_checkpoint(self, sha256: str) -> str:
        """Keep the hash of the checkpoint that this is, and return it; a copy elsewhere changes nothing."""
        if self.checkpoint_sha256 is None:
            self._saved_as = (sha256, self.score_quantiles_)
        return sha256
