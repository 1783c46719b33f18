"""Lists of blocks as modules of PyTorch, in the way PyTorch is fastest at: maps have their channels first, sequences last."""
import math
import re

import torch
from torch import nn
from torch.nn import functional as F


def items(text):
    """The items between commas that are not in parentheses."""
    parts, depth, start = [], 0, 0
    for place, character in enumerate(text + ","):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    return parts


def numbers(words, letter, axes, usual):
    """What the word that begins with a letter says for each axis: k4, k3x5."""
    found = [word[1:] for word in words if re.fullmatch(letter + r"[\dx]+", word)]
    values = [int(number) for number in found[0].split("x")] if found else [usual]
    return values * axes if len(values) == 1 else values


class Shaped(nn.Module):
    """Values of a row under a shape, which has its channels last as it is said: a map gets them first."""

    def __init__(self, shape):
        super().__init__()
        self.shape = [shape[-1], *shape[:-1]] if len(shape) > 2 else shape

    def forward(self, x):
        # From a sequence to a map.
        if x.dim() == 3: x = x.transpose(1, 2)
        return x.reshape(-1, *self.shape)


class Tokens(nn.Module):
    def forward(self, x):
        return x.flatten(2).transpose(1, 2)


class Positions(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.positions = nn.Parameter(torch.randn(shape) * 0.02)

    def forward(self, x):
        return x + self.positions


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.inputs, self.outputs = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        query, key, value = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.inputs(x).chunk(3, -1))
        return self.outputs(F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2))


class Residual(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return x + self.inner(x)


def block(item, shape):
    """A block's modules behind a `shape`, which has its channels last, and the shape behind them."""
    words = item.split("(")[0].split()
    name, axes, channels = words[0], len(shape) - 1, shape[-1]
    said = [int(number) for number in words[1].split("x")] if re.fullmatch(r"[\dx]+", "".join(words[1:2])) else []
    if item == "relu": return [nn.ReLU()], shape
    if item == "gelu": return [nn.GELU()], shape
    if name == "dropout": return [nn.Dropout(float(words[1]))], shape
    if name == "dense":
        behind = [Shaped(said)] if len(said) > 1 else []
        return [*([nn.Flatten()] if axes else []), nn.Linear(math.prod(shape), math.prod(said)), *behind], said
    if name == "shape": return [Shaped(said)], said
    if name == "tokens": return [Tokens()], [math.prod(shape[:-1]), channels]
    if name == "positions": return [Positions(shape)], shape
    if name == "attention": return [Attention(channels, said[0])], shape
    if name == "position-norm" and axes == 1: return [nn.LayerNorm(channels)], shape
    if name == "residual":
        inner, behind = network(item[item.index("(") + 1 : item.rindex(")")], shape)
        assert behind == shape, (item, shape, behind)
        return [Residual(nn.Sequential(*inner))], shape
    kernel, stride, padding = (numbers(words[1:], letter, axes, usual) for letter, usual in zip("ksp", (1, 1, 0)))
    # A convolution of one tap over a sequence is a dense layer of each position.
    if name in ("conv", "transposed-conv") and axes == 1 and kernel == [1]:
        return [nn.Linear(channels, said[-1])], [shape[0], said[-1]]
    if name == "conv" and axes == 2:
        behind = [(size + 2 * p - k) // s + 1 for size, k, s, p in zip(shape, kernel, stride, padding)]
        return [nn.Conv2d(channels, said[-1], kernel, stride, padding)], [*behind, said[-1]]
    if name == "transposed-conv" and axes == 2:
        least = [(size - 1) * s - 2 * p + k for size, k, s, p in zip(shape, kernel, stride, padding)]
        more = [wanted - found for wanted, found in zip(said, least)]
        return [nn.ConvTranspose2d(channels, said[-1], kernel, stride, padding, more)], said
    raise ValueError(f"{item} behind {shape}")


def network(text, shape):
    """The modules of a list of blocks, and the shape that they make of `shape`."""
    modules = []
    for item in items(text):
        made, shape = block(item, shape)
        modules += made
    return modules, shape
