#include "../math.h"

// The half's exponent and fraction moved to a float's places give the number times 2^-112, subnormal numbers too.
INLINE float float_of_half(uint32_t half) {
    uint32_t bits = (half & 0x7fff) << 13;
    float magnitude;
    memcpy(&magnitude, &bits, 4);
    magnitude *= 0x1p112f;
    memcpy(&bits, &magnitude, 4);
    // Infinite and not a number.
    bits |= (half & 0x7c00) == 0x7c00 ? 0x7f800000 : 0;
    bits |= (half & 0x8000) << 16;
    memcpy(&magnitude, &bits, 4);
    return magnitude;
}

#define CONVERT(real, name, type, value)                                                                              \
    static void real##_of_##name(real *restrict values, const type *restrict numbers, ptrdiff_t count) {              \
        for (ptrdiff_t i = 0; i < count; i++) values[i] = (real)(value);                                              \
    }

// Decoding to one type of floats.
#define DECODE(real)                                                                                                  \
    CONVERT(real, pixel, uint8_t, (real)numbers[i] / (real)255)                                                       \
    CONVERT(real, int8, int8_t, numbers[i])                                                                           \
    CONVERT(real, uint8, uint8_t, numbers[i])                                                                         \
    CONVERT(real, int16, int16_t, numbers[i])                                                                         \
    CONVERT(real, uint16, uint16_t, numbers[i])                                                                       \
    CONVERT(real, int32, int32_t, numbers[i])                                                                         \
    CONVERT(real, uint32, uint32_t, numbers[i])                                                                       \
    CONVERT(real, int64, int64_t, numbers[i])                                                                         \
    CONVERT(real, uint64, uint64_t, numbers[i])                                                                       \
    CONVERT(real, float16, uint16_t, float_of_half(numbers[i]))                                                       \
    CONVERT(real, float32, float, numbers[i])                                                                         \
    CONVERT(real, float64, double, numbers[i])                                                                        \
    static void real##_of_bits(real *restrict values, const uint8_t *restrict bytes, ptrdiff_t count) {               \
        const ptrdiff_t whole = count / 8;                                                                            \
        for (ptrdiff_t byte = 0; byte < whole; byte++)                                                                \
            for (int bit = 0; bit < 8; bit++) values[8 * byte + bit] = (real)(bytes[byte] >> (7 - bit) & 1);          \
        for (ptrdiff_t i = 8 * whole; i < count; i++) values[i] = (real)(bytes[i / 8] >> (7 - i % 8) & 1);            \
    }                                                                                                                 \
    static void KERNEL(to_##real)(real *values, const void *numbers, enum kernel_number type, ptrdiff_t count) {      \
        switch (type) {                                                                                               \
        case kernel_pixel: return real##_of_pixel(values, numbers, count);                                            \
        case kernel_int8: return real##_of_int8(values, numbers, count);                                              \
        case kernel_uint8: return real##_of_uint8(values, numbers, count);                                            \
        case kernel_int16: return real##_of_int16(values, numbers, count);                                            \
        case kernel_uint16: return real##_of_uint16(values, numbers, count);                                          \
        case kernel_int32: return real##_of_int32(values, numbers, count);                                            \
        case kernel_uint32: return real##_of_uint32(values, numbers, count);                                          \
        case kernel_int64: return real##_of_int64(values, numbers, count);                                            \
        case kernel_uint64: return real##_of_uint64(values, numbers, count);                                          \
        case kernel_float16: return real##_of_float16(values, numbers, count);                                        \
        case kernel_float32: return real##_of_float32(values, numbers, count);                                        \
        case kernel_float64: return real##_of_float64(values, numbers, count);                                        \
        case kernel_bit: return real##_of_bits(values, numbers, count);                                               \
        }                                                                                                             \
    }
DECODE(float)
DECODE(double)

static void swap2(uint16_t *numbers, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) numbers[i] = __builtin_bswap16(numbers[i]);
}
static void swap4(uint32_t *numbers, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) numbers[i] = __builtin_bswap32(numbers[i]);
}
static void swap8(uint64_t *numbers, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) numbers[i] = __builtin_bswap64(numbers[i]);
}

static void KERNEL(swap_bytes)(void *numbers, ptrdiff_t size, ptrdiff_t count) {
    if (size == 2) swap2(numbers, count);
    if (size == 4) swap4(numbers, count);
    if (size == 8) swap8(numbers, count);
}

#define UNSHUFFLE(name, size)                                                                                         \
    static void name(uint8_t *restrict elements, const uint8_t *restrict bytes, ptrdiff_t count) {                    \
        for (ptrdiff_t i = 0; i < count; i++)                                                                         \
            for (int byte = 0; byte < (size); byte++) elements[i * (size) + byte] = bytes[byte * count + i];          \
    }
UNSHUFFLE(unshuffle2, 2)
UNSHUFFLE(unshuffle4, 4)
UNSHUFFLE(unshuffle8, 8)

static void KERNEL(unshuffle)(uint8_t *restrict elements, const uint8_t *restrict bytes, ptrdiff_t size, ptrdiff_t byte_count) {
    const ptrdiff_t count = byte_count / size;
    switch (size) {
    case 1: memcpy(elements, bytes, (size_t)byte_count); return;
    case 2: unshuffle2(elements, bytes, count); break;
    case 4: unshuffle4(elements, bytes, count); break;
    case 8: unshuffle8(elements, bytes, count); break;
    default:
        for (ptrdiff_t i = 0; i < count; i++)
            for (ptrdiff_t byte = 0; byte < size; byte++) elements[i * size + byte] = bytes[byte * count + i];
    }
    // What makes no whole element stays as it is.
    memcpy(elements + count * size, bytes + count * size, (size_t)(byte_count - count * size));
}

// Two sums of big-endian 16-bit words, each folded to 16 bits, as H5_checksum_fletcher32 has them. 64 bits hold 2^16 words' worth
// before they must be folded.
static uint32_t KERNEL(fletcher32)(const uint8_t *bytes, ptrdiff_t byte_count) {
    uint64_t first = 0, second = 0;
    ptrdiff_t words = byte_count / 2;
    while (words > 0) {
        const ptrdiff_t piece = words < 1 << 15 ? words : 1 << 15;
        // second += sum of (piece - i) * word[i] + piece * first
        uint64_t sum = 0, weighted = 0;
        for (ptrdiff_t i = 0; i < piece; i++) {
            const uint64_t word = (uint64_t)bytes[2 * i] << 8 | bytes[2 * i + 1];
            sum += word;
            weighted += (uint64_t)(piece - i) * word;
        }
        second += (uint64_t)piece * first + weighted;
        first += sum;
        first = (first & 0xffff) + (first >> 16);
        first = (first & 0xffff) + (first >> 16);
        while (second > 0xffffffff) second = (second & 0xffff) + (second >> 16);
        bytes += 2 * piece;
        words -= piece;
    }
    if (byte_count % 2) {
        first += (uint64_t)bytes[0] << 8;
        second += first;
    }
    while (first > 0xffff) first = (first & 0xffff) + (first >> 16);
    while (second > 0xffff) second = (second & 0xffff) + (second >> 16);
    return (uint32_t)(second << 16 | first);
}

#define FIND_OUTSIDE(name, real)                                                                                      \
    static ptrdiff_t KERNEL(name)(const real *values, real low, real high, int missing, ptrdiff_t count) {            \
        for (ptrdiff_t start = 0; start < count; start += 1024) {                                                     \
            const ptrdiff_t end = count - start < 1024 ? count : start + 1024;                                        \
            int outside = 0;                                                                                          \
            for (ptrdiff_t i = start; i < end; i++)                                                                   \
                outside |= !(values[i] >= low && values[i] <= high) & !(missing && values[i] != values[i]);           \
            if (!outside) continue;                                                                                   \
            for (ptrdiff_t i = start; i < end; i++)                                                                   \
                if (!(values[i] >= low && values[i] <= high) && !(missing && values[i] != values[i])) return i;       \
        }                                                                                                             \
        return count;                                                                                                 \
    }
FIND_OUTSIDE(find_outside, float)
FIND_OUTSIDE(find_outside_exact, double)

// From `whole` on, 2 to the power of the digits of a fraction, all numbers are whole, and to others the sum rounds.
#define FIND_FRACTION(name, real, whole)                                                                              \
    static ptrdiff_t KERNEL(name)(const real *values, ptrdiff_t count) {                                              \
        for (ptrdiff_t start = 0; start < count; start += 1024) {                                                     \
            const ptrdiff_t end = count - start < 1024 ? count : start + 1024;                                        \
            int is_found = 0;                                                                                         \
            for (ptrdiff_t i = start; i < end; i++) {                                                                 \
                const real x = values[i] < 0 ? -values[i] : values[i];                                                \
                is_found |= x < (whole) & (x + (whole)) - (whole) != x;                                               \
            }                                                                                                         \
            if (!is_found) continue;                                                                                  \
            for (ptrdiff_t i = start; i < end; i++) {                                                                 \
                const real x = values[i] < 0 ? -values[i] : values[i];                                                \
                if (x < (whole) && (x + (whole)) - (whole) != x) return i;                                            \
            }                                                                                                         \
        }                                                                                                             \
        return count;                                                                                                 \
    }
FIND_FRACTION(find_fraction, float, 0x1p23f)
FIND_FRACTION(find_fraction_exact, double, 0x1p52)
