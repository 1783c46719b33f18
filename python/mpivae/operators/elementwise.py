"""Functions of each value, and of two values one by one."""

from __future__ import annotations

import numpy as np

# The exponential of what erfc(x) is, in t = 1 / (1 + |x| / 2), to 1.2e-7 (Press et al., Numerical Recipes in C, 2nd edition, section 6.2).
_ERFC = [
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223,
]


def _erf(x: np.ndarray) -> np.ndarray:
    wide = np.abs(x.astype("f8"))
    t = 1 / (1 + wide / 2)
    return (np.sign(x) * (1 - t * np.exp(np.polyval(_ERFC, t) - wide * wide))).astype(x.dtype)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    # Nothing overflows.
    small = np.exp(-np.abs(x))
    return np.where(x < 0, small, 1) / (1 + small)


def _cast(x: np.ndarray, to: int) -> np.ndarray:
    return x.astype({1: "f4", 7: "i8", 9: "?", 11: "f8"}[to])


OPERATORS = {
    "Abs": lambda x, _: np.abs(x[0]),
    "Add": lambda x, _: x[0] + x[1],
    "Cast": lambda x, how: _cast(x[0], how["to"]),
    "Div": lambda x, _: x[0] / x[1],
    "Elu": lambda x, how: np.where(x[0] > 0, x[0], how["alpha"] * np.expm1(np.minimum(x[0], 0))).astype(x[0].dtype),
    "Equal": lambda x, _: x[0] == x[1],
    "Erf": lambda x, _: _erf(x[0]),
    "Exp": lambda x, _: np.exp(x[0]),
    "Greater": lambda x, _: x[0] > x[1],
    "Identity": lambda x, _: x[0],
    "IsNaN": lambda x, _: np.isnan(x[0]),
    "LeakyRelu": lambda x, how: np.where(x[0] > 0, x[0], x[0] * x[0].dtype.type(how["alpha"])),
    "Log": lambda x, _: np.log(x[0]),
    "Max": lambda x, _: np.maximum(x[0], x[1]),
    "Min": lambda x, _: np.minimum(x[0], x[1]),
    "Mul": lambda x, _: x[0] * x[1],
    "Neg": lambda x, _: -x[0],
    "Relu": lambda x, _: np.maximum(x[0], 0),
    "Sigmoid": lambda x, _: _sigmoid(x[0]).astype(x[0].dtype),
    "Sign": lambda x, _: np.sign(x[0]),
    "Sqrt": lambda x, _: np.sqrt(x[0]),
    "Sub": lambda x, _: x[0] - x[1],
    "Tanh": lambda x, _: np.tanh(x[0]),
    "Where": lambda x, _: np.where(x[0], x[1], x[2]),
}
