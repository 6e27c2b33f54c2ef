"""A router as a user names it: the object, a shipped name, a folder, or None for the default."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

from shared_router.errors import InvalidInputError
from shared_router.quantiles import ScoreQuantiles
from shared_router.registry import (
    DEFAULT_ROUTER,
    load_router,
    recommended_threshold,
    saved_config,
    saved_quantiles,
)
from shared_router.router import Router


class RouterSource:
    """Load a router at its first use, once however many ask for it at a time.

    Constructing reads the threshold that a named one recommends, except inside a running event loop, where no
    disk may be touched: there what is wrong with its folder shows at the first use.

    Args:
        router: A router, the name or folder of one, or None for the shipped default.
        otherwise: The threshold of a router that recommends none, in [0, 1].
        expected_sha256: The hash that pins a named router's checkpoint; see `Router.save`.

    Attributes:
        name: What decisions call the router.

    Raises:
        InvalidInputError: If it is none of these.
        UnknownNameError: If no router has that name.
        ArtifactError: If its checkpoint or card is damaged or not the expected one, or the card names no
            threshold in [0, 1].
    """

    def __init__(
        self, router: Router | str | Path | None, *, otherwise: float, expected_sha256: str | None = None
    ) -> None:
        if router is not None and not isinstance(router, (Router, str, Path)):
            what = f"the class {router.__name__}" if isinstance(router, type) else type(router).__name__
            raise InvalidInputError(
                f"router must be a Router, the name or folder of one, or None, got {what}; "
                "subclass shared_router.Router and give an object of it"
            )
        if isinstance(router, Router) and expected_sha256 is not None:
            raise InvalidInputError(
                "expected_sha256 must go with a router's name or folder, got a router that is loaded; "
                "give it to its load"
            )
        self._expected_sha256 = expected_sha256
        self._router = router if isinstance(router, Router) else None
        self.name = router.name if isinstance(router, Router) else str(router or DEFAULT_ROUTER)
        self._named = self._router is None
        self._otherwise = otherwise
        self._read = False
        self._recommended: float | None = None
        self._quantiles: ScoreQuantiles | None = None
        self._lock = threading.Lock()
        if not in_event_loop():
            self._prepare()

    def __getstate__(self) -> dict[str, Any]:
        """Leave the lock out of pickles and copies."""
        return {key: value for key, value in self.__dict__.items() if key != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what `__getstate__` gave."""
        self.__dict__.update(state, _lock=threading.Lock())

    def _prepare(self) -> None:
        """Read what the folder says of itself, and so check it."""
        self.recommended_threshold  # noqa: B018
        self.quantiles  # noqa: B018

    @property
    def loaded(self) -> Router | None:
        """The router, or None before its first use."""
        return self._router

    def load(self) -> Router:
        """Return the router, and have its recommended threshold at hand.

        Raises:
            UnknownNameError: If no router has that name.
            ArtifactError: If its checkpoint or its card is damaged.
        """
        if self._router is None:
            with self._lock:
                if self._router is None:
                    self._prepare()  # off the event loop as the rest
                    self._router = load_router(self.name, expected_sha256=self._expected_sha256)
        return self._router

    @property
    def sha256(self) -> str | None:
        """The hash that pins the router's checkpoint; None for an object that has none."""
        if self._router is not None:
            return self._router.checkpoint_sha256
        return saved_config(self.name, expected_sha256=self._expected_sha256).sha256

    @property
    def named(self) -> bool:
        """Whether it was given by name or folder."""
        return self._named

    def is_read(self, *, quantiles: bool) -> bool:
        """Say whether its threshold, or its scores' quantiles, are known without a look into its folder."""
        return not self._named or (self._read if quantiles else self._recommended is not None)

    @property
    def recommended_threshold(self) -> float:
        """The threshold that the router recommends, in [0, 1].

        Raises:
            UnknownNameError: If no router has that name.
            ArtifactSchemaError: If its card names no threshold in [0, 1].
        """
        if self._named and self._recommended is None:
            self._recommended = recommended_threshold(
                self.name, otherwise=self._otherwise, expected_sha256=self._expected_sha256
            )
        if self._recommended is not None:
            return self._recommended
        known = self.quantiles  # of an object, which may be fitted after this was made
        return self._otherwise if known is None else known.threshold(0.5)

    @property
    def quantiles(self) -> ScoreQuantiles | None:
        """The quantiles of the router's scores, or None where they are not known; read once.

        Raises:
            UnknownNameError: If no router has that name.
            ArtifactError: If its checkpoint is damaged.
        """
        if self._named and not self._read:
            self._quantiles = saved_quantiles(self.name, expected_sha256=self._expected_sha256)
            self._read = True
        return self.quantiles_at_hand

    @property
    def quantiles_at_hand(self) -> ScoreQuantiles | None:
        """The quantiles where they are known without reading a file."""
        return self._router.score_quantiles_ if self._router is not None else self._quantiles


def in_event_loop() -> bool:
    """Tell whether this runs inside an event loop, where no disk may be touched."""
    asyncio = sys.modules.get("asyncio")  # a program that has not imported it runs no loop
    if asyncio is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
