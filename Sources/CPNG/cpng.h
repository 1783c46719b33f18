// A shim for what Swift cannot use of png.h: an array of characters in a struct, which it sees as a tuple. No logic beyond that.
#pragma once
#include <png.h>

static inline const char *cpng_message(const png_image *image) { return image->message; }
