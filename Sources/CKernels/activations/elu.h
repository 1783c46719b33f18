// x, or exp(x) - 1 below zero (Clevert et al. 2016, equation 15, alpha = 1).
ACTIVATION(elu, "elu", x < 0 ? exp_float(x) - 1.0f : x, y, y > 0 ? 1.0f : y + 1.0f)
