// Numbers as files have them, to floats; and what HDF5's filters did, undone.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Types of numbers, in this machine's order of bytes.
enum kernel_number {
    /// Bytes that stand for 0...1: divided by 255.
    kernel_pixel,
    kernel_int8,
    kernel_uint8,
    kernel_int16,
    kernel_uint16,
    kernel_int32,
    kernel_uint32,
    kernel_int64,
    kernel_uint64,
    kernel_float16,
    kernel_float32,
    kernel_float64,
    /// Eight numbers 0 or 1 a byte, the first in the highest bit.
    kernel_bit,
};

/// `values[i] = numbers[i]`
void kernel_to_float(float *values, const void *numbers, enum kernel_number type, ptrdiff_t count);

/// The same with all digits, but for integers beyond 2^53.
void kernel_to_double(double *values, const void *numbers, enum kernel_number type, ptrdiff_t count);

/// The bytes, a multiple of 8, that a row takes whose zeros are left out; at most those of all values and 8 more.
ptrdiff_t kernel_packed_size(const float *values, ptrdiff_t features);

/// Packs a row without its zeros: counts in one or two bytes, what else there is as it is, -0 and NaN too.
void kernel_pack_row(void *packed, const float *values, ptrdiff_t features);

/// A packed row, `[features]`, bit for bit.
void kernel_unpack_float(float *values, const void *packed, ptrdiff_t features);

/// The same in double precision.
void kernel_unpack_double(double *values, const void *packed, ptrdiff_t features);

/// Turns the order of the bytes of each number of `size` bytes (2, 4 or 8) around, in place.
void kernel_swap_bytes(void *numbers, ptrdiff_t size, ptrdiff_t count);

/// Undoes HDF5's shuffle filter: the first bytes of all elements, then the second ones, ..., to elements.
void kernel_unshuffle(uint8_t *restrict elements, const uint8_t *restrict bytes, ptrdiff_t size, ptrdiff_t byte_count);

/// HDF5's fletcher32 checksum.
uint32_t kernel_fletcher32(const uint8_t *bytes, ptrdiff_t byte_count);

/// The first value that is not in `low...high`, which values that are not numbers are not, unless they may be `missing`; `count` if
/// there is none.
ptrdiff_t kernel_find_outside(const float *values, float low, float high, int missing, ptrdiff_t count);

/// The same in double precision.
ptrdiff_t kernel_find_outside_exact(const double *values, double low, double high, int missing, ptrdiff_t count);

/// The first value that is no whole number; `count` if there is none. What is not a number passes.
ptrdiff_t kernel_find_fraction(const float *values, ptrdiff_t count);

/// The same in double precision.
ptrdiff_t kernel_find_fraction_exact(const double *values, ptrdiff_t count);

/// Asks for memory that is about to be read.
static inline void kernel_prefetch(const void *memory, ptrdiff_t byte_count) {
    for (ptrdiff_t i = 0; i < byte_count; i += 64) __builtin_prefetch((const char *)memory + i, 0, 2);
}
