// oneDNN as VAE needs it, hiding the difference between the v2 and v3 interfaces.
#pragma once
#include <oneapi/dnnl/dnnl.h>
