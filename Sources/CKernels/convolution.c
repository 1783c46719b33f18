// Convolutions and their way back, as products of what windows see with packed weights.
#include "convolution/in_place.h"
#include "convolution/narrow.h"
#include <string.h>

size_t kernel_convolution_packed_bytes(enum kernel_precision precision, const kernel_convolution *c, enum kernel_direction direction) {
    const enum convolution_way way = way_of(precision, c, direction);
    size_t bytes = 0;
    for (ptrdiff_t index = 0; index < parts_of_group(c, direction); index++) {
        const convolution_part part = make_part(c, direction, 0, index);
        bytes += plain_bytes(&part, way, direction) + matrix_bytes(precision, &part, way);
    }
    return bytes * (size_t)c->groups;
}

/// b[taps of the phase and outputs, channels]: the group's weight with its last two axes exchanged.
static void order_phase(const kernel_convolution *c, const phase *p, const float *weight, float *b) {
    const ptrdiff_t channels = p->positions.channels, outputs = p->seen_from.channels;
    for (ptrdiff_t index = 0; index < window_taps(&p->seen_from); index++, b += outputs * channels) {
        const float *const tap = weight + phase_tap(p, c, index) * channels * outputs;
        for (ptrdiff_t i = 0; i < channels; i++)
            for (ptrdiff_t j = 0; j < outputs; j++) b[j * channels + i] = tap[i * outputs + j];
    }
}

void kernel_convolution_pack(enum kernel_precision precision, const kernel_convolution *c, enum kernel_direction direction,
                             const float *weight, ptrdiff_t part, ptrdiff_t parts, void *packed) {
    const enum convolution_way way = way_of(precision, c, direction);
    const ptrdiff_t count = parts_of_group(c, direction), size = c->kernel[0] * c->kernel[1] * c->kernel[2]
        * (c->channels / c->groups) * (c->outputs / c->groups);
    char *to = packed;
    for (ptrdiff_t number = 0; number < c->groups * count; number++) {
        const ptrdiff_t group = number / count;
        const convolution_part some = make_part(c, direction, group, number % count);
        const float *const plain = weight + group * size;
        char *const matrix = to + plain_bytes(&some, way, direction);
        if (direction == kernel_convolve_forward && way != way_narrow) {
            kernel_pack(precision, some.k, some.n, plain, 0, part, parts, matrix);
        } else if (number % parts == part) {
            // Threads take whole matrices: each is ordered before it is packed.
            if (direction == kernel_convolve_forward) memcpy(to, plain, (size_t)size * sizeof(float));
            else order_phase(c, &some.phase, plain, (float *)to);
            if (way != way_narrow) kernel_pack(precision, some.k, some.n, (float *)to, 0, 0, 1, matrix);
            else if (precision == kernel_bf16) kernel_bf16_pair_rows(some.k, some.n, (float *)to);
        }
        to = matrix + matrix_bytes(precision, &some, way);
    }
}

/// Windows that are multiplied at once.
static ptrdiff_t windows_of_product(enum convolution_way way, ptrdiff_t k) {
    // A plain product blocks its rows itself.
    const ptrdiff_t any = 1 << 20;
    return way == way_plain ? any : way == way_in_place ? windows_in_place : windows_at_once(k);
}

/// Maps that are read where they lie at once.
static ptrdiff_t maps_at_once(const seen_maps *maps) { return most_of(1, padded_floats / most_of(1, padded_map_floats(maps))); }

/// Bytes of a thread's memory: maps with margins, what windows see or where it is, sums before they go to their places or these, and a product's own.
typedef struct {
    size_t maps, seen, columns, sums, places, product;
} product_bytes;

/// Whether a product writes rows to their places itself.
static int places_rows(enum kernel_precision precision, enum convolution_way way) { return precision == kernel_bf16 && way == way_in_place; }

static product_bytes bytes_of_product(enum kernel_precision precision, const convolution_part *part, enum convolution_way way,
                                      const seen_maps *maps) {
    const ptrdiff_t windows = windows_of_product(way, part->k);
    product_bytes bytes = {.product = lines_of(kernel_product_scratch(precision, windows, part->k, part->n))};
    if (places_rows(precision, way)) bytes.places = lines_of(sizeof(ptrdiff_t) * (size_t)windows);
    else if (way != way_plain) bytes.sums = floats_of(windows * part->n);
    if (way == way_gathered) bytes.seen = floats_of(windows * part->k);
    if (way == way_in_place) {
        bytes.maps = copied_bytes(maps, maps_at_once(maps));
        bytes.seen = lines_of(sizeof(void *) * (size_t)windows), bytes.columns = lines_of(sizeof(ptrdiff_t) * (size_t)part->k);
    }
    return bytes;
}

size_t kernel_convolve_scratch(enum kernel_precision precision, const kernel_convolution *c, enum kernel_direction direction) {
    const enum convolution_way way = way_of(precision, c, direction);
    const seen_maps maps = make_seen_maps(precision, c, direction);
    size_t most = 0;
    for (ptrdiff_t index = 0; index < parts_of_group(c, direction); index++) {
        const convolution_part part = make_part(c, direction, 0, index);
        const product_bytes b = bytes_of_product(precision, &part, way, &maps);
        const size_t bytes = way == way_narrow ? narrow_bytes(&maps.padded, &part.windows, part.n)
            : b.maps + b.seen + b.columns + b.sums + b.places + b.product;
        most = bytes > most ? bytes : most;
    }
    return most;
}

/// Some maps at once, which all parts see.
typedef struct {
    enum kernel_precision precision;
    enum convolution_way way;
    const seen_maps *maps;
    /// As windows see them if in place; so many of them.
    const void *from;
    ptrdiff_t count;
    void *scratch;
} some_maps;

/// A part's product; values and `to` are those of the first of the maps. Where the places are all there are the product writes there itself.
static void multiply_part(const some_maps *m, const convolution_part *part, const char *matrix, const kernel_product_ends *ends,
                          int is_direct, float *to) {
    const ptrdiff_t k = part->k, n = part->n, count = m->count * window_count(&part->places), at_once = windows_of_product(m->way, k);
    const product_bytes bytes = bytes_of_product(m->precision, part, m->way, m->maps);
    char *const seen = (char *)m->scratch + bytes.maps;
    ptrdiff_t *const columns = (ptrdiff_t *)(seen + bytes.seen);
    float *const sums = (float *)(seen + bytes.seen + bytes.columns);
    ptrdiff_t *const places = (ptrdiff_t *)((char *)sums + bytes.sums);
    char *const rest = (char *)places + bytes.places;
    const int is_placed = !is_direct && places_rows(m->precision, m->way), scatters = !is_direct && !is_placed;
    if (m->way == way_in_place) find_columns(m->maps, &part->windows, 0, k, columns);
    for (ptrdiff_t first = 0; first < count; first += at_once) {
        const ptrdiff_t some = least_of(at_once, count - first);
        kernel_product_ends own = *ends;
        if (scatters) own = (kernel_product_ends){.bias = ends->bias};
        else if (is_direct && own.values) own.values += first * n;
        float *const out = is_direct ? to + first * n : is_placed ? to : sums;
        if (is_placed) find_places(&part->places, first, some, places);
        if (m->way == way_in_place) {
            find_windows(m->maps, &part->windows, m->from, first, some, (const void **)seen);
            const window_table table = {(const void *const *)seen, columns};
            kernel_windows_product(m->precision, some, k, n, &table, matrix, &own, is_placed ? places : NULL, out, rest);
        } else if (m->way == way_plain) {
            kernel_product(m->precision, some, k, n, (const float *)m->from + first * k, matrix, &own, out, rest);
        } else {
            kernel_gather_windows(&part->windows, m->from, first, some, 0, k, (float *)seen);
            kernel_product(m->precision, some, k, n, (const float *)seen, matrix, &own, out, rest);
        }
        if (scatters) kernel_scatter_windows(&part->places, sums, first, some, ends, to);
    }
}

void kernel_convolve(enum kernel_precision precision, const kernel_convolution *c, enum kernel_direction direction, ptrdiff_t rows,
                     const float *from, const void *packed, const kernel_product_ends *ends, float *to, void *scratch) {
    const enum convolution_way way = way_of(precision, c, direction);
    const seen_maps maps = make_seen_maps(precision, c, direction);
    const seen_maps others = make_seen_maps(precision, c, direction == kernel_convolve_forward ? kernel_convolve_transposed : kernel_convolve_forward);
    const ptrdiff_t count = parts_of_group(c, direction), to_floats = map_floats(&others);
    const int is_direct = c->groups == 1 && count == 1;
    const ptrdiff_t at_once = way == way_narrow ? 1 : way == way_in_place ? maps_at_once(&maps) : rows;
    for (ptrdiff_t row = 0; row < rows; row += at_once) {
        const ptrdiff_t some = least_of(at_once, rows - row);
        const float *const first = from + row * map_floats(&maps);
        const some_maps here = {precision, way, &maps, way == way_in_place ? pad_maps(&maps, first, some, scratch) : first, some, scratch};
        const char *place = packed;
        for (ptrdiff_t number = 0; number < c->groups * count; number++) {
            const convolution_part part = make_part(c, direction, number / count, number % count);
            const char *const matrix = place + plain_bytes(&part, way, direction);
            kernel_product_ends own = *ends;
            if (own.bias) own.bias += part.places.channel;
            if (own.values) own.values += row * to_floats;
            if (way == way_narrow) {
                if (number % count == 0) make_planes(precision, &maps.padded, &part.windows, first, scratch);
                multiply_planes(precision, &part, &maps.padded, (const float *)place, &own, to + row * to_floats, scratch);
            } else {
                multiply_part(&here, &part, matrix, &own, is_direct, to + row * to_floats);
            }
            place = matrix + matrix_bytes(precision, &part, way);
        }
    }
}
