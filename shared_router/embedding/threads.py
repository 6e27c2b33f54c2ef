"""How many threads torch may take, for as long as somebody embeds."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_threads_lock = threading.Lock()
_threads_users = 0
_threads_before = 1


@contextmanager
def torch_threads(threads: int | None) -> Iterator[None]:
    """Bound torch's threads, and give back what was there before the first of several callers."""
    global _threads_users, _threads_before
    if threads is None:
        yield
        return
    import torch

    with _threads_lock:
        if _threads_users == 0:
            _threads_before = torch.get_num_threads()
        _threads_users += 1
        torch.set_num_threads(threads)
    try:
        yield
    finally:
        with _threads_lock:
            _threads_users -= 1
            torch.set_num_threads(_threads_before)
