// The activations, in the order of their numbers.
//
// One is added with a file here and its line below; the enum, the functions and the names that users type come from these. The file has
//
//     ACTIVATION(name, "as users type it", f(x), of what f' is a function, f')
//
// where that is x, the input, or y, the output, which is better: the input takes memory of its own. Values that are not numbers should stay
// such. What includes this file has defined ACTIVATION, for what it needs of each.
#include "relu.h"
#include "leaky_relu.h"
#include "elu.h"
#include "gelu.h"
#include "tanh.h"
#include "sigmoid.h"
#include "silu.h"
#include "symlog.h"
#include "softplus.h"
#undef ACTIVATION
