// What models are made of but for their products: activations, likelihoods, latents, normalisation, optimizers.
#pragma once
#include "elementwise.h"

static void run_activations(const struct kernels *k, struct results *r, ptrdiff_t count, int edges) {
    float *input = floats(edges), *gradient = floats(edges), *output = floats(0);
    for (int number = 0; number <= kernel_activation_count(); number++) {
        const enum kernel_activation kind = (enum kernel_activation)number;
        k->activate(kind, output, input, count);
        take_floats(r, kernel_activation_name(kind), output, count);
        memcpy(output, gradient, most * sizeof(float));
        k->activate_backward(kind, output, input, count);
        take_floats(r, kernel_activation_name(kind), output, count);
    }
    free(input), free(gradient), free(output);
}

static void run_softmax(const struct kernels *k, struct results *r, ptrdiff_t rows, ptrdiff_t columns, int edges) {
    float *values = floats(edges), *gradient = floats(0), *output = floats(0);
    k->softmax(output, values, rows, columns);
    take_floats(r, "softmax", output, rows * columns);
    k->softmax_backward(gradient, output, rows, columns);
    take_floats(r, "softmax_backward", gradient, rows * columns);
    free(values), free(gradient), free(output);
}

static void run_likelihoods(const struct kernels *k, struct results *r, ptrdiff_t rows, ptrdiff_t features, int edges) {
    float *x = units(), *output = floats(edges), *weights = units(), *mask = units(), *changed = floats(0);
    float *scratch = aligned_alloc(64, (size_t)(KERNEL_LIKELIHOOD_DISPERSED_SCRATCH * kernel_whole_vectors(features)) * sizeof(float));
    double losses[most];
    for (int i = 0; i < most; i++) mask[i] = mask[i] < 0.25f ? 0 : 1;
    for (int choice = 0; choice < 12; choice++) {
        // Values in 0...1, and counts, of which most are 0; settings of 0 or not.
        if (choice == 4)
            for (int i = 0; i < most; i++) x[i] = x[i] < 0.7f ? 0 : (float)(random_bits() >> (random_bits() % 16 + 48));
        const float settings[] = {choice == 6 || choice == 10 ? 0 : choice == 7 ? 3.5f : 0.3f, choice < 8 ? 3.5f : 0};
        const kernel_loss_terms terms = {.x = x, .mask = choice & 1 ? mask : NULL, .weights = choice & 2 ? weights : NULL,
                                         .output = changed, .scale = 0.125f, .settings = settings, .scratch = scratch,
                                         .losses = losses, .rows = rows, .features = features};
#define LIKELIHOOD(name, heads, ...)                                                                                  \
    memcpy(changed, output, most * sizeof(float));                                                                    \
    k->loss(kernel_likelihood_##name, &terms);                                                                        \
    take_floats(r, #name, changed, (heads) * rows * features);                                                        \
    take_doubles(r, #name, losses, rows);
#include "likelihoods/all.h"
        k->continuous_bernoulli_means(changed, output, rows * features);
        take_floats(r, "continuous_bernoulli_means", changed, rows * features);
        const int is_rate = choice >= 8;
        k->count_means(changed, output, features, is_rate, 0, choice & 2 ? x : NULL, choice & 1 ? mask : NULL, 1000, rows, features);
        take_floats(r, "count_means", changed, rows * features);
        k->count_means(changed, output, 2 * features, is_rate, 1, choice & 2 ? x : NULL, choice & 1 ? mask : NULL, 1000, rows,
                       features);
        take_floats(r, "count_means", changed, rows * features);
    }
    free(x), free(output), free(weights), free(mask), free(changed), free(scratch);
}

static void run_model(const struct kernels *k, struct results *r, ptrdiff_t rows, ptrdiff_t features, int edges) {
    const ptrdiff_t count = rows * features;
    float *code = floats(edges), *noise = floats(0), *z = floats(edges), *gradient = floats(edges), *weights = units();
    double kl[most];
    const kernel_normal_terms terms[] = {{0, 1, 0}, {1e-4f, 1, 0}, {0, 2.5f, -0.9f}, {1e-4f, 2.5f, -0.9f}};
    for (int i = 0; i < 4; i++) {
        k->posterior_backward(code, noise, terms[i], z, 0.25f, weights, gradient, rows, features);
        take_floats(r, "posterior", gradient, 2 * count);
        k->posterior(code, noise, terms[i], z, kl, rows, features);
        take_floats(r, "posterior", z, count);
        take_doubles(r, "posterior", kl, rows);
        // Two draws of each of half the rows.
        k->posterior_samples(code, noise, terms[i], 2, z, kl, rows / 2, features);
        take_floats(r, "posterior_samples", z, rows / 2 * 2 * features);
        take_doubles(r, "posterior_samples", kl, rows / 2 * 2);
        k->posterior_samples_backward(code, noise, terms[i], 2, z, noise, weights, gradient, rows / 2, features);
        take_floats(r, "posterior_samples", gradient, rows / 2 * 2 * features);
    }

    float *gain = floats(0), *shift = floats(0), *moments = floats(0), *output = floats(0);
    k->unit_normalize(output, moments, code, rows, features);
    take_floats(r, "unit_normalize", output, count);
    take_floats(r, "unit_normalize", moments, rows);
    memcpy(z, gradient, sizeof(float) * (size_t)count);
    k->unit_normalize_backward(z, output, moments, rows, features);
    take_floats(r, "unit_normalize_backward", z, count);
    // One condition that is a number, one that is absent.
    const float conditions[] = {0.7f, 0, -1.3f};
    for (ptrdiff_t row = 0; row < rows; row++) {
        k->add_condition(output, code, conditions, gain, 1, features, 1, 3);
        take_floats(r, "add_condition", output, features);
    }
    k->sum_positions(output, code, 1, rows, features);
    take_floats(r, "sum_positions", output, features);
    k->normalize(output, moments, code, gain, shift, rows, features);
    take_floats(r, "normalize", output, count);
    take_floats(r, "normalize", moments, 2 * rows);
    k->normalize_backward(z, code, moments, gain, output, rows, features);
    take_floats(r, "normalize", z, count);
    take_floats(r, "normalize", output, count);

    for (int i = 0; i < most; i++) shift[i] = shift[i] < 0 ? -shift[i] : shift[i];
    k->adam(code, gradient, gain, shift, (kernel_adam_step){0.5f, 0.01f, 1.5f, 0.9f, 0.999f, 1e-8f, 0.01f, 0.001f}, count);
    take_floats(r, "adam", code, count);
    take_floats(r, "adam", gain, count);
    take_floats(r, "adam", shift, count);
    k->sgd(code, gradient, gain, 0.5f, 0.01f, 0.9f, 0.01f, count);
    take_floats(r, "sgd", code, count);
    take_floats(r, "sgd", gain, count);
    free(code), free(noise), free(z), free(gradient), free(weights), free(gain), free(shift), free(moments), free(output);
}
