"""Lists of blocks in PyTorch, from the parameters that `mpi-vae export` writes: for compare-layers."""

import math
import sys

import h5py
import numpy as np
import torch
from torch.nn import functional as F

from torch_blocks import items, numbers


def make(folder):
    random = np.random.default_rng(1)
    with h5py.File(f"{folder}/data.h5", "w") as file:
        for name, shape in {"values": (48,), "series": (21, 6), "maps": (13, 11, 4), "volumes": (9, 8, 7)}.items():
            file[name] = random.normal(size=(64, *shape)).astype(np.float32)


ACTIVATIONS = {
    "relu": F.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "silu": F.silu, "gelu": F.gelu, "elu": F.elu,
    "leaky-relu": F.leaky_relu,
}


class Parameters:
    """The parameters of a network, taken one after the other."""

    def __init__(self, path, part):
        arrays = np.load(path)
        self.all = {name: torch.from_numpy(arrays[name]) for name in arrays.files if name.startswith(part)}
        self.names = [name for name in self.all if not name.endswith(("running-mean", "running-variance"))]

    def take(self, ending):
        assert self.names and self.names[0].endswith(ending), (self.names[:1], ending)
        self.last = self.names.pop(0)
        return self.all[self.last]


def channels_first(x):
    return x.movedim(-1, 1)


def channels_last(x):
    return x.movedim(1, -1)


def convolution(x, words, p):
    axes = x.dim() - 2
    kernel, stride, padding, dilation = (numbers(words, letter, axes, usual) for letter, usual in zip("kspd", (1, 1, 0, 1)))
    groups = numbers(words, "g", 1, 1)[0]
    weight, bias = p.take("weight"), p.take("bias")
    if weight.dim() == axes + 2:
        weight = weight[None]
    # [groups, kernel..., from a group, to a group]
    assert list(weight.shape[1:-2]) == kernel
    call = [F.conv1d, F.conv2d, F.conv3d][axes - 1]
    if words[0] == "transposed-conv":
        call = [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d][axes - 1]
        # The weights of the convolution that it is the transpose of: [groups, inputs of a group, outputs of a group, kernel...]
        weight = weight.movedim(-1, 1).movedim(-1, 2).flatten(0, 1)
        return channels_last(call(channels_first(x), weight, bias, stride, padding, 0, groups, dilation))
    weight = weight.movedim(-1, 1).movedim(-1, 2).flatten(0, 1)
    return channels_last(call(channels_first(x), weight, bias, stride, padding, dilation, groups))


def apply(item, x, p):
    words = item.split("(")[0].split()
    name, axes = words[0], x.dim() - 2
    shape = lambda: [int(number) for number in words[1].split("x")]
    if item in ACTIVATIONS:
        return ACTIVATIONS[item](x)
    if name in ("conv", "transposed-conv"):
        return convolution(x, words, p)
    if name == "dense":
        return (x.flatten(1) @ p.take("weight") + p.take("bias")).reshape(-1, *shape())
    if name == "batch-norm":
        gain, shift = p.take("gain"), p.take("shift")
        running = [p.all[p.last.replace("shift", f"running-{what}")] for what in ("mean", "variance")]
        return channels_last(F.batch_norm(channels_first(x), *running, gain, shift))
    if name == "group-norm":
        return channels_last(F.group_norm(channels_first(x), int(words[1]), p.take("gain"), p.take("shift")))
    if name in ("layer-norm", "position-norm"):
        gain, shift = p.take("gain"), p.take("shift")
        axes = x.shape[1:] if name == "layer-norm" else x.shape[-1:]
        return F.layer_norm(x, axes, gain.reshape(axes), shift.reshape(axes))
    if name in ("max-pool", "average-pool"):
        kernel, stride, padding = (numbers(words, letter, axes, usual) for letter, usual in zip("ksp", (1, 1, 0)))
        calls = {"max-pool": [F.max_pool1d, F.max_pool2d, F.max_pool3d], "average-pool": [F.avg_pool1d, F.avg_pool2d, F.avg_pool3d]}
        return channels_last(calls[name][axes - 1](channels_first(x), kernel, stride, padding))
    if name == "global-pool":
        return x.mean(tuple(range(1, x.dim() - 1)))
    if name == "resize":
        return channels_last(F.interpolate(channels_first(x), shape()[:-1], mode="nearest"))
    if name == "interpolate":
        mode = ["linear", "bilinear", "trilinear"][axes - 1]
        return channels_last(F.interpolate(channels_first(x), shape()[:-1], mode=mode, align_corners=False))
    if name == "tokens":
        return x.flatten(1, -2)
    if name == "shape":
        return x.reshape(len(x), *shape())
    if item == "positions learned":
        return x + p.take("positions")
    if item == "positions sinusoidal":
        count, width = x.shape[1:]
        angles = torch.arange(count)[:, None] / 10000 ** (torch.arange(0, width, 2) / width)
        return x + torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, :width]
    if name == "attention":
        heads = int(words[1])
        parts = (x @ p.take("weight") + p.take("bias")).chunk(3, -1)
        query, key, value = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in parts)
        mixed = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        return mixed @ p.take("weight") + p.take("bias")
    if name == "residual":
        inner = run(item[item.index("(") + 1 : item.rindex(")")], x, p)
        if p.names and "/shortcut/" in p.names[0]:
            if x.dim() > 2:
                sizes = list(inner.shape[1:-1])
                if sizes != list(x.shape[1:-1]):
                    x = channels_last(F.interpolate(channels_first(x), sizes, mode="nearest"))
                weight = p.take("weight")
                x = x @ weight.flatten(0, -3)[0] + p.take("bias")
            else:
                x = x @ p.take("weight") + p.take("bias")
        return x + inner
    raise ValueError(item)


def run(text, x, p):
    for item in items(text):
        x = apply(item, x, p)
    return x


def compare(folder, name, data, encoder, decoder, tolerance):
    with h5py.File(f"{folder}/data.h5") as file:
        rows = torch.from_numpy(file[data][:])
    if data == "volumes":
        rows = rows[..., None]
    codes = torch.from_numpy(np.load(f"{folder}/{name}/codes.npy"))
    with h5py.File(f"{folder}/{name}/rows.h5") as file:
        wanted = torch.from_numpy(file["data"][:]).flatten(1)
    p = Parameters(f"{folder}/{name}/model.npz", "encoder")
    found = apply("dense 5", run(encoder, rows, p).flatten(1), p)
    assert not p.names, p.names
    p = Parameters(f"{folder}/{name}/model.npz", "decoder")
    decoded = run(decoder, codes, p).flatten(1)
    assert not p.names, p.names
    errors = [((ours - theirs).abs().max() / ours.square().mean().sqrt()).item() for ours, theirs in ((codes, found), (wanted, decoded))]
    print(f"{name:12} codes {errors[0]:.1e}, reconstructions {errors[1]:.1e}")
    return max(errors) <= float(tolerance) and not any(map(math.isnan, errors))


if sys.argv[1] == "data":
    make(sys.argv[2])
else:
    sys.exit(not compare(*sys.argv[2:]))
