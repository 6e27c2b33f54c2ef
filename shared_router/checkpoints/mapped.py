"""A safetensors file as numpy arrays that stay in the mapped file; safetensors' own numpy loader copies.

The layout: eight bytes with the header's length, the header in JSON, the tensors' bytes. Left out:
bfloat16 and the eight-bit floats, which numpy has no name for.
"""

import json
import math
from mmap import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DTYPES = {f"F{bits}": f"<f{bits // 8}" for bits in (16, 32, 64)} | {
    f"{kind}{bits}": f"<{kind.lower()}{bits // 8}" for kind in "IU" for bits in (8, 16, 32, 64)
}


def map_weights(content: mmap) -> dict[str, NDArray[Any]]:
    """Return the tensors of a mapped safetensors file, by name, without reading them.

    Args:
        content: The whole file, mapped read-only; its header's length was checked.

    Returns:
        Read-only arrays that keep the mapping open.

    Raises:
        ValueError: If the header is no JSON object or a tensor does not fit the file; also what a header
            of another make brings, a LookupError or a TypeError.
    """
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    if not isinstance(header, dict):
        raise ValueError("a header must be an object")
    tensors = {}
    for name in sorted(header.keys() - {"__metadata__"}):
        entry = header[name]
        first, end = entry["data_offsets"]
        dtype = np.dtype(_DTYPES[entry["dtype"]])
        count = math.prod(entry["shape"])
        if first < 0 or end - first != dtype.itemsize * count:
            raise ValueError("a tensor's bytes must match its shape")
        tensors[name] = np.frombuffer(content, dtype, count, start + first).reshape(entry["shape"])
    return tensors
