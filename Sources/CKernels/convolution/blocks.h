// Sizes of the pieces in which convolutions are computed: they decide speed alone.
#pragma once
#include <stddef.h>

static inline ptrdiff_t least_of(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static inline ptrdiff_t most_of(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }

/// Whole cache lines.
static inline size_t lines_of(size_t bytes) { return (bytes + 63) / 64 * 64; }
static inline size_t floats_of(ptrdiff_t count) { return lines_of((size_t)count * sizeof(float)); }

enum {
    /// Maps with margins that are made at once, where there are several: they stay in the second-level cache.
    padded_floats = 65536,
    /// A larger map is not copied.
    most_padded_floats = 4 * padded_floats,
    /// Windows on them that are multiplied at once, whole tiles.
    windows_in_place = 480,
};

/// Windows of so many columns that are gathered at once: they stay in the second-level cache beside a packed weight, and are whole tiles.
static inline ptrdiff_t windows_at_once(ptrdiff_t columns) {
    const ptrdiff_t floats = 98304, tiles = 24;
    return least_of(most_of(floats / most_of(columns, 1) / tiles, 1), 40) * tiles;
}
