// A convolution as products: one for each group, and on the way back for each phase of it.
#pragma once
#include "in_place.h"

/// What windows see times a matrix b[k, n], to the windows' places.
typedef struct {
    window windows, places;
    ptrdiff_t k, n;
    /// On the way back.
    phase phase;
} convolution_part;

static ptrdiff_t parts_of_group(const kernel_convolution *c, enum kernel_direction direction) {
    return direction == kernel_convolve_forward ? 1 : phase_count(c);
}

static convolution_part make_part(const kernel_convolution *c, enum kernel_direction direction, ptrdiff_t group, ptrdiff_t index) {
    convolution_part part = {.windows = input_windows(c, group), .places = output_positions(c, group)};
    if (direction == kernel_convolve_transposed) {
        part.phase = make_phase(c, group, index);
        part.windows = part.phase.seen_from, part.places = part.phase.positions;
    }
    part.k = window_columns(&part.windows), part.n = part.places.channels;
    return part;
}

/// How a product is computed: it decides speed alone.
enum convolution_way {
    /// What windows see is copied into rows.
    way_gathered,
    /// It is read where it lies, on maps with margins.
    way_in_place,
    /// To few channels: vectors run along maps, one channel at a time.
    way_narrow,
    /// Each window sees one position, which is the next of its map: a product as of dense layers.
    way_plain,
};

static int is_plain(const kernel_convolution *c) {
    int is_plain = c->groups == 1;
    for (int a = 0; a < KERNEL_AXES; a++)
        is_plain = is_plain && c->kernel[a] == 1 && c->stride[a] == 1 && c->padding[a] == 0 && c->input[a] == c->output[a];
    return is_plain;
}

static enum convolution_way way_of(enum kernel_precision precision, const kernel_convolution *c, enum kernel_direction direction) {
    const int forward = direction == kernel_convolve_forward;
    // Neighbouring windows must see neighbouring positions.
    const int is_dense = !forward || (c->stride[1] == 1 && c->stride[2] == 1);
    const int fits_in_place = can_be_in_place(precision, (forward ? c->channels : c->outputs) / c->groups);
    if (fits_in_place && is_dense && (forward ? c->outputs : c->channels) / c->groups <= planes_most_columns) return way_narrow;
    if (is_plain(c)) return way_plain;
    if (!fits_in_place) return way_gathered;
    const padded_map padded = make_padded(c, direction);
    return padded_count(&padded) * (forward ? c->channels : c->outputs) <= most_padded_floats ? way_in_place : way_gathered;
}

/// Whether a part's matrix is kept as it is: where it is ordered before it is packed, or not packed at all.
static size_t plain_bytes(const convolution_part *part, enum convolution_way way, enum kernel_direction direction) {
    return way == way_narrow || direction == kernel_convolve_transposed ? floats_of(part->k * part->n) : 0;
}

static size_t matrix_bytes(enum kernel_precision precision, const convolution_part *part, enum convolution_way way) {
    return way == way_narrow ? 0 : lines_of(kernel_packed_bytes(precision, part->k, part->n));
}
