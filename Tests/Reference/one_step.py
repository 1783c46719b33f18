#!/usr/bin/python3
"""Trains as `mpi-vae train` does, by docs/arithmetic.md, and compares the bits with those of a checkpoint.

    one_step.py DATA.h5 CHECKPOINT.h5

takes one step after the other up to the checkpoint's, from the float32 rows of /data and the configuration that the
checkpoint has, without a look at its parameters. These, the moments, the losses of the epoch so far and the digest must
come out the same. It is plain and slow: for small nets and few steps.
"""

import hashlib
import math
import sys
import tomllib
from collections import namedtuple

import h5py
import numpy as np

import floats
import randomness
from floats import f32, f64
from model import LayerPass, initial_parameters, layers_of, likelihood, posterior, posterior_backward

# What is not told here: these keys must have one of these values.
KNOWN = {
    "data": {"mask": [""], "weights": [""], "rows": [""], "columns": [""], "fit-normal": [""], "folds": [0]},
    "preparation": {
        "nan": ["error"], "library-size": [0], "transform": ["none"], "scale": ["none"], "clip": [0], "binarize": ["none"]},
    "model": {"model": ["vae", "ae"], "corruption": ["none"]},
    "training": {"precision": ["fp32"], "wire": ["fp32"]},
    "run": {"reduction": ["ordered"]},
}

# What training works with: parameters and moments by name, and the sums of the epoch so far by shard.
State = namedtuple("State", "parameters m v sums")

# The order of rows -------------------------------------------------------------------------------------------------------


def part(index, parts, count):
    """The `index`-th of `parts` ranges of nearly equal size that make up 0..<count."""
    return range(index * count // parts, (index + 1) * count // parts)


def training_rows(c, count):
    """Those whose place in a random order comes after the rows to validate and to test on."""
    share = lambda key: math.floor(count * c["data"][key] + 0.5)
    held = share("validation-fraction") + share("test-fraction")
    order = randomness.permutation(count, c["training"]["seed"], randomness.SPLIT, 0, 0)
    return [row for row in range(count) if order[row] >= held]


def power_of_two(count):
    return 1 << max(count - 1, 0).bit_length()


def shard_order(c, rows, shard, epoch, row_bytes):
    """The numbers of a shard's rows, among the training rows, in the order of an epoch: windows of blocks, each mixed."""
    training = c["training"]
    draw = lambda count, domain: randomness.permutation(count, training["seed"], randomness.SHUFFLE, epoch, domain)
    window_rows = max(
        power_of_two(training["mixing-rows"] or max(1, (32 << 20) // row_bytes // 2 + 1)),
        power_of_two(2 * (training["global-batch"] // training["shards"])))
    if len(rows) <= window_rows:
        return [rows[place] for place in draw(len(rows), shard)]
    block_rows = max(1, window_rows // 16)
    first, end = rows.start // block_rows, -(-rows.stop // block_rows)
    blocks = draw(end - first, shard + (1 << 20))
    windows = -(-len(blocks) // (window_rows // block_rows))
    order = []
    for number in range(windows):
        numbers = sorted(first + blocks[place] for place in part(number, windows, len(blocks)))
        window = [row for block in numbers for row in range(block * block_rows, (block + 1) * block_rows) if row in rows]
        order += [window[place] for place in draw(len(window), shard + (2 + number << 20))]
    return order


# Schedules, in double precision ------------------------------------------------------------------------------------------


def learning_rate(c, step, steps_per_epoch):
    o = c["optimizer"]
    rate, warmup, final = o["lr"], o["warmup-steps"], o["lr-final-factor"]
    if step < warmup:
        return f32(rate * (step + 1) / warmup)
    since, total = step - warmup, steps_per_epoch * c["training"]["epochs"]
    share = min(1.0, since / max(total - warmup - 1, 1))
    match o["schedule"]:
        case "constant":
            factor = 1.0
        case "linear":
            factor = 1 + (final - 1) * share
        case "cosine":
            factor = final + (1 - final) * (1 + floats.cosine(math.pi * share)) / 2
        case "step":
            factor = floats.power(final, since // (o["lr-step-epochs"] * steps_per_epoch))
        case "exponential":
            factor = floats.power(final, share)
    return f32(rate * factor)


def kl_weight(c, step, steps_per_epoch):
    o = c["objective"]
    match o["beta-schedule"]:
        case "constant":
            return f32(o["beta"])
        case "linear":
            return f32(o["beta"] * min(1.0, step / max(int(o["beta-warmup-epochs"] * steps_per_epoch), 1)))
        case "cyclical":
            period = steps_per_epoch * c["training"]["epochs"] / o["beta-cycles"]
            return f32(o["beta"] * min(1.0, 2 * math.fmod(step / period, 1)))


# A step ------------------------------------------------------------------------------------------------------------------


def gradients_of_rows(c, layers, depth, parameters, x, noise, scale, beta):
    """x and g of each parameter, whose gradient is x^T g over the rows; each row's reconstruction loss and KL."""
    model = c["model"]
    is_variational = model["model"] == "vae"

    def forward(layers, x):
        passes = []
        for layer in layers:
            passes.append(LayerPass(layer, parameters, x))
            x = passes[-1].output
        return passes, x

    encoder, code = forward(layers[:depth], x)
    z, kl = posterior(code, noise) if is_variational else (code, np.zeros(len(x)))
    decoder, output = forward(layers[depth:], z)
    losses, gradient = likelihood(model, x, output, scale)

    parts = {}
    for number, layer_pass in reversed(list(enumerate(encoder + decoder))):
        own, input_gradient = layer_pass.backward(gradient)
        parts |= own
        if number > 0:
            gradient = input_gradient()
        if number == depth and is_variational:
            gradient = posterior_backward(code, noise, gradient, scale * beta)
    return parts, losses, kl


def sum_of_tree(leaves):
    """Nodes of level l cover 2^l leaves; a node without a right half is its left half."""

    def node(level, first):
        if level == 0:
            return leaves[first]
        middle = first + (1 << level - 1)
        left = node(level - 1, first)
        return left + node(level - 1, middle) if middle < len(leaves) else left

    return node((len(leaves) - 1).bit_length(), 0)


def clip_factor(gradient, limit):
    """By the norm over the flat gradient, in which each parameter begins at a multiple of 16 elements."""
    if limit == 0:
        return f32(1)
    flat = np.concatenate([np.append(g.ravel(), np.zeros(-g.size % 16, f32)) for g in gradient.values()]).astype(f64)
    total = 0.0
    for first in range(0, len(flat), 4096):
        block = flat[first : first + 4096]
        lanes = np.zeros(8)
        for i in range(0, len(block), 8):
            lanes = lanes + block[i : i + 8] * block[i : i + 8]
        a, b, c, d, e, f, g, h = map(float, lanes)
        total += ((a + b) + (c + d)) + ((e + f) + (g + h))
    return f32(min(1.0, limit / (math.sqrt(total) + 1e-6)))


def sgd(o, state, name, g, rate):
    p = state.parameters[name]
    g = g + f32(o["weight-decay"]) * p
    m = state.m[name] = f32(o["momentum"]) * state.m[name] + g
    state.parameters[name] = p - rate * m


def adam(o, state, name, g, rate, step):
    """Adam, and AdamW, whose weight decay leaves the gradient alone; `step` updates were made before."""
    beta1, beta2, decay, shrink = f32(o["beta1"]), f32(o["beta2"]), f32(o["weight-decay"]), f32(0)
    if o["optimizer"] == "adamw":
        decay, shrink = f32(0), rate * decay
    correction1 = 1 - floats.power(float(beta1), step + 1)
    correction2 = 1 - floats.power(float(beta2), step + 1)
    corrected_rate, inverse_root = f32(float(rate) / correction1), f32(1 / math.sqrt(correction2))

    p = state.parameters[name] * (f32(1) - shrink)
    g = g + decay * p
    m = state.m[name] = beta1 * state.m[name] + (f32(1) - beta1) * g
    v = state.v[name] = beta2 * state.v[name] + (f32(1) - beta2) * (g * g)
    state.parameters[name] = p - corrected_rate * (m / (np.sqrt(v) * inverse_root + f32(o["epsilon"])))


def update(c, state, gradient, rate, step):
    o = c["optimizer"]
    factor = clip_factor(gradient, o["clip-norm"])
    for name in state.parameters:
        g = factor * gradient[name]
        if o["optimizer"] == "sgd":
            sgd(o, state, name, g, rate)
        else:
            adam(o, state, name, g, rate, step)


def step_gradient(c, layers, depth, state, data, taken, epoch, beta):
    """The gradient of the mean loss over the rows that the shards give to a step; adds the losses to the shards' sums."""
    rows = [row for shard in taken for row in shard]
    noise = randomness.normal(c["training"]["seed"], randomness.TRAINING, epoch, rows, c["model"]["latent"])
    scale = f32(1) / f32(len(rows))
    parts, losses, kl = gradients_of_rows(c, layers, depth, state.parameters, data[rows], noise, scale, beta)
    leaves, first = [], 0
    for shard, of_shard in enumerate(taken):
        mine = slice(first, first + len(of_shard))
        first = mine.stop
        leaves.append({name: floats.sum_over_rows(x[mine], g[mine]) for name, (x, g) in parts.items()})
        sums = np.zeros(4)
        for loss, of_kl in zip(losses[mine], kl[mine]):
            sums = sums + [loss, of_kl, 1, 1]
        state.sums[shard] += sums
    return {name: sum_of_tree([leaf[name] for leaf in leaves]).reshape(p.shape) for name, p in state.parameters.items()}


def train(c, data, steps):
    """Makes so many steps."""
    shards, seed = c["training"]["shards"], c["training"]["seed"]
    batch = c["training"]["global-batch"] // shards
    kept = training_rows(c, len(data))
    shard_rows = [part(shard, shards, len(kept)) for shard in range(shards)]
    steps_per_epoch = -(-max(map(len, shard_rows)) // batch)

    layers, depth = layers_of(c["model"], data.shape[1])
    parameters = initial_parameters(layers, c["model"], seed)
    zeros = lambda: {name: np.zeros_like(p) for name, p in parameters.items()}
    state = State(parameters, zeros(), zeros(), np.zeros((shards, 4)))
    for step in range(steps):
        epoch, step_in_epoch = divmod(step, steps_per_epoch)
        if step_in_epoch == 0:
            orders = [shard_order(c, rows, shard, epoch, 4 * data.shape[1]) for shard, rows in enumerate(shard_rows)]
            state.sums[:] = 0
        taken = [[kept[row] for row in order[step_in_epoch * batch :][:batch]] for order in orders]
        beta = kl_weight(c, step, steps_per_epoch)
        gradient = step_gradient(c, layers, depth, state, data, taken, epoch, beta)
        update(c, state, gradient, learning_rate(c, step, steps_per_epoch), step)
    return state


# The comparison ----------------------------------------------------------------------------------------------------------


def digest(parameters):
    """As docs/file-formats.md has it."""
    sha = hashlib.sha256()
    for name, values in parameters.items():
        shape = np.array([values.ndim, *values.shape], "<u8")
        sha.update(name.encode() + b"\0" + shape.tobytes() + values.astype("<f4").tobytes())
    return sha.hexdigest()


def differences(c, state, file):
    """What is not the same in the checkpoint."""
    groups = {"parameters": state.parameters, "optimizer/m": state.m, "optimizer/v": state.v}
    if c["optimizer"]["optimizer"] == "sgd":
        del groups["optimizer/v"]
    for group, own in groups.items():
        for name, values in own.items():
            wrong = np.count_nonzero(file[group][name][()].view("u4") != values.view("u4"))
            if wrong > 0:
                yield f"{group}/{name}: {wrong} of {values.size} values"
    # The sums of a complete epoch are gone.
    if file.attrs["step_in_epoch"] > 0 and file["progress/epoch_sums"][()].tobytes() != state.sums.tobytes():
        yield f"progress/epoch_sums: {file['progress/epoch_sums'][()]}, here {state.sums}"
    if file.attrs["digest"] != digest(state.parameters):
        yield f"digest: {file.attrs['digest']}, here {digest(state.parameters)}"


def main(data_path, checkpoint_path):
    with h5py.File(data_path) as file:
        data = file["data"][()]
    with h5py.File(checkpoint_path) as file:
        c = tomllib.loads(file.attrs["configuration"])
        for section, keys in KNOWN.items():
            for key, values in keys.items():
                if c[section][key] not in values:
                    sys.exit(f"{key} can only be {values} here")
        if data.dtype != f32 or data.ndim != 2:
            sys.exit("/data must be rows of float32 here")
        steps = int(file.attrs["step"])
        found = list(differences(c, train(c, data, steps), file))
        if found:
            sys.exit("other bits\n" + "\n".join(found))
        print(f"the same bits after {steps} steps: {file.attrs['digest']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
