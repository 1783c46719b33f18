#include "../math.h"

// What a packed row begins with. Values and columns follow, each in the least bytes that hold all of the row's; where that is no less than the
// row itself, the row does.
typedef struct {
    uint32_t count;
    uint8_t value_bytes;
    uint8_t column_bytes;
} packed_row;

enum { packed_header = 8 };

INLINE ptrdiff_t packed_padded(ptrdiff_t bytes, ptrdiff_t unit) { return (bytes + unit - 1) / unit * unit; }

INLINE ptrdiff_t packed_bytes(packed_row row, ptrdiff_t features) {
    if (row.column_bytes == 0) return packed_header + 4 * features;
    return packed_header + packed_padded(row.count * row.value_bytes, 4) + row.count * row.column_bytes;
}

static packed_row packed_form(const float *values, ptrdiff_t features) {
    uint32_t count = 0, is_not_byte = 0, is_not_short = 0;
    for (ptrdiff_t i = 0; i < features; i++) {
        uint32_t bits;
        memcpy(&bits, values + i, 4);
        // Of what is not a number or out of range the integer is none that comes back as it was; -0 is told by its bits.
        const float value = values[i];
        const uint32_t in_byte = value >= 0 && value <= 255, in_short = value >= 0 && value <= 65535;
        const uint32_t is_whole = (float)(int32_t)(in_short ? value : 0.5f) == value && bits != 0x80000000;
        count += bits != 0;
        is_not_byte |= !(in_byte & is_whole);
        is_not_short |= !(in_short & is_whole);
    }
    packed_row row = {count, is_not_byte ? is_not_short ? 4 : 2 : 1, features <= 65536 ? 2 : 4};
    if (packed_bytes(row, features) >= packed_header + 4 * features) row.column_bytes = 0;
    return row;
}

static ptrdiff_t KERNEL(packed_size)(const float *values, ptrdiff_t features) {
    return packed_padded(packed_bytes(packed_form(values, features), features), packed_header);
}

#define PACK_COLUMNS(type)                                                                                            \
    static void packed_columns_##type(type *restrict columns, const float *restrict values, ptrdiff_t features) {     \
        for (ptrdiff_t i = 0, next = 0; i < features; i++) {                                                          \
            uint32_t bits;                                                                                            \
            memcpy(&bits, values + i, 4);                                                                             \
            if (bits != 0) columns[next++] = (type)i;                                                                 \
        }                                                                                                             \
    }                                                                                                                 \
    static void packed_take_##type(packed_row row, void *taken, const float *values, const type *columns) {           \
        for (uint32_t i = 0; i < row.count; i++) {                                                                    \
            const float value = values[columns[i]];                                                                   \
            if (row.value_bytes == 1) ((uint8_t *)taken)[i] = (uint8_t)value;                                         \
            else if (row.value_bytes == 2) ((uint16_t *)taken)[i] = (uint16_t)value;                                  \
            else ((float *)taken)[i] = value;                                                                         \
        }                                                                                                             \
    }
PACK_COLUMNS(uint16_t)
PACK_COLUMNS(uint32_t)

static void KERNEL(pack_row)(void *packed, const float *values, ptrdiff_t features) {
    const packed_row row = packed_form(values, features);
    memcpy(packed, &row, sizeof row);
    char *taken = (char *)packed + packed_header;
    if (row.column_bytes == 0) {
        memcpy(taken, values, 4 * features);
        return;
    }
    void *columns = taken + packed_padded(row.count * row.value_bytes, 4);
    if (row.column_bytes == 2) {
        packed_columns_uint16_t(columns, values, features);
        packed_take_uint16_t(row, taken, values, columns);
    } else {
        packed_columns_uint32_t(columns, values, features);
        packed_take_uint32_t(row, taken, values, columns);
    }
}

#define SCATTER_PACKED(real, type, column)                                                                            \
    {                                                                                                                 \
        const type *taken = (const void *)from;                                                                       \
        const column *columns = (const void *)(from + packed_padded(row.count * (ptrdiff_t)sizeof(type), 4));         \
        for (uint32_t i = 0; i < row.count; i++) values[columns[i]] = (real)taken[i];                                 \
        return;                                                                                                       \
    }

#define UNPACK(real)                                                                                                  \
    static void KERNEL(unpack_##real)(real *values, const void *packed, ptrdiff_t features) {                         \
        packed_row row;                                                                                               \
        memcpy(&row, packed, sizeof row);                                                                             \
        const char *from = (const char *)packed + packed_header;                                                      \
        if (row.column_bytes == 0) {                                                                                  \
            for (ptrdiff_t i = 0; i < features; i++) values[i] = (real)((const float *)(const void *)from)[i];        \
            return;                                                                                                   \
        }                                                                                                             \
        memset(values, 0, features * sizeof(real));                                                                   \
        switch (10 * row.value_bytes + row.column_bytes) {                                                            \
        case 12: SCATTER_PACKED(real, uint8_t, uint16_t)                                                              \
        case 22: SCATTER_PACKED(real, uint16_t, uint16_t)                                                             \
        case 42: SCATTER_PACKED(real, float, uint16_t)                                                                \
        case 14: SCATTER_PACKED(real, uint8_t, uint32_t)                                                              \
        case 24: SCATTER_PACKED(real, uint16_t, uint32_t)                                                             \
        case 44: SCATTER_PACKED(real, float, uint32_t)                                                                \
        }                                                                                                             \
    }
UNPACK(float)
UNPACK(double)
