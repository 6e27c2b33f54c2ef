"""Guards for tests of hostile files: what reaches the network or an import that nobody asked for is told."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from typing import Any

import pytest

# what transformers imports of its own accord, whatever a config says
_KNOWN = {*sys.stdlib_module_names, "huggingface_hub", "numpy", "safetensors", "shared_router", "tests"}
_KNOWN |= {"google", "peft", "sentencepiece", "tiktoken", "tokenizers", "torch", "transformers"}


class _Imports(MetaPathFinder):
    def __init__(self) -> None:
        self.names: list[str] = []

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        del path, target
        self.names.append(fullname)


@contextmanager
def guarded() -> Iterator[list[str]]:
    """Yield a list of what was reached in the block: hosts, and packages that were looked for."""
    reached: list[str] = []

    def refuse(*arguments: Any, **_: Any) -> Any:
        reached.append(f"network: {arguments[:2]}")
        raise OSError("no network in this test")

    imports = _Imports()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", refuse)
        patch.setattr(socket.socket, "connect", refuse)
        sys.meta_path.insert(0, imports)
        try:
            yield reached
        finally:
            sys.meta_path.remove(imports)
            reached.extend(f"import: {name}" for name in imports.names if name.split(".")[0] not in _KNOWN)
