"""A model's layers, forward and backward, in the arithmetic of docs/arithmetic.md."""

from dataclasses import dataclass

import numpy as np

import floats
from floats import clamp, erf, exp, f32, f64, product, sigmoid, sum_of_row, tanh
from randomness import initial_weights

HALF, ONE = f32(0.5), f32(1)

# Each activation, its derivative, and what that is a function of.
ACTIVATIONS = {
    "relu": (lambda x: np.where(x < 0, f32(0), x), lambda y: np.where(y > 0, ONE, f32(0)), "output"),
    "leaky-relu": (lambda x: np.where(x < 0, f32(0.01) * x, x), lambda y: np.where(y > 0, ONE, f32(0.01)), "output"),
    "elu": (lambda x: np.where(x < 0, exp(x) - ONE, x), lambda y: np.where(y > 0, ONE, y + ONE), "output"),
    "gelu": (
        lambda x: x * (HALF + HALF * erf(x * f32(0.70710678))),
        lambda x: (HALF + HALF * erf(x * f32(0.70710678))) + x * f32(0.39894228) * exp(f32(-0.5) * x * x),
        "input",
    ),
    "tanh": (tanh, lambda y: ONE - y * y, "output"),
    "sigmoid": (sigmoid, lambda y: y * (ONE - y), "output"),
    "silu": (lambda x: x * sigmoid(x), lambda x: sigmoid(x) * (ONE + x * (ONE - sigmoid(x))), "input"),
}


@dataclass
class Layer:
    name: str
    inputs: int
    outputs: int
    activation: str | None
    is_normalized: bool


def layers_of(model, features):
    """The layers in the order in which data go through, and the number of the encoder's."""
    layers = []

    def add(part, sizes):
        for index, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
            is_hidden = index < len(sizes) - 2
            layers.append(
                Layer(
                    f"{part}/{index}", inputs, outputs, model["activation"] if is_hidden else None,
                    is_hidden and model["normalization"] == "layer"))

    hidden, latents = model["hidden"], model["latent"]
    add("encoder", [features, *hidden, 2 * latents if model["model"] == "vae" else latents])
    depth = len(layers)
    add("decoder", [latents, *reversed(hidden), features * (2 if model["likelihood"] == "gaussian-learned" else 1)])
    return layers, depth


def initial_parameters(layers, model, seed):
    """By name, in the order of the layout."""
    parameters = {}
    for number, layer in enumerate(layers):
        terms = {"glorot": (6, layer.inputs + layer.outputs), "he": (6, layer.inputs), "pytorch": (1, layer.inputs)}
        above, below = terms[model["initialization"]]
        limit = np.sqrt(f32(above) / f32(below))
        parameters[f"{layer.name}/weight"] = initial_weights(seed, number, limit, (layer.inputs, layer.outputs))
        parameters[f"{layer.name}/bias"] = np.zeros(layer.outputs, f32)
        if layer.is_normalized:
            parameters[f"{layer.name}/gain"] = np.ones(layer.outputs, f32)
            parameters[f"{layer.name}/shift"] = np.zeros(layer.outputs, f32)
    return parameters


class LayerPass:
    """Rows on their way through a layer, forward and then backward."""

    def __init__(self, layer, parameters, x):
        self.layer, self.x = layer, x
        self.weight = parameters[f"{layer.name}/weight"]
        self.raw = product(x, self.weight, parameters[f"{layer.name}/bias"])
        self.activated = ACTIVATIONS[layer.activation][0](self.raw) if layer.activation else self.raw
        self.output = self.activated
        if layer.is_normalized:
            self.gain = parameters[f"{layer.name}/gain"]
            self.mean, self.factor = moments(self.activated)
            self.output = (self.activated - self.mean) * self.factor * self.gain + parameters[f"{layer.name}/shift"]

    def backward(self, gradient):
        """From the gradient of the output: x and g of each parameter, whose gradient is x^T g; then the input's gradient."""
        layer, parts = self.layer, {}
        one = np.ones((len(gradient), 1), f32)
        if layer.is_normalized:
            parts[f"{layer.name}/shift"] = one, gradient
            gradient, of_gain = self.backward_through_normalization(gradient)
            parts[f"{layer.name}/gain"] = one, of_gain
        if layer.activation:
            _, derivative, argument = ACTIVATIONS[layer.activation]
            gradient = gradient * derivative(self.raw if argument == "input" else self.activated)
        parts[f"{layer.name}/weight"] = self.x, gradient
        parts[f"{layer.name}/bias"] = one, gradient
        return parts, lambda: product(gradient, self.weight.T, f32(0))

    def backward_through_normalization(self, gradient):
        normal = (self.activated - self.mean) * self.factor
        columns = f64(gradient.shape[1])
        level = (sum_of_row(gradient * self.gain) / columns).astype(f32)[:, None]
        slope = (sum_of_row(gradient * self.gain * normal) / columns).astype(f32)[:, None]
        return self.factor * (gradient * self.gain - level - normal * slope), gradient * normal


def moments(values):
    """Each row's mean, and one over its standard deviation."""
    columns = f64(values.shape[1])
    mean = (sum_of_row(values) / columns).astype(f32)[:, None]
    d = values - mean
    variance = (sum_of_row(d * d) / columns).astype(f32)[:, None]
    return mean, ONE / np.sqrt(variance + f32(1e-5))


def posterior(code, noise):
    """z, and each row's KL."""
    latents = noise.shape[1]
    mean, v = code[:, :latents], clamp(code[:, latents:], -20, 20)
    deviation = exp(HALF * v)
    kl = sum_of_row(HALF * (mean * mean + deviation * deviation - ONE - v))
    return mean + deviation * noise, kl


def posterior_backward(code, noise, dz, weight):
    """The gradient of mean and log variance; `weight` is what the KL counts."""
    latents = noise.shape[1]
    mean, v = code[:, :latents], code[:, latents:]
    held = clamp(v, -20, 20)
    deviation = exp(HALF * held)
    dv = HALF * (dz * deviation * noise + weight * (deviation * deviation - ONE))
    return np.concatenate([dz + weight * mean, np.where(v == held, dv, f32(0))], axis=1)


def likelihood(model, x, output, scale):
    """Each row's loss, and the gradient of `scale` times it with regard to the decoder's output."""
    features = x.shape[1]
    half_log_two_pi = 0.91893853320467274178
    match model["likelihood"]:
        case "bernoulli":
            return bernoulli(x, output, scale)
        case "mse":
            d = output - x
            return sum_of_row(d * d), f32(2) * d * scale
        case "gaussian":
            deviation = f32(model["likelihood-scale"])
            inverse = ONE / deviation
            d = (output - x) * inverse
            constant = half_log_two_pi + floats.log_in_double(float(deviation))
            return sum_of_row(HALF * d * d) + features * constant, d * inverse * scale
        case "laplace":
            width = f32(model["likelihood-scale"])
            inverse = ONE / width
            d = (output - x) * inverse
            constant = floats.log_in_double(2 * float(width))
            slope = np.where(d < 0, -inverse, np.where(d > 0, inverse, f32(0)))
            return sum_of_row(abs(d)) + features * constant, slope * scale
        case "gaussian-learned":
            v = output[:, features:]
            held = clamp(v, -10, 10)
            precision = exp(-held)
            d = output[:, :features] - x
            squares = d * d * precision
            losses = sum_of_row(HALF * (held + squares)) + features * half_log_two_pi
            of_v = np.where(v == held, HALF * (ONE - squares), f32(0)) * scale
            return losses, np.concatenate([d * precision * scale, of_v], axis=1)


def bernoulli(x, l, scale):
    t = exp(np.where(l < 0, l, -l))
    inverse = ONE / (ONE + t)
    gradient = (np.where(l < 0, t * inverse, inverse) - x) * scale
    # The logarithms of 64 features of a lane are that of their product.
    features, losses = x.shape[1], np.zeros(len(x), f64)
    terms = np.where(l < 0, f32(0), l) - x * l
    for first in range(0, features, 64 * floats.LANES):
        end = min(first + 64 * floats.LANES, features)
        factors = np.ones((len(x), floats.LANES), f32)
        for i in range(first, end):
            factors[:, i % floats.LANES] *= ONE + t[:, i]
        losses = losses + floats.sum_of_lanes(floats.lanes_of(terms[:, first:end]) + floats.log(factors))
    return losses, gradient
