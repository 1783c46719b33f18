#include "philox.h"
#include "ckernels_noise.h"

void kernel_philox(uint32_t counter[4], uint32_t key_low, uint32_t key_high) {
    philox_rounds(&counter[0], &counter[1], &counter[2], &counter[3], key_low, key_high);
}
