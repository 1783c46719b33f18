// Sums over a row whose bits do not depend on the vectors' width.
#pragma once
#include "math.h"

#include <stddef.h>

// Sums over a row run in this many lanes, whatever the vectors' width, and the lanes are added in one order: the bits are the
// same in every clone.
#define LANES 32

INLINE double sum_of_lanes(const float *lanes) {
    double sum = 0;
    for (int lane = 0; lane < LANES; lane++) sum += lanes[lane];
    return sum;
}

// A loop over elements `start` to `end` of a row whose body, for element i of lane `lane`, sets `loss`, which is added to the lane.
// Declares `lanes`.
#define FOR_EACH_FEATURE(start, end, ...)                                                                             \
    float lanes[LANES] = {0};                                                                                         \
    ptrdiff_t first = (start);                                                                                        \
    for (; first + LANES <= (end); first += LANES)                                                                    \
        for (int lane = 0; lane < LANES; lane++) {                                                                    \
            const ptrdiff_t i = first + lane;                                                                         \
            float loss;                                                                                               \
            __VA_ARGS__ lanes[lane] += loss;                                                                          \
        }                                                                                                             \
    for (ptrdiff_t i = first; i < (end); i++) {                                                                       \
        const ptrdiff_t lane = i - first;                                                                             \
        float loss;                                                                                                   \
        __VA_ARGS__ lanes[lane] += loss;                                                                              \
    }
