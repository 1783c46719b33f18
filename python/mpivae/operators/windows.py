"""Convolutions and pools of maps `[rows, channels, *axes]` along any number of axes, one place of the kernel after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from ..onnx import Attributes


@dataclass(frozen=True)
class _Window:
    kernel: list[int]
    stride: list[int]
    dilation: list[int]
    before: list[int]
    behind: list[int]
    groups: int

    @staticmethod
    def of(how: Attributes) -> _Window:
        axes = len(how["kernel_shape"])
        return _Window(
            how["kernel_shape"], how["strides"], how["dilations"], how["pads"][:axes], how["pads"][axes:], how.get("group", 1)
        )

    def extent(self, axis: int) -> int:
        """The positions from the first that the kernel sees to the last."""
        return self.dilation[axis] * (self.kernel[axis] - 1) + 1

    def padded(self, x: np.ndarray, filling: float) -> np.ndarray:
        return np.pad(x, [(0, 0), (0, 0), *zip(self.before, self.behind)], constant_values=filling)

    def counts(self, padded: tuple[int, ...]) -> list[int]:
        """The places along each axis where the kernel lies wholly within a padded map."""
        return [(size - self.extent(axis)) // self.stride[axis] + 1 for axis, size in enumerate(padded)]

    def places(self, counts: list[int]) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
        """Each place of the kernel, and the positions that it sees as the kernel goes over a map."""
        for tap in product(*(range(size) for size in self.kernel)):
            starts = [place * step for place, step in zip(tap, self.dilation)]
            yield tap, tuple(
                slice(start, start + step * (count - 1) + 1, step) for start, step, count in zip(starts, self.stride, counts)
            )


def _grouped(x: np.ndarray, groups: int) -> np.ndarray:
    """`[rows, channels, *axes]` as `[rows, groups, channels of a group, positions]`."""
    return x.reshape(len(x), groups, x.shape[1] // groups, int(np.prod(x.shape[2:])))


def _convolution(inputs: list[np.ndarray], how: Attributes) -> np.ndarray:
    window, (x, weight) = _Window.of(how), inputs[:2]
    padded = window.padded(x, 0)
    counts = window.counts(padded.shape[2:])
    outputs = weight.shape[0]
    # [groups, outputs of a group, channels of a group, *kernel]
    weight = weight.reshape(window.groups, outputs // window.groups, *weight.shape[1:])
    sums = np.zeros((len(x), window.groups, outputs // window.groups, int(np.prod(counts))), x.dtype)
    for tap, places in window.places(counts):
        sums += weight[(slice(None),) * 3 + tap] @ _grouped(padded[(slice(None),) * 2 + places], window.groups)
    return _biased(sums.reshape(len(x), outputs, *counts), inputs)


def _transposed_convolution(inputs: list[np.ndarray], how: Attributes) -> np.ndarray:
    window, (x, weight) = _Window.of(how), inputs[:2]
    counts = list(x.shape[2:])
    outputs = weight.shape[1] * window.groups
    # [groups, channels of a group, outputs of a group, *kernel]
    weight = weight.reshape(window.groups, -1, *weight.shape[1:])
    sizes = [step * (count - 1) + window.extent(axis) for axis, (step, count) in enumerate(zip(window.stride, counts))]
    maps, own = np.zeros((len(x), outputs, *sizes), x.dtype), _grouped(x, window.groups)
    for tap, places in window.places(counts):
        part = weight[(slice(None),) * 3 + tap].swapaxes(1, 2) @ own
        maps[(slice(None),) * 2 + places] += part.reshape(len(x), outputs, *counts)
    kept = tuple(slice(before, size - behind) for before, behind, size in zip(window.before, window.behind, sizes))
    return _biased(maps[(slice(None),) * 2 + kept], inputs)


def _largest(inputs: list[np.ndarray], how: Attributes) -> np.ndarray:
    window = _Window.of(how)
    padded = window.padded(inputs[0], -np.inf)
    counts = window.counts(padded.shape[2:])
    largest = np.full((*padded.shape[:2], *counts), -np.inf, padded.dtype)
    for _, places in window.places(counts):
        np.maximum(largest, padded[(slice(None),) * 2 + places], out=largest)
    return largest


def _biased(maps: np.ndarray, inputs: list[np.ndarray]) -> np.ndarray:
    return maps if len(inputs) < 3 else maps + inputs[2].reshape(-1, *[1] * (maps.ndim - 2))


OPERATORS = {"Conv": _convolution, "ConvTranspose": _transposed_convolution, "MaxPool": _largest}
