// Numbers as unevaluated sums of two doubles, about 106 bits (Dekker 1971), without fused multiply-add.
#pragma once
#include "math.h"

typedef struct {
    double high, low;
} pair;

/// a + b without an error, for |a| >= |b| or a = 0.
INLINE pair fast_sum(double a, double b) {
    const double sum = a + b;
    return (pair){sum, b - (sum - a)};
}

/// a + b without an error (Knuth, TAOCP 2, section 4.2.2).
INLINE pair exact_sum(double a, double b) {
    const double sum = a + b, part = sum - a;
    return (pair){sum, (a - (sum - part)) + (b - part)};
}

/// a b without an error, from halves of 26 bits (Veltkamp's splitting).
INLINE pair exact_product(double a, double b) {
    const double p = a * 134217729.0, q = b * 134217729.0;
    const double a1 = p - (p - a), a2 = a - a1, b1 = q - (q - b), b2 = b - b1;
    const double product = a * b;
    return (pair){product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2};
}

INLINE pair pair_sum(pair a, pair b) {
    const pair s = exact_sum(a.high, b.high);
    return fast_sum(s.high, s.low + (a.low + b.low));
}

INLINE pair pair_product(pair a, pair b) {
    const pair p = exact_product(a.high, b.high);
    return fast_sum(p.high, p.low + (a.high * b.low + a.low * b.high));
}

/// a / b, for a and b that are exact.
INLINE pair quotient(double a, double b) {
    const double q = a / b;
    const pair p = exact_product(q, b);
    return fast_sum(q, ((a - p.high) - p.low) / b);
}
