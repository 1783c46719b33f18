// (exp(x) - exp(-x)) / (exp(x) + exp(-x))
ACTIVATION(tanh, "tanh", tanh_float(x), y, 1.0f - y * y)
