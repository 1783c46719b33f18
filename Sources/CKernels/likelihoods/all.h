// The likelihoods, in the order of their numbers.
//
// One is added with a file here and its line below; the enum and the functions come from these. Laplace's, say, would be laplace.h:
//
//     // -log Laplace(x; o, b) = |x - o| / b + log(2 b); the settings are b.
//     LIKELIHOOD(laplace, 1, {
//         what is the same for all rows
//         FOR_EACH_ROW({
//             FOR_EACH_FEATURE(0, features, {
//                 loss = SEEN * the loss of x[i] and output[i];
//                 if (has_gradient) output[i] = SEEN * its derivative with regard to output[i] * row_scale;
//             })
//             losses[row] = sum_of_lanes(lanes) + what a row adds;
//         })
//     })
//
// where 1 is the decoder's outputs per feature; of more, those of the second begin at output[features]. kernels/likelihood.h has the
// macros. What includes this file has defined LIKELIHOOD, for what it needs of each.
#include "bernoulli.h"
#include "gaussian.h"
#include "gaussian_learned.h"
#include "squared_error.h"
#undef LIKELIHOOD
