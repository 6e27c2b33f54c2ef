"""Numbers rounded to whole ones on a scale of their row's own, and half bytes packed two in a byte."""

import numpy as np
from numpy.typing import NDArray


def rounded(rows: NDArray[np.float32], top: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Round rows (n, width) to [-top, top], and return their scales (n,); a row of zeros stays one."""
    scales = (np.abs(rows).max(axis=1) / top).astype(np.float32)
    whole = np.rint(rows / np.where(scales > 0, scales, np.float32(1))[:, None])
    return whole.astype(np.int32), scales


def split(whole: NDArray[np.int32], base: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return high and low with `whole = base * high + low`, low in [-base / 2, base / 2)."""
    high = (whole + base // 2) // base
    return high, whole - base * high


def packed(halves: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Put numbers in [-8, 7], shape (n, width), two in a byte: shape (n, width / 2) rounded up."""
    packed = (halves[:, ::2] & 15).astype(np.uint8)
    packed[:, : halves.shape[1] // 2] |= (halves[:, 1::2] << 4 & 0xF0).astype(np.uint8)
    return packed


def unpacked(packed: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Return the numbers that `packed` took, and the 0 that filled it up."""
    both = packed.view(np.int8)
    halves: NDArray[np.int8] = np.stack([both << 4 >> 4, both >> 4], axis=-1).reshape(len(packed), -1)
    return halves
