// Random numbers, those at the edges too, and digests of what kernels make of them, for elementwise_check.c.
#pragma once
#include "kernels.h"
#include <stdio.h>
#include <stdlib.h>

#pragma clang fp contract(off)

enum { most = 20000, kernel_limit = 100 };

/// The digest of each kernel's results, in the order in which they run.
struct results {
    const char *names[kernel_limit];
    kernel_sha256 digests[kernel_limit];
    int count;
};

// MARK: - Inputs

static uint64_t state;

/// SplitMix64 (Steele et al. 2014).
static uint64_t random_bits(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static float random_unit(void) { return (float)(random_bits() >> 40) * 0x1p-24f; }

/// Mostly numbers around 1; with `edges` also tiny, huge, infinite ones, and what is no number.
static float random_float(int edges) {
    const uint64_t bits = random_bits();
    if (edges && bits % 16 == 0) {
        static const float special[] = {0.0f, -0.0f, 0x1p-149f, -0x1p-127f, 0x1.8p-126f, 0x1.fffffep127f, 88.5f, -104.0f};
        const uint64_t choice = bits >> 8 & 15;
        if (choice < 8) return special[choice];
        if (choice < 10) return choice == 8 ? __builtin_inff() : -__builtin_inff();
        if (choice < 11) return __builtin_nanf("");
        const uint32_t any = (uint32_t)(bits >> 32);
        float value;
        memcpy(&value, &any, 4);
        return value;
    }
    const float unit = random_unit();
    static const float scales[] = {1, -1, 8, -8, 0x1p-12f, -0x1p-12f, 100, -100};
    return unit * scales[bits >> 4 & 7];
}

static float *floats(int edges) {
    float *values = malloc(most * sizeof(float));
    for (int i = 0; i < most; i++) values[i] = random_float(edges);
    return values;
}

static float *units(void) {
    float *values = malloc(most * sizeof(float));
    for (int i = 0; i < most; i++) values[i] = random_unit();
    return values;
}

static double *doubles(int edges) {
    double *values = malloc(most * sizeof(double));
    for (int i = 0; i < most; i++) values[i] = (double)random_float(edges) * (1 + (double)random_float(0) * 0x1p-24);
    return values;
}

// MARK: - Results

static void take(struct results *results, const char *name, const void *bytes, size_t count) {
    int i = 0;
    while (i < results->count && strcmp(results->names[i], name) != 0) i++;
    if (i == results->count) {
        results->names[results->count++] = name;
        kernel_sha256_begin(&results->digests[i]);
    }
    kernel_sha256_update(&results->digests[i], bytes, count);
}

static void take_floats(struct results *results, const char *name, float *values, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++)
        if (values[i] != values[i]) values[i] = __builtin_nanf("");
    take(results, name, values, (size_t)count * sizeof(float));
}

static void take_doubles(struct results *results, const char *name, double *values, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++)
        if (values[i] != values[i]) values[i] = __builtin_nan("");
    take(results, name, values, (size_t)count * sizeof(double));
}
