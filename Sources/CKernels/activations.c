#include "ckernels_activation.h"

int kernel_activation_count(void) {
    return 0
#define ACTIVATION(...) + 1
#include "activations/all.h"
        ;
}

const char *kernel_activation_name(enum kernel_activation kind) {
    static const char *const names[] = {
        "identity",
#define ACTIVATION(name, typed, ...) typed,
#include "activations/all.h"
    };
    return names[kind];
}

int kernel_activation_needs_input(enum kernel_activation kind) {
    // What the files call the output and the input.
    enum { y = 0, x = 1 };
    static const int needs[] = {
        y,
#define ACTIVATION(name, typed, forward, of, ...) of,
#include "activations/all.h"
    };
    return needs[kind];
}
