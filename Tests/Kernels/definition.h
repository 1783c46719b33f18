// What the checks of products and convolutions share: random numbers, the sums as docs/arithmetic.md defines them, a term at a time, and
// comparisons bit by bit with a digest of all that was compared.
#pragma once
#include "ckernels.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t state = 1;
static uint32_t word(void) { return state = state * 1664525u + 1013904223u; }
static long range(long low, long high) { return low + (long)((uint64_t)word() * (uint64_t)(high - low + 1) >> 32); }

static float *floats(long count, int odd) {
    float *p = aligned_alloc(64, ((size_t)count * 4 + 64 + 63 + 64) / 64 * 64);
    for (long i = 0; i < count + 16; i++) p[i] = (float)(int32_t)word() * 4.6e-10f;
    // Some that are zero, subnormal or not finite.
    for (long i = 0; odd && i < count; i += range(50, 400))
        p[i] = (float[]){0, -0.0f, 1e-41f, -3e-39f, 1e-30f, INFINITY}[range(0, odd > 1 ? 5 : 4)];
    return p;
}

/// Memory whose size may depend on the set of instructions; what it holds must not matter.
static inline void *scratch_bytes(size_t count) {
    void *p = aligned_alloc(64, (count + 127) / 64 * 64);
    return memset(p, 0xff, (count + 127) / 64 * 64);
}

typedef struct { float chain, block, total; long terms; } chains;
static inline void term(chains *c, float a, float b) {
    if (c->terms && c->terms % KERNEL_SEGMENT == 0) {
        const int first = (c->terms - 1) / KERNEL_SEGMENT % (KERNEL_BLOCK / KERNEL_SEGMENT) == 0;
        c->block = first ? c->chain : c->block + c->chain, c->chain = 0;
        if (c->terms % KERNEL_BLOCK == 0) c->total = c->terms == KERNEL_BLOCK ? c->block : c->total + c->block;
    }
    c->chain = fmaf(a, b, c->chain);
    c->terms++;
}
static inline float sum(const chains *c) {
    const long last = c->terms ? c->terms - 1 : 0;
    const float block = last % KERNEL_BLOCK >= KERNEL_SEGMENT ? c->block + c->chain : c->chain;
    return last >= KERNEL_BLOCK ? c->total + block : block;
}
static inline float rounded(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    bits = (bits & 0x7fffffffu) > 0x7f800000u ? bits | 0x400000u : bits + 0x7fffu + (bits >> 16 & 1);
    bits &= 0xffff0000u;
    memcpy(&x, &bits, 4);
    return x;
}

/// The sum of the leaves from `first` to `end` of a tree of `count`.
static inline float fold(const float *leaves, long first, long end, long count, int rounds) {
    if (end - first == 1) return rounds ? rounded(leaves[first]) : leaves[first];
    long half = 1;
    while (half * 2 < end - first) half *= 2;
    const float s = fold(leaves, first, first + half, count, rounds) + fold(leaves, first + half, end, count, rounds);
    return rounds ? rounded(s) : s;
}

static uint64_t digest = 1469598103934665603u;
static long compared, wrong;
static void compare(const char *what, const float *got, const float *wanted, long count) {
    for (long i = 0; i < count; i++) {
        uint32_t a, b;
        memcpy(&a, got + i, 4), memcpy(&b, wanted + i, 4);
        if (isnan(got[i]) && isnan(wanted[i])) a = b = 0x7fc00000u;
        if (a != b && wrong++ < 10) printf("%s: element %ld of %ld is %.9g (%08x), not %.9g (%08x)\n", what, i, count, got[i], a, wanted[i], b);
        digest = (digest ^ a) * 1099511628211u;
    }
    compared += count;
}

enum { most_shards = 128, most_nodes = 8 };

/// Shards of unequal rows, summed up to the root in several calls that cut shards anywhere; complete left siblings wait in flat buffers at the end
/// of a call. The root is place 0, and those that wait have the places from 1 on.
typedef struct {
    const long *counts;
    long shards;
    /// Shards are cut at multiples of so many rows.
    long unit;
    long shard, before;
    /// Where the sums of complete nodes are, by level: in a tile's memory or, where an earlier call summed them, in a buffer.
    int place_of[most_nodes];
    /// Of the call.
    kernel_shard_rows runs[most_shards];
    long run_count;
} shard_calls;

/// The runs of the next call, of all `rows` or some; gives their number of rows.
static inline long next_call(shard_calls *c, long rows) {
    const long budget = range(0, 3) ? range(1, rows + 1) : rows + 1;
    long row_count = 0;
    c->run_count = 0;
    while (c->shard < c->shards) {
        const long rest = c->counts[c->shard] - c->before, fitting = budget - row_count;
        const long take = rest <= fitting ? rest : fitting / c->unit * c->unit;
        kernel_shard_rows *run = c->runs + c->run_count++;
        *run = (kernel_shard_rows){.row_count = take, .before = c->before, .is_last = take == rest};
        row_count += take;
        if (!run->is_last) {
            c->before += take;
            break;
        }
        c->before = 0;
        // The tree: shard s closes a node for every one at the end of its number; the last shard closes all that are left.
        int level = 0;
        for (; c->shard >> level & 1; level++) run->adds[run->add_count++] = c->place_of[level];
        const int last = c->shard + 1 == c->shards;
        for (int l = level + 1; last && l < most_nodes; l++)
            if (c->shard >> l & 1) run->adds[run->add_count++] = c->place_of[l];
        run->destination = last ? 0 : ~level;
        if (!last) c->place_of[level] = ~level;
        c->shard++;
    }
    // What waits must survive the call: it goes to a buffer.
    for (int level = 0; c->shard < c->shards && level < most_nodes; level++) {
        if (!(c->shard >> level & 1) || c->place_of[level] >= 0) continue;
        for (long r = c->run_count - 1; r >= 0; r--)
            if (c->runs[r].is_last && c->runs[r].destination == ~level) {
                c->runs[r].destination = 1 + level;
                break;
            }
        c->place_of[level] = 1 + level;
    }
    return row_count;
}
