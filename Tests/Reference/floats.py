"""The arithmetic of docs/arithmetic.md on arrays of single precision, and its functions in double precision.

Of numpy only operations are used whose result IEEE 754 defines to the last bit, element by element: + - * /, square
roots, comparisons, conversions. Sums and elementary functions are spelled out.
"""

import math

import numpy as np

f32, f64 = np.float32, np.float64

# Sums ---------------------------------------------------------------------------------------------------------------------

SEGMENT, BLOCK, LANES = 256, 4096, 32


def fma(a, b, c):
    """a b + c, rounded once.

    In double precision the product is exact. The sum's rounding is made odd (Boldo & Melquiond 2008), so that the second
    rounding, to single precision, gives what one rounding of the exact sum would.
    """
    product, c = a.astype(f64) * b.astype(f64), c.astype(f64)
    total = product + c
    part = total - product
    error = (product - (total - part)) + (c - part)
    bits = total.view(np.int64)
    to_odd = np.where((error > 0) == (total > 0), 1, -1)
    return np.where((error != 0) & (bits & 1 == 0), bits + to_odd, bits).view(f64).astype(f32)


def sum_of_products(terms, start):
    """The sum of the terms a b in the defined order: chains of fused multiply-adds, blocks of chains, and all blocks."""

    def pieces(terms, size):
        return [terms[i : i + size] for i in range(0, len(terms), size)] or [[]]

    total = None
    for block in pieces(terms, BLOCK):
        block_sum = None
        for segment in pieces(block, SEGMENT):
            # The first chain begins with the bias.
            chain, start = start, np.zeros_like(start)
            for a, b in segment:
                chain = fma(a, b, chain)
            block_sum = chain if block_sum is None else block_sum + chain
        total = block_sum if total is None else total + block_sum
    return total


def product(a, b, start):
    """start + a b for a[m, k] and b[k, n]."""
    start = np.broadcast_to(start, (len(a), b.shape[1])).astype(f32)
    return sum_of_products([(a[:, k, None], b[None, k, :]) for k in range(len(b))], start)


def sum_over_rows(x, g):
    """x^T g for x[rows, inputs] and g[rows, outputs], one row after the other."""
    start = np.zeros((x.shape[1], g.shape[1]), f32)
    return sum_of_products([(x[row, :, None], g[row, None, :]) for row in range(len(x))], start)


def lanes_of(values):
    """Feature i is added to lane i mod 32."""
    lanes = np.zeros((len(values), LANES), f32)
    for first in range(0, values.shape[1], LANES):
        piece = values[:, first : first + LANES]
        lanes[:, : piece.shape[1]] += piece
    return lanes


def sum_of_lanes(lanes):
    total = np.zeros(len(lanes), f64)
    for lane in range(LANES):
        total = total + lanes[:, lane].astype(f64)
    return total


def sum_of_row(values):
    """A sum over each row's features, in double precision."""
    return sum_of_lanes(lanes_of(values))


# Single precision: Sources/CKernels/math.h --------------------------------------------------------------------------------


def polynomial(x, *coefficients):
    """By Horner's rule, the highest power first."""
    p = f32(coefficients[0])
    for c in coefficients[1:]:
        p = p * x + f32(c)
    return p


def clamp(x, low, high):
    x = np.where(x < f32(low), f32(low), x)
    return np.where(x > f32(high), f32(high), x)


def exp(x):
    x = clamp(x, -87, 88)
    shifted = x * f32(1.44269504088896341) + f32(12582912)
    n = shifted - f32(12582912)
    r = (x - n * f32(0.693359375)) - n * f32(-2.12194440e-4)
    p = polynomial(
        r, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
    power = (shifted.view(np.uint32) << np.uint32(23)) + np.uint32(0x3F800000)
    return ((p * r) * r + r + f32(1)) * power.view(f32)


def log(x):
    bits = x.view(np.uint32) - np.uint32(0x3F3504F3)
    e = (bits.view(np.int32) >> np.int32(23)).astype(f32)
    m = ((bits & np.uint32(0x007FFFFF)) + np.uint32(0x3F3504F3)).view(f32) - f32(1)
    square = m * m
    p = polynomial(
        m, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
        2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
    p = p * m * square
    p = p + e * f32(-2.12194440e-4) - f32(0.5) * square
    return (m + p) + e * f32(0.693359375)


def sigmoid(x):
    t = exp(np.where(x < 0, x, -x))
    return np.where(x < 0, t, f32(1)) / (f32(1) + t)


def tanh(x):
    square = x * x
    p = polynomial(
        square, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
    small = p * square * x + x
    t = exp(f32(2) * np.where(x < 0, x, -x))
    large = (f32(1) - t) / (f32(1) + t)
    return np.where(square < f32(0.390625), small, np.where(x < 0, -large, large))


def erf(x):
    a = np.where(x < 0, -x, x)
    t = f32(1) / (f32(1) + f32(0.3275911) * a)
    p = polynomial(t, 1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
    y = f32(1) - p * t * exp(-a * a)
    return np.where(x < 0, -y, y)


# Double precision: Sources/CKernels/exponential.c and trigonometry.c ------------------------------------------------------

LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10


def polynomial_in_double(x, *coefficients):
    p = coefficients[0]
    for c in coefficients[1:]:
        p = p * x + c
    return p


def nearest(x):
    return (x + 1.5 * 2.0**52) - 1.5 * 2.0**52


def split_exponent(x):
    """f, k with x = (1 + f) 2^k and 1 + f from sqrt(1/2) on."""
    m, k = math.frexp(x)
    if m < float.fromhex("0x1.6a09e667f3bcdp-1"):
        m, k = 2 * m, k - 1
    return m - 1.0, k


def log_in_double(x):
    f, k = split_exponent(x)
    half, s = 0.5 * f * f, f / (2.0 + f)
    z = s * s
    p = polynomial_in_double(
        z, 1.479819860511658591e-01, 1.531383769920937332e-01, 1.818357216161805012e-01, 2.222219843214978396e-01,
        2.857142874366239149e-01, 3.999999999940941908e-01, 6.666666666666735130e-01)
    return k * LN2_HIGH - ((half - (s * (half + z * p) + k * LN2_LOW)) - f)


def exp_of_sum(x, rest):
    """exp(x + rest)"""
    if x < -746:
        return 0.0
    k = nearest(x * 1.44269504088896338700)
    high, low = x - k * LN2_HIGH, k * LN2_LOW - rest
    r = high - low
    t = r * r
    p = polynomial_in_double(
        t, 4.13813679705723846039e-08, -1.65339022054652515390e-06, 6.61375632143793436117e-05,
        -2.77777777770155933842e-03, 1.66666666666666019037e-01)
    c = r - t * p
    return math.ldexp(1.0 - ((low - r * c / (2.0 - c)) - high), int(k))


# Numbers as sums of two doubles: Sources/CKernels/pairs.h


def fast_sum(a, b):
    total = a + b
    return total, b - (total - a)


def exact_sum(a, b):
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def exact_product(a, b):
    p, q = a * 134217729.0, b * 134217729.0
    a1, b1 = p - (p - a), q - (q - b)
    a2, b2 = a - a1, b - b1
    return a * b, ((a1 * b1 - a * b) + a1 * b2 + a2 * b1) + a2 * b2


def pair_sum(a, b):
    high, low = exact_sum(a[0], b[0])
    return fast_sum(high, low + (a[1] + b[1]))


def pair_product(a, b):
    high, low = exact_product(a[0], b[0])
    return fast_sum(high, low + (a[0] * b[1] + a[1] * b[0]))


def quotient(a, b):
    q = a / b
    high, low = exact_product(q, b)
    return fast_sum(q, ((a - high) - low) / b)


def log_pair(x):
    f, k = split_exponent(x)
    bottom = exact_sum(2.0, f)
    first = quotient(f, bottom[0])
    s = fast_sum(first[0], first[1] - first[0] * (bottom[1] / bottom[0]))
    z = pair_product(s, s)
    rest = 0.0
    for n in range(29, 4, -2):
        rest = (rest + 1.0 / n) * z[0]
    third = float.fromhex("0x1.5555555555555p-2"), float.fromhex("0x1.5555555555555p-56")
    ln2 = float.fromhex("0x1.62e42fefa39efp-1"), float.fromhex("0x1.abc9e3b39803fp-56")
    series = pair_product(pair_sum((1.0, 0.0), pair_product(pair_sum(third, (rest, 0.0)), z)), s)
    return pair_sum(pair_product((float(k), 0.0), ln2), (2 * series[0], 2 * series[1]))


def power(x, y):
    """x to the power of y, for x in 0...1 and y >= 0."""
    if y == 0 or x == 1:
        return 1.0
    if x == 0 or abs(y * log_pair(x)[0]) > 746:
        return 0.0
    return exp_of_sum(*pair_product(log_pair(x), (y, 0.0)))


def cosine(x):
    """Of an angle in 0...pi."""
    n = nearest(x * 6.36619772367581382433e-01)
    first, second, third = 1.57079632673412561417e00, 6.07710050630396597660e-11, 2.02226624879595063154e-21
    high, low = exact_sum(x - n * first, -(n * second))
    r, rest = fast_sum(high, low - n * third)
    z = r * r
    if n == 1:
        cube = z * r
        p = polynomial_in_double(
            z, 1.58969099521155010221e-10, -2.50507602534068634195e-08, 2.75573137070700676789e-06,
            -1.98412698298579493134e-04, 8.33333333332248946124e-03)
        return -(r - ((z * (0.5 * rest - cube * p) - rest) - cube * -1.66666666666666324348e-01))
    half = 0.5 * z
    top = 1.0 - half
    p = polynomial_in_double(
        z, -1.13596475577881948265e-11, 2.08757232129817482790e-09, -2.75573143513906633035e-07,
        2.48015872894767294178e-05, -1.38888888888741095749e-03, 4.16666666666666019037e-02)
    value = top + (((1.0 - top) - half) + (z * (p * z) - r * rest))
    return value if n == 0 else -value
