"""A text's keyed hash: the same text is known again, and nobody without the key can try out what it was.

A bare hash of a short prompt is guessed in seconds: hash "yes", "hi" and a dictionary, and compare.
HMAC-SHA256 with a key of the installation cannot be tried without the key. Who throws the key away makes
every hash that was made with it a random number for good.
"""

from __future__ import annotations

import hmac
import os
import secrets
import stat
import tempfile
from pathlib import Path

from shared_router.choices import shown_kind
from shared_router.errors import InvalidInputError

KEY_VARIABLE = "ROUTELLM_LOG_KEY"
KEY_FILE = "routellm-log.key"
"""The key's file, in the folder of the log: the logs of one folder have one key."""

PREFIX = "hmac:"
_LEAST_BYTES = 16


class KeyedHash:
    """Hash texts with one key.

    Args:
        key: The key, at least 16 bytes.

    Raises:
        InvalidInputError: If it is shorter, or no key.
    """

    def __init__(self, key: str | bytes) -> None:
        if not isinstance(key, (str, bytes)):
            raise InvalidInputError(f"a log's key must be text or bytes, got {shown_kind(key)}")
        given = key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key
        if len(given) < _LEAST_BYTES:
            raise InvalidInputError(
                f"a log's key must have at least {_LEAST_BYTES} bytes, got {len(given)}; "
                'make one with: python -c "import secrets; print(secrets.token_hex(32))"'
            )
        self._key = given

    @classmethod
    def of_installation(cls, folder: str | Path) -> KeyedHash:
        """Use the key in `ROUTELLM_LOG_KEY`, else the one in a folder, made there once, its owner's alone.

        Args:
            folder: The log's folder.

        Raises:
            InvalidInputError: If the key is too short, others may read its file, or it cannot be made.
        """
        given = os.environ.get(KEY_VARIABLE)
        if given:
            return cls(given)
        path = Path(folder) / KEY_FILE
        try:
            if not path.exists():
                _make(path)
            return cls(_kept(path))
        except OSError as error:
            raise InvalidInputError(
                f"a log's key must be kept beside it, and {path} cannot be used ({type(error).__name__}); "
                f"give one in {KEY_VARIABLE}"
            ) from error

    def __call__(self, text: str) -> str:
        """Return `"hmac:"` and the 64 hexadecimal digits of a text's HMAC-SHA256."""
        return PREFIX + hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256").hex()

    def __repr__(self) -> str:
        """Show no key."""
        return "KeyedHash()"


def _make(path: Path) -> None:
    """Make a key, whole or not at all: of two processes that begin at once, both use the first one's."""
    descriptor, made = tempfile.mkstemp(dir=path.parent, prefix=".routellm-log-key-")  # 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
        try:
            os.link(made, path)
        except FileExistsError:
            return
    finally:
        os.unlink(made)


def _kept(path: Path) -> str:
    with open(path, encoding="utf-8") as file:
        if os.name == "posix" and os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise InvalidInputError(f"a log's key must be its owner's alone to read; run: chmod 600 {path}")
        return file.read(4096).strip()
