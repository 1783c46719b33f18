"""One exported file, computed in numpy."""

from __future__ import annotations

import json
import os
from functools import cached_property
from typing import Any

import numpy as np

from .onnx import Graph, Node, read
from .operators import OPERATORS

_ROWS_AT_ONCE = 256


class Network:
    """The encoder, the decoder or both of a model, as `mpi-vae export --format onnx` or `mpi-vae train` writes them.

    All is computed in double precision and rounded at the end.

    Attributes:
        graph: the operators, what they take and give, and the metadata (docs/export.md).
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self.graph: Graph = read(path)
        unknown = sorted({node.operator for node in self.graph.nodes} - OPERATORS.keys())
        if unknown:
            raise NotImplementedError(
                f"{self.path} needs the operators {', '.join(unknown)}, which this version of mpivae has not: update it, or use onnxruntime"
            )

    def __repr__(self) -> str:
        return f"Network({self.path!r})"

    @cached_property
    def conditions(self) -> list[dict[str, Any]]:
        """What rows are conditioned on: `name`, and `categories`, or `mean` and `deviation` of numbers."""
        return json.loads(self.graph.metadata.get("conditions", "[]"))

    def run(self, given: dict[str, np.ndarray], outputs: list[str] | None = None) -> dict[str, np.ndarray]:
        """Computes outputs of rows, `[rows, *shape]` each.

        Args:
            given: the inputs by name, of as many rows each.
            outputs: the names of those that are wanted; all of them if there is no list.

        Raises:
            ValueError: if an input is missing, or has another shape.
        """
        ports = {port.name: port for port in self.graph.inputs}
        missing = [name for name in ports if name not in given]
        if missing:
            raise ValueError(f"{self.path} takes {', '.join(ports)}; {', '.join(missing)} is missing")
        inputs = {name: _wide(np.asarray(given[name], port.type)) for name, port in ports.items()}
        count = len(next(iter(inputs.values())))
        for name, port in ports.items():
            if inputs[name].shape != (count, *port.shape):
                raise ValueError(f"{name} must have the shape {(count, *port.shape)}, not {inputs[name].shape}")
        names = [port.name for port in self.graph.outputs] if outputs is None else outputs
        # No rows give nothing, of the right shapes.
        starts = range(0, max(count, 1), _ROWS_AT_ONCE)
        parts = [self._block({name: values[i : i + _ROWS_AT_ONCE] for name, values in inputs.items()}, names) for i in starts]
        types = {port.name: port.type for port in self.graph.outputs}
        return {name: np.concatenate([part[name] for part in parts]).astype(types[name]) for name in names}

    def _block(self, inputs: dict[str, np.ndarray], names: list[str]) -> dict[str, np.ndarray]:
        values = {**self._constants, **inputs}
        # Values that are chosen from may be none: logarithms of what is negative, quotients by 0.
        with np.errstate(all="ignore"):
            for node in self._needed(tuple(names)):
                values[node.output] = OPERATORS[node.operator]([values[name] for name in node.inputs], node.attributes)
        return {name: values[name] for name in names}

    def _needed(self, names: tuple[str, ...]) -> list[Node]:
        if names not in self._plans:
            wanted = set(names)
            nodes: list[Node] = []
            for node in reversed(self.graph.nodes):
                if node.output in wanted:
                    wanted.update(node.inputs)
                    nodes.append(node)
            self._plans[names] = nodes[::-1]
        return self._plans[names]

    @cached_property
    def _constants(self) -> dict[str, np.ndarray]:
        return {name: _wide(values) for name, values in self.graph.constants.items()}

    @cached_property
    def _plans(self) -> dict[tuple[str, ...], list[Node]]:
        return {}


def _wide(values: np.ndarray) -> np.ndarray:
    return values.astype("f8") if values.dtype == np.float32 else values
