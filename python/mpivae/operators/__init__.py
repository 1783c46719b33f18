"""ONNX's operators in numpy, those that mpi-vae's networks, preparations and likelihoods are made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..onnx import Attributes
from . import elementwise, reductions, shapes, windows

Operator = Callable[[list[np.ndarray], Attributes], np.ndarray]

OPERATORS: dict[str, Operator] = {**elementwise.OPERATORS, **reductions.OPERATORS, **shapes.OPERATORS, **windows.OPERATORS}
