#include "../gamma.h"
#include "../lanes.h"
#include "../math.h"

// Every likelihood is written once, in ../likelihoods, and compiled four times: with a mask or, where `SEEN` is the constant 1,
// without one; and with a gradient or with the loss alone.
#define SEEN (masked ? mask[i] : 1.0f)

#include "continuous.h"
#include "counts.h"
#include "dispersed_counts.h"
#include "logistic.h"

/// The values of a row that are there.
INLINE double seen_count(int masked, const float *mask, ptrdiff_t features) {
    if (!masked) return (double)features;
    double count = 0;
    for (ptrdiff_t i = 0; i < features; i++) count += (double)mask[i];
    return count;
}

// A loop over rows, whose body sets `losses[row]`; `x`, `mask` and `output` are those of the row.
#define FOR_EACH_ROW(...)                                                                                             \
    for (ptrdiff_t row = 0; row < rows; row++, x += features, mask += masked ? features : 0, output += width) {       \
        const float row_scale = has_gradient ? scale * weights[row] : 0;                                              \
        __VA_ARGS__                                                                                                   \
    }

// The pointers are parameters because clang heeds `restrict` of these alone.
#define LIKELIHOOD(name, heads, ...)                                                                                  \
    INLINE void loss_of_##name(int masked, int has_gradient, const float *restrict x, const float *restrict mask,     \
                               const float *weights, float *restrict output, float scale, const float *settings,      \
                               float *restrict scratch, double *restrict losses, ptrdiff_t rows,                      \
                               ptrdiff_t features) {                                                                  \
        const ptrdiff_t width = (heads) * features;                                                                   \
        (void)settings, (void)scratch;                                                                                \
        __VA_ARGS__                                                                                                   \
    }
#include "../likelihoods/all.h"

// The first two are constants wherever it is called.
INLINE void loss_of(int masked, int has_gradient, enum kernel_likelihood kind, const kernel_loss_terms *t) {
    switch (kind) {
#define LIKELIHOOD(name, ...)                                                                                         \
    case kernel_likelihood_##name:                                                                                    \
        return loss_of_##name(masked, has_gradient, t->x, t->mask, t->weights, t->output, t->scale, t->settings,      \
                              t->scratch, t->losses, t->rows, t->features);
#include "../likelihoods/all.h"
    }
}

static void KERNEL(loss)(enum kernel_likelihood kind, const kernel_loss_terms *terms) {
    if (terms->mask && terms->weights) loss_of(1, 1, kind, terms);
    else if (terms->mask) loss_of(1, 0, kind, terms);
    else if (terms->weights) loss_of(0, 1, kind, terms);
    else loss_of(0, 0, kind, terms);
}
