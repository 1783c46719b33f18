// The table of elementwise kernels: each is compiled once per set of instructions, and a table has the functions of one.
//
// Files in kernels/ have what the functions do, instance.h compiles all of them, and kernels.c calls those of the processor.
#pragma once
#include "ckernels.h"
#include "convolution/padded.h"
#include <string.h>

// Result, name, parameters and arguments of each kernel.
#define KERNELS(KERNEL)                                                                                               \
    KERNEL(void, activate, (enum kernel_activation kind, float *output, const float *input, ptrdiff_t count),         \
           (kind, output, input, count))                                                                              \
    KERNEL(void, activate_backward, (enum kernel_activation kind, float *gradient, const float *values,               \
            ptrdiff_t count),                                                                                         \
           (kind, gradient, values, count))                                                                           \
    KERNEL(void, to_bf16, (uint16_t *rounded, const float *values, ptrdiff_t count),                                  \
           (rounded, values, count))                                                                                  \
    KERNEL(void, from_bf16, (float *values, const uint16_t *rounded, ptrdiff_t count),                                \
           (values, rounded, count))                                                                                  \
    KERNEL(void, gather_windows, (const window *w, const float *maps, ptrdiff_t first, ptrdiff_t count,               \
            ptrdiff_t column, ptrdiff_t columns, float *to),                                                          \
           (w, maps, first, count, column, columns, to))                                                              \
    KERNEL(void, scatter_windows, (const window *w, const float *sums, ptrdiff_t first, ptrdiff_t count,              \
            const kernel_product_ends *ends, float *maps),                                                            \
           (w, sums, first, count, ends, maps))                                                                       \
    KERNEL(void, pad_planes, (const padded_map *p, const window *w, const float *map, float *planes),                 \
           (p, w, map, planes))                                                                                       \
    KERNEL(void, scatter_planes, (const window *places, ptrdiff_t d, ptrdiff_t h, const float *sums,                  \
            ptrdiff_t stride, const kernel_product_ends *ends, float *map),                                           \
           (places, d, h, sums, stride, ends, map))                                                                   \
    KERNEL(void, corrupt_gaussian, (float *corrupted, const float *values, const int64_t *row_numbers,                \
            ptrdiff_t rows, ptrdiff_t features, float deviation, uint64_t seed, uint16_t purpose, uint32_t epoch),    \
           (corrupted, values, row_numbers, rows, features, deviation, seed, purpose, epoch))                         \
    KERNEL(void, corrupt_masking, (float *corrupted, const float *values, const int64_t *row_numbers,                 \
            ptrdiff_t rows, ptrdiff_t features, float share, uint64_t seed, uint16_t purpose, uint32_t epoch),        \
           (corrupted, values, row_numbers, rows, features, share, seed, purpose, epoch))                             \
    KERNEL(void, corrupt_salt_and_pepper, (float *corrupted, const float *values, const int64_t *row_numbers,         \
            ptrdiff_t rows, ptrdiff_t features, float share, uint64_t seed, uint16_t purpose, uint32_t epoch),        \
           (corrupted, values, row_numbers, rows, features, share, seed, purpose, epoch))                             \
    KERNEL(void, count_means, (float *means, const float *output, ptrdiff_t width, int is_rate, int is_inflated,      \
            const float *x, const float *mask, float library, ptrdiff_t rows, ptrdiff_t features),                    \
           (means, output, width, is_rate, is_inflated, x, mask, library, rows, features))                            \
    KERNEL(void, discretized_logistic_means, (float *means, const float *output, ptrdiff_t components,                \
            ptrdiff_t rows, ptrdiff_t features),                                                                      \
           (means, output, components, rows, features))                                                               \
    KERNEL(void, continuous_bernoulli_means, (float *means, const float *logits, ptrdiff_t count),                    \
           (means, logits, count))                                                                                    \
    KERNEL(void, to_float, (float *values, const void *numbers, enum kernel_number type, ptrdiff_t count),            \
           (values, numbers, type, count))                                                                            \
    KERNEL(void, to_double, (double *values, const void *numbers, enum kernel_number type, ptrdiff_t count),          \
           (values, numbers, type, count))                                                                            \
    KERNEL(ptrdiff_t, packed_size, (const float *values, ptrdiff_t features),                                         \
           (values, features))                                                                                        \
    KERNEL(void, pack_row, (void *packed, const float *values, ptrdiff_t features),                                   \
           (packed, values, features))                                                                                \
    KERNEL(void, unpack_float, (float *values, const void *packed, ptrdiff_t features),                               \
           (values, packed, features))                                                                                \
    KERNEL(void, unpack_double, (double *values, const void *packed, ptrdiff_t features),                             \
           (values, packed, features))                                                                                \
    KERNEL(void, swap_bytes, (void *numbers, ptrdiff_t size, ptrdiff_t count),                                        \
           (numbers, size, count))                                                                                    \
    KERNEL(void, unshuffle, (uint8_t *restrict elements, const uint8_t *restrict bytes, ptrdiff_t size,               \
            ptrdiff_t byte_count),                                                                                    \
           (elements, bytes, size, byte_count))                                                                       \
    KERNEL(uint32_t, fletcher32, (const uint8_t *bytes, ptrdiff_t byte_count),                                        \
           (bytes, byte_count))                                                                                       \
    KERNEL(ptrdiff_t, find_outside, (const float *values, float low, float high, int missing, ptrdiff_t count),       \
           (values, low, high, missing, count))                                                                       \
    KERNEL(ptrdiff_t, find_outside_exact, (const double *values, double low, double high, int missing,                \
            ptrdiff_t count),                                                                                         \
           (values, low, high, missing, count))                                                                       \
    KERNEL(ptrdiff_t, find_fraction, (const float *values, ptrdiff_t count),                                          \
           (values, count))                                                                                           \
    KERNEL(ptrdiff_t, find_fraction_exact, (const double *values, ptrdiff_t count),                                   \
           (values, count))                                                                                           \
    KERNEL(void, exact_scale_to_total, (double *row, double total, ptrdiff_t features),                               \
           (row, total, features))                                                                                    \
    KERNEL(void, exact_log1p, (double *row, ptrdiff_t features),                                                      \
           (row, features))                                                                                           \
    KERNEL(void, exact_shift_and_scale, (double *row, const double *shift, const double *factor,                      \
            ptrdiff_t features),                                                                                      \
           (row, shift, factor, features))                                                                            \
    KERNEL(void, exact_clamp, (double *row, double low, double high, ptrdiff_t features),                             \
           (row, low, high, features))                                                                                \
    KERNEL(void, exact_threshold, (double *row, double threshold, ptrdiff_t features),                                \
           (row, threshold, features))                                                                                \
    KERNEL(void, exact_take_moments, (const double *row, double *counts, double *firsts, double *lows,                \
            double *highs, double *means, double *squares, ptrdiff_t features),                                       \
           (row, counts, firsts, lows, highs, means, squares, features))                                              \
    KERNEL(void, exact_restore, (double *restored, const float *values, const double *shift, const double *factor,    \
            ptrdiff_t rows, ptrdiff_t features),                                                                      \
           (restored, values, shift, factor, rows, features))                                                         \
    KERNEL(void, add, (float *destination, const float *a, const float *b, ptrdiff_t count),                          \
           (destination, a, b, count))                                                                                \
    KERNEL(void, fold4, (float *destination, const float *const *sources, ptrdiff_t offset, ptrdiff_t count),         \
           (destination, sources, offset, count))                                                                     \
    KERNEL(void, fold8, (float *destination, const float *const *sources, ptrdiff_t offset, ptrdiff_t count),         \
           (destination, sources, offset, count))                                                                     \
    KERNEL(void, add_bf16, (float *destination, const float *a, const float *b, ptrdiff_t count),                     \
           (destination, a, b, count))                                                                                \
    KERNEL(void, fold4_bf16, (float *destination, const float *const *sources, ptrdiff_t offset, ptrdiff_t count),    \
           (destination, sources, offset, count))                                                                     \
    KERNEL(void, fold8_bf16, (float *destination, const float *const *sources, ptrdiff_t offset, ptrdiff_t count),    \
           (destination, sources, offset, count))                                                                     \
    KERNEL(void, channel_sums, (double *sums, const float *x, ptrdiff_t positions, ptrdiff_t channels,                \
            ptrdiff_t first, ptrdiff_t last),                                                                         \
           (sums, x, positions, channels, first, last))                                                               \
    KERNEL(void, channel_squares, (double *sums, const float *x, const float *means, ptrdiff_t positions,             \
            ptrdiff_t channels, ptrdiff_t first, ptrdiff_t last),                                                     \
           (sums, x, means, positions, channels, first, last))                                                        \
    KERNEL(void, channel_gradients, (double *sums, double *products, const float *x, const float *dy, const           \
            float *means, const float *factors, ptrdiff_t positions, ptrdiff_t channels, ptrdiff_t first,             \
            ptrdiff_t last),                                                                                          \
           (sums, products, x, dy, means, factors, positions, channels, first, last))                                 \
    KERNEL(void, channel_normalize, (float *y, const float *x, const float *means, const float *factors,              \
            const float *gain, const float *shift, ptrdiff_t positions, ptrdiff_t channels),                          \
           (y, x, means, factors, gain, shift, positions, channels))                                                  \
    KERNEL(void, channel_normalize_backward, (float *dx, const float *dy, const float *x, const                       \
            kernel_channel_terms *terms, ptrdiff_t positions, ptrdiff_t channels),                                    \
           (dx, dy, x, terms, positions, channels))                                                                   \
    KERNEL(void, unit_normalize, (float *output, float *lengths, const float *values, ptrdiff_t rows,                 \
            ptrdiff_t columns),                                                                                       \
           (output, lengths, values, rows, columns))                                                                  \
    KERNEL(void, unit_normalize_backward, (float *gradient, const float *output, const float *lengths,                \
            ptrdiff_t rows, ptrdiff_t columns),                                                                       \
           (gradient, output, lengths, rows, columns))                                                                \
    KERNEL(void, add_condition, (float *output, const float *values, const float *conditions, const float *weight,    \
            ptrdiff_t rows, ptrdiff_t positions, ptrdiff_t channels, ptrdiff_t width),                                \
           (output, values, conditions, weight, rows, positions, channels, width))                                    \
    KERNEL(void, sum_positions, (float *sums, const float *values, ptrdiff_t rows, ptrdiff_t positions,               \
            ptrdiff_t channels),                                                                                      \
           (sums, values, rows, positions, channels))                                                                 \
    KERNEL(void, dropout, (float *output, const float *values, const int64_t *row_numbers, ptrdiff_t rows,            \
            ptrdiff_t features, float share, uint64_t seed, uint16_t purpose, uint32_t epoch),                        \
           (output, values, row_numbers, rows, features, share, seed, purpose, epoch))                                \
    KERNEL(double, sum_of_squares, (const float *values, ptrdiff_t count),                                            \
           (values, count))                                                                                           \
    KERNEL(void, loss, (enum kernel_likelihood kind, const kernel_loss_terms *terms),                                 \
           (kind, terms))                                                                                             \
    KERNEL(void, normal, (float *noise, const int64_t *rows, ptrdiff_t row_count, ptrdiff_t size, uint64_t seed,      \
            uint16_t purpose, uint32_t epoch),                                                                        \
           (noise, rows, row_count, size, seed, purpose, epoch))                                                      \
    KERNEL(void, normalize, (float *output, float *moments, const float *values, const float *gain,                   \
            const float *shift, ptrdiff_t rows, ptrdiff_t columns),                                                   \
           (output, moments, values, gain, shift, rows, columns))                                                     \
    KERNEL(void, normalize_backward, (float *gradient, const float *values, const float *moments, const float *gain,  \
            float *products, ptrdiff_t rows, ptrdiff_t columns),                                                      \
           (gradient, values, moments, gain, products, rows, columns))                                                \
    KERNEL(void, adam, (float *parameters, const float *gradient, float *m, float *v, kernel_adam_step step,          \
            ptrdiff_t count),                                                                                         \
           (parameters, gradient, m, v, step, count))                                                                 \
    KERNEL(void, sgd, (float *parameters, const float *gradient, float *m, float factor, float rate, float momentum,  \
            float decay, ptrdiff_t count),                                                                            \
           (parameters, gradient, m, factor, rate, momentum, decay, count))                                           \
    KERNEL(void, pool_average, (const kernel_convolution *c, ptrdiff_t rows, const float *x, float *y),               \
           (c, rows, x, y))                                                                                           \
    KERNEL(void, pool_average_backward, (const kernel_convolution *c, ptrdiff_t rows, const float *dy, float *dx),    \
           (c, rows, dy, dx))                                                                                         \
    KERNEL(void, pool_max, (const kernel_convolution *c, ptrdiff_t rows, const float *x, float *y),                   \
           (c, rows, x, y))                                                                                           \
    KERNEL(void, pool_max_backward, (const kernel_convolution *c, ptrdiff_t rows, const float *x, const float *dy,    \
            float *dx),                                                                                               \
           (c, rows, x, dy, dx))                                                                                      \
    KERNEL(void, resize, (const ptrdiff_t *from, const ptrdiff_t *to, ptrdiff_t channels, ptrdiff_t rows,             \
            const float *x, float *y),                                                                                \
           (from, to, channels, rows, x, y))                                                                          \
    KERNEL(void, resize_backward, (const ptrdiff_t *from, const ptrdiff_t *to, ptrdiff_t channels, ptrdiff_t rows,    \
            const float *dy, float *dx),                                                                              \
           (from, to, channels, rows, dy, dx))                                                                        \
    KERNEL(void, interpolate, (const ptrdiff_t *from, const ptrdiff_t *to, ptrdiff_t channels, ptrdiff_t rows,        \
            const float *x, float *y),                                                                                \
           (from, to, channels, rows, x, y))                                                                          \
    KERNEL(void, interpolate_backward, (const ptrdiff_t *from, const ptrdiff_t *to, ptrdiff_t channels,               \
            ptrdiff_t rows, const float *dy, float *dx),                                                              \
           (from, to, channels, rows, dy, dx))                                                                        \
    KERNEL(void, posterior, (const float *code, const float *noise, kernel_normal_terms terms, float *z, double *kl,  \
            ptrdiff_t rows, ptrdiff_t size),                                                                          \
           (code, noise, terms, z, kl, rows, size))                                                                   \
    KERNEL(void, posterior_backward, (const float *code, const float *noise, kernel_normal_terms terms,               \
            const float *dz, float scale, const float *weights, float *gradient, ptrdiff_t rows, ptrdiff_t size),     \
           (code, noise, terms, dz, scale, weights, gradient, rows, size))                                            \
    KERNEL(void, posterior_samples, (const float *code, const float *noise, kernel_normal_terms terms,                \
            ptrdiff_t samples, float *z, double *log_ratios, ptrdiff_t rows, ptrdiff_t size),                         \
           (code, noise, terms, samples, z, log_ratios, rows, size))                                                  \
    KERNEL(void, posterior_samples_backward, (const float *code, const float *noise, kernel_normal_terms terms,       \
            ptrdiff_t samples, const float *z, const float *dz, const float *factors, float *gradient,                \
            ptrdiff_t rows, ptrdiff_t size),                                                                          \
           (code, noise, terms, samples, z, dz, factors, gradient, rows, size))                                       \
    KERNEL(void, softmax, (float *output, const float *values, ptrdiff_t rows, ptrdiff_t columns),                    \
           (output, values, rows, columns))                                                                           \
    KERNEL(void, softmax_backward, (float *gradient, const float *output, ptrdiff_t rows, ptrdiff_t columns),         \
           (gradient, output, rows, columns))                                                                         \
    KERNEL(void, take_missing, (float *values, float *mask, ptrdiff_t count),                                         \
           (values, mask, count))                                                                                     \
    KERNEL(void, join_mask, (float *values, const float *mask, float *encoder_input, ptrdiff_t rows,                  \
            ptrdiff_t features),                                                                                      \
           (values, mask, encoder_input, rows, features))                                                             \
    KERNEL(void, scale_to_total, (float *values, float total, ptrdiff_t rows, ptrdiff_t features),                    \
           (values, total, rows, features))                                                                           \
    KERNEL(void, log1p, (float *values, ptrdiff_t count),                                                             \
           (values, count))                                                                                           \
    KERNEL(void, clamp, (float *values, float low, float high, ptrdiff_t count),                                      \
           (values, low, high, count))                                                                                \
    KERNEL(void, threshold, (float *values, float threshold, ptrdiff_t count),                                        \
           (values, threshold, count))                                                                                \
    KERNEL(void, draw_bernoulli, (float *values, const int64_t *row_numbers, ptrdiff_t rows, ptrdiff_t features,      \
            uint64_t seed, uint16_t purpose, uint32_t epoch),                                                         \
           (values, row_numbers, rows, features, seed, purpose, epoch))                                               \
    KERNEL(void, add_products, (double *sums, const float *factors, ptrdiff_t factor_stride, const float *rows,       \
            ptrdiff_t row_stride, ptrdiff_t count, ptrdiff_t columns),                                                \
           (sums, factors, factor_stride, rows, row_stride, count, columns))                                          \
    KERNEL(void, add_products_double, (double *sums, const double *factors, const double *rows,                       \
            ptrdiff_t row_stride, ptrdiff_t count, ptrdiff_t columns),                                                \
           (sums, factors, rows, row_stride, count, columns))                                                         \
    KERNEL(void, symmetric_rows, (double *y, double *above, const double *a, ptrdiff_t stride, const double *x,       \
            ptrdiff_t first, ptrdiff_t rows, ptrdiff_t end),                                                          \
           (y, above, a, stride, x, first, rows, end))                                                                \
    KERNEL(double, dot_double, (const double *a, const double *b, ptrdiff_t count),                                   \
           (a, b, count))                                                                                             \
    KERNEL(void, secular_sums, (double *sums, const double *poles, const double *z, double origin, double offset,     \
            ptrdiff_t count),                                                                                         \
           (sums, poles, z, origin, offset, count))                                                                   \
    KERNEL(void, secular_weights, (double *weights, const double *poles, double origin, double offset, double pole,   \
            ptrdiff_t count),                                                                                         \
           (weights, poles, origin, offset, pole, count))                                                             \
    KERNEL(void, secular_vector, (double *vector, const double *poles, const double *weights, double origin,          \
            double offset, ptrdiff_t count),                                                                          \
           (vector, poles, weights, origin, offset, count))                                                           \
    KERNEL(void, multiply_double, (int subtracts, ptrdiff_t m, ptrdiff_t n, ptrdiff_t terms, const kernel_factor *a,  \
            const kernel_factor *b, double *c, ptrdiff_t stride, double *scratch),                                    \
           (subtracts, m, n, terms, a, b, c, stride, scratch))

struct kernels {
#define MEMBER(result, name, parameters, arguments) result (*name) parameters;
    KERNELS(MEMBER)
#undef MEMBER
};

/// Instructions that every processor of the family has; on arm64 NEON is among them.
extern const struct kernels kernels_baseline;
#if defined(__x86_64__)
extern const struct kernels kernels_avx2, kernels_avx512;
#endif
