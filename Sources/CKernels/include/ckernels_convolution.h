// Convolutions along one, two or three axes, and their gradients, as products over what each of their windows reads: the order of operations
// is that of products, and so are its promises. docs/arithmetic.md has the definition.
//
// Maps are [rows, depth, height, width, channels]; axes that are not there have the size 1.
#pragma once
#include "ckernels_product.h"

#define KERNEL_AXES 3

/// A convolution from maps of `channels` to maps of `outputs`: position p of an output, along an axis, is a sum over taps t of what lies at
/// p stride + t dilation - padding of the input. What lies outside of the input is 0.
typedef struct {
    /// Depth, height and width.
    ptrdiff_t input[KERNEL_AXES], output[KERNEL_AXES];
    ptrdiff_t kernel[KERNEL_AXES], stride[KERNEL_AXES], padding[KERNEL_AXES], dilation[KERNEL_AXES];
    ptrdiff_t channels, outputs;
    /// Equal parts of channels and outputs of which each has a convolution of its own. The weight is
    /// [groups, depth, height, width of the kernel, channels of a group, outputs of a group].
    ptrdiff_t groups;
} kernel_convolution;

/// Which of the two a packed weight is for.
enum kernel_direction {
    /// From inputs to outputs.
    kernel_convolve_forward,
    /// From outputs to inputs: the gradient with regard to the input, which is the transposed convolution.
    kernel_convolve_transposed,
};

/// Bytes of a packed weight, which begins on a cache line.
size_t kernel_convolution_packed_bytes(enum kernel_precision precision, const kernel_convolution *c, enum kernel_direction direction);
/// Packs the weight. `part` of `parts` parts is written, so that threads can share the work.
void kernel_convolution_pack(enum kernel_precision precision, const kernel_convolution *c, enum kernel_direction direction,
                             const float *weight, ptrdiff_t part, ptrdiff_t parts, void *packed);

/// Bytes of scratch memory that a call needs, on a cache line.
size_t kernel_convolve_scratch(enum kernel_precision precision, const kernel_convolution *c, enum kernel_direction direction);
/// The maps `to` of the maps `from`, end(bias + convolution): forward [rows, input, channels] to [rows, output, outputs], and transposed the
/// other way round. The ends' bias has a number for each channel of `to`, its values have the shape of `to`.
void kernel_convolve(enum kernel_precision precision, const kernel_convolution *c, enum kernel_direction direction, ptrdiff_t rows,
                     const float *from, const void *packed, const kernel_product_ends *ends, float *to, void *scratch);

/// Bytes of scratch memory that a weight's gradient needs, on a cache line; each thread has its own.
size_t kernel_convolution_gradient_scratch(enum kernel_precision precision, const kernel_convolution *c, const kernel_fold *fold);
/// The weight's gradient for inputs x[rows, input, channels] and gradients g[rows, output, outputs], summed over all positions of a row, row
/// after row, as `fold` says, at element `weight` of the flat gradients. `part` of `parts` parts of it is computed.
void kernel_convolution_gradient(enum kernel_precision precision, const kernel_convolution *c, const kernel_fold *fold, const float *x,
                                 const float *g, ptrdiff_t weight, ptrdiff_t part, ptrdiff_t parts, void *scratch);

/// Bytes of scratch memory for `kernel_position_gradient`.
size_t kernel_position_gradient_scratch(const kernel_fold *fold);
/// The columns of values[rows, positions, columns] summed over all positions of a row, row after row: a bias' gradient.
void kernel_position_gradient(const kernel_fold *fold, ptrdiff_t positions, ptrdiff_t columns, const float *values, ptrdiff_t place,
                              ptrdiff_t part, ptrdiff_t parts, void *scratch);
