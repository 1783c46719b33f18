#include "kernels.h"

#define INSTANCE baseline
#define VECTOR_BYTES 16
#include "instance.h"
