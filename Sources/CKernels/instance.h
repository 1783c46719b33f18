// All elementwise kernels for one set of instructions, and their table. The file that includes this has set the instructions for all
// functions that follow, their name with INSTANCE and the size of a vector with VECTOR_BYTES.

// No fused multiply-add unless written: with it the bits would differ between instances.
#pragma clang fp contract(off)

#define JOIN_NAMES(name, instance) name##_##instance
#define JOIN(name, instance) JOIN_NAMES(name, instance)
#define KERNEL(name) JOIN(name, INSTANCE)

#include "kernels/activation.h"
#include "kernels/bf16.h"
#include "kernels/condition.h"
#include "kernels/convolution.h"
#include "kernels/corrupt.h"
#include "kernels/decode.h"
#include "kernels/dropout.h"
#include "kernels/exact.h"
#include "kernels/fold.h"
#include "kernels/interpolate.h"
#include "kernels/likelihood.h"
#include "kernels/moments.h"
#include "kernels/multiply.h"
#include "kernels/noise.h"
#include "kernels/normalize.h"
#include "kernels/optimizer.h"
#include "kernels/packed.h"
#include "kernels/planes.h"
#include "kernels/pool.h"
#include "kernels/posterior.h"
#include "kernels/prepare.h"
#include "kernels/scatter.h"
#include "kernels/softmax.h"
#include "kernels/symmetric.h"

const struct kernels KERNEL(kernels) = {
#define ENTRY(result, name, parameters, arguments) .name = KERNEL(name),
    KERNELS(ENTRY)
#undef ENTRY
};
