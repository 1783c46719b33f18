"""The same values at other places."""

from __future__ import annotations

import numpy as np


def _pad(x: np.ndarray, pads: np.ndarray) -> np.ndarray:
    return np.pad(x, [(int(before), int(behind)) for before, behind in zip(pads[: x.ndim], pads[x.ndim :])])


def _reshape(x: np.ndarray, shape: np.ndarray) -> np.ndarray:
    # 0 is for what the axis has.
    return x.reshape([size or x.shape[axis] for axis, size in enumerate(shape.tolist())])


def _slice(x: np.ndarray, starts: np.ndarray, ends: np.ndarray, axes: np.ndarray) -> np.ndarray:
    places = [slice(None)] * x.ndim
    for start, end, axis in zip(starts, ends, axes):
        places[axis] = slice(int(start), int(end))
    return x[tuple(places)]


OPERATORS = {
    "Concat": lambda x, how: np.concatenate(x, how["axis"]),
    "Expand": lambda x, _: np.broadcast_to(x[0], tuple(x[1])),
    "Gather": lambda x, how: np.take(x[0], x[1], how["axis"]),
    "Pad": lambda x, _: _pad(x[0], x[1]),
    "Reshape": lambda x, _: _reshape(x[0], x[1]),
    "Shape": lambda x, how: np.array(x[0].shape[how["start"] : how["end"]], "i8"),
    "Slice": lambda x, _: _slice(*x),
    "Transpose": lambda x, how: x[0].transpose(how["perm"]),
}
