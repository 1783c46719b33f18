"""The data of the golden runs: whole-number arithmetic alone, so that every machine makes the same."""

import h5py
import numpy

ROWS, SIDE = 611, 7
FEATURES = SIDE * SIDE


def numbers(count, seed):
    """So many numbers of 16 bits: a multiplicative congruential generator (Park & Miller 1988) without its low bits."""
    state, found = seed, numpy.empty(count, numpy.int64)
    for i in range(count):
        state = state * 16807 % 2147483647
        found[i] = state >> 15
    return found


def make(path):
    """Writes /pixels (bytes), /unit (0...1), /signed (about 0), each row near one of four patterns, and what belongs to them:
    /labels, /factors, /weights, /mask, /holes (as /signed, with values that are not numbers) and /table (numbers, counts, categories)."""
    labels = numbers(ROWS, 1) % 4
    patterns = numbers(4 * FEATURES, 2).reshape(4, FEATURES) % 200
    strength = numbers(ROWS, 3) % 129 + 64
    noise = numbers(ROWS * FEATURES, 4).reshape(ROWS, FEATURES) % 56
    pixels = patterns[labels] * strength[:, None] // 192 + noise
    signed = (pixels - 100 + numbers(ROWS * FEATURES, 5).reshape(ROWS, FEATURES) % 64 - 32) / 64
    mask = numbers(ROWS * FEATURES, 6).reshape(ROWS, FEATURES) % 5 > 0
    with h5py.File(path, "w") as file:
        file["pixels"] = pixels.astype(numpy.uint8).reshape(ROWS, SIDE, SIDE)
        file["unit"] = (pixels / 256).astype(numpy.float32)
        file["signed"] = signed.astype(numpy.float32)
        file["holes"] = numpy.where(mask, signed, numpy.nan).astype(numpy.float32)
        table = [signed[:, 0], signed[:, 1], strength % 9, labels, labels % 3]
        file["table"] = numpy.where(mask[:, :5], numpy.stack(table, axis=1), numpy.nan).astype(numpy.float32)
        file["mask"] = mask.astype(numpy.uint8)
        file["labels"] = labels
        file["factors"] = numpy.stack([labels, strength // 16], axis=1)
        file["weights"] = ((numbers(ROWS, 7) % 16 + 1) / 8).astype(numpy.float32)
