// 1 / (1 + exp(-x))
ACTIVATION(sigmoid, "sigmoid", sigmoid_float(x), y, y * (1.0f - y))
