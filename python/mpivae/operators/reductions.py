"""Products of matrices, and what is made of all values along axes."""

from __future__ import annotations

import numpy as np


def _softmax(x: np.ndarray, axis: int) -> np.ndarray:
    shares = np.exp(x - x.max(axis, keepdims=True))
    return shares / shares.sum(axis, keepdims=True)


OPERATORS = {
    "ArgMax": lambda x, how: np.expand_dims(x[0].argmax(how["axis"]), how["axis"]),
    "MatMul": lambda x, _: x[0] @ x[1],
    "ReduceMax": lambda x, how: x[0].max(tuple(how["axes"]), keepdims=True),
    "ReduceMean": lambda x, how: x[0].mean(tuple(how["axes"]), keepdims=True),
    "ReduceSum": lambda x, how: x[0].sum(tuple(x[1]), keepdims=True),
    "Softmax": lambda x, how: _softmax(x[0], how["axis"]),
}
