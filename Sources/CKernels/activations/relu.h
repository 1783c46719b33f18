// max(x, 0)
ACTIVATION(relu, "relu", x < 0 ? 0 : x, y, y > 0 ? 1.0f : 0.0f)
