"""ONNX files as mpi-vae writes them, read without any library: just enough of Protocol Buffers, and of onnx.proto."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

# By name: int, float, or a list of int, as the operator has them.
Attributes = dict[str, Any]

# TensorProto.DataType
_TYPES: dict[int, np.dtype[Any]] = {1: np.dtype("<f4"), 7: np.dtype("<i8"), 9: np.dtype("?"), 11: np.dtype("<f8")}


@dataclass(frozen=True)
class Port:
    """What a graph takes or gives: `[rows, *shape]` of a type."""

    name: str
    type: np.dtype[Any]
    shape: tuple[int, ...]
    text: str


@dataclass(frozen=True)
class Node:
    operator: str
    inputs: list[str]
    output: str
    attributes: Attributes


@dataclass
class Graph:
    """The operators of a file in the order of their work, its numbers, and what is said of it."""

    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    inputs: list[Port] = field(default_factory=list)
    outputs: list[Port] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)


def read(path: str | os.PathLike[str]) -> Graph:
    """Reads a file.

    Raises:
        ValueError: for a file that is no ONNX file of mpi-vae, or a damaged one.
    """
    try:
        return _model(memoryview(Path(path).read_bytes()))
    except (IndexError, KeyError, TypeError, UnicodeDecodeError, ValueError, struct.error) as error:
        raise ValueError(f"{path} is no ONNX file of mpi-vae, or it is damaged ({error!r})") from None


def _model(data: memoryview) -> Graph:
    graph, producer = Graph(), ""
    for number, value in _fields(data):
        if number == 2:
            producer = _text(value)
        elif number == 7:
            _fill(graph, value)
        elif number == 14:
            key, text = (_text(part) for _, part in _fields(value))
            graph.metadata[key] = text
    if producer != "mpi-vae":
        raise ValueError(f"its producer is {producer!r}")
    return graph


def _fill(graph: Graph, data: memoryview) -> None:
    for number, value in _fields(data):
        if number == 1:
            graph.nodes.append(_node(value))
        elif number == 5:
            name, numbers = _tensor(value)
            graph.constants[name] = numbers
        elif number == 11:
            graph.inputs.append(_port(value))
        elif number == 12:
            graph.outputs.append(_port(value))


def _node(data: memoryview) -> Node:
    inputs: list[str] = []
    attributes: Attributes = {}
    output = operator = ""
    for number, value in _fields(data):
        if number == 1:
            inputs.append(_text(value))
        elif number == 2:
            output = _text(value)
        elif number == 4:
            operator = _text(value)
        elif number == 5:
            name, attribute = _attribute(value)
            attributes[name] = attribute
    return Node(operator, inputs, output, attributes)


def _attribute(data: memoryview) -> tuple[str, Any]:
    fields = dict(_fields(data))
    name = _text(fields[1])
    if 2 in fields:
        return name, struct.unpack("<f", fields[2])[0]
    if 8 in fields:
        return name, _integers(fields[8])
    return name, _signed(fields.get(3, 0))


def _tensor(data: memoryview) -> tuple[str, np.ndarray]:
    fields = dict(_fields(data))
    shape = _integers(fields.get(1, memoryview(b"")))
    return _text(fields[8]), np.frombuffer(fields.get(9, b""), _TYPES[fields[2]]).reshape(shape)


def _port(data: memoryview) -> Port:
    fields = dict(_fields(data))
    tensor = dict(_fields(dict(_fields(fields[2]))[1]))
    # The rows come first, and have a name in place of a number.
    sizes = [dict(_fields(size)).get(1, 0) for _, size in _fields(tensor[2])]
    return Port(_text(fields[1]), _TYPES[tensor[1]], tuple(sizes[1:]), _text(fields[3]))


def _fields(data: memoryview) -> Iterator[tuple[int, Any]]:
    """The fields of a message: numbers, or bytes."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind = key & 7
        if kind == 0:
            value, place = _varint(data, place)
            yield key >> 3, value
            continue
        if kind == 2:
            length, place = _varint(data, place)
        else:
            length = {1: 8, 5: 4}[kind]
        if place + length > len(data):
            raise ValueError("a field is longer than the file")
        yield key >> 3, data[place : place + length]
        place += length


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
        shift += 7


def _integers(data: memoryview) -> list[int]:
    values, place = [], 0
    while place < len(data):
        value, place = _varint(data, place)
        values.append(_signed(value))
    return values


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _text(data: memoryview) -> str:
    return bytes(data).decode()
