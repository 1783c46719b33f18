#include "kernels.h"

#define INSTANCE baseline
#include "instance.h"
