"""The server's own process: `transformers serve`, ended when its parent is.

Run as `python -m shared_router.demo.serve_process FOLDER OPTIONS...`. The command `transformers` is not
called itself for two reasons: it asks a package registry for updates first, and nothing would end it if
this program were killed. Here the process ends as soon as its standard input does, however that happens.
"""

import os
import sys
import threading
from pathlib import Path


def main() -> None:
    """Serve the model in the folder named first, with the options of `transformers serve` after it."""
    folder, options = Path(sys.argv[1]).resolve(), sys.argv[2:]
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from transformers.cli.transformers import app

    # The server answers only to the very name it was started with, and reads "@" in one as a revision and
    # a ".gguf" after ":" as a file. From the parent folder the name is the model's alone, wherever it lies.
    os.chdir(folder.parent)
    sys.argv = ["transformers", "serve", folder.name, *options]
    app()


def _end_with_parent() -> None:
    # os.read and not sys.stdin: a thread that holds its lock makes an interpreter that ends abort instead
    while os.read(0, 1024):
        pass
    os._exit(0)  # nothing here is worth an orderly end: no state, no files


if __name__ == "__main__":
    main()
