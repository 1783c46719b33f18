// Maps of three axes, and windows on them.
#pragma once
#include "definition.h"

// Products and sums are rounded each by itself, as arm64's compiler would not do.
#pragma clang fp contract(off)

static long product_of(const ptrdiff_t *sizes) { return sizes[0] * sizes[1] * sizes[2]; }

#define FOR_PLACES(sizes, place)                                                                                      \
    for (place[0] = 0; place[0] < (sizes)[0]; place[0]++)                                                             \
        for (place[1] = 0; place[1] < (sizes)[1]; place[1]++)                                                         \
            for (place[2] = 0; place[2] < (sizes)[2]; place[2]++)

/// Where tap `t` of output `p` looks.
static void look(const kernel_convolution *c, const long *p, const long *t, long *place) {
    for (int a = 0; a < 3; a++) place[a] = p[a] * c->stride[a] + t[a] * c->dilation[a] - c->padding[a];
}

/// A convolution along `axes` axes: anything goes, also outputs that see nothing, and inputs that nothing sees.
static kernel_convolution random_convolution(long axes, long most_size, long most_channels) {
    kernel_convolution c = {.groups = range(0, 2) ? 1 : range(1, 4)};
    c.channels = c.groups * range(1, most_channels / c.groups), c.outputs = c.groups * range(1, most_channels / c.groups);
    for (int a = 0; a < 3; a++) {
        const int is_there = a >= 3 - axes;
        c.input[a] = is_there ? range(1, most_size) : 1, c.kernel[a] = is_there ? range(1, 4) : 1;
        c.stride[a] = is_there ? range(1, 3) : 1, c.dilation[a] = is_there && range(0, 2) == 0 ? range(1, 4) : 1;
        c.padding[a] = is_there ? range(-1, c.kernel[a]) : 0;
        const long usual = (c.input[a] + 2 * c.padding[a] - (c.kernel[a] - 1) * c.dilation[a] - 1) / c.stride[a] + 1;
        c.output[a] = is_there ? usual + range(-1, 1) : 1;
        if (c.output[a] < 1) c.output[a] = 1;
    }
    return c;
}
