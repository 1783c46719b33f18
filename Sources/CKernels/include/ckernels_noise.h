// Counter-based random numbers.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Philox 4x32-10 (Salmon et al. 2011, section 4.3): replaces `counter` by its random block.
void kernel_philox(uint32_t counter[4], uint32_t key_low, uint32_t key_high);

/// Standard normal numbers `noise[rows, size]` by Box & Muller (1958). Numbers 4 j to 4 j + 3 of a row come from the Philox block
/// with counter (j, row low, row high | purpose << 16, epoch), so each is a function of its place alone.
void kernel_normal(float *noise, const int64_t *rows, ptrdiff_t row_count, ptrdiff_t size, uint64_t seed,
                   uint16_t purpose, uint32_t epoch);
