// Shims for what Swift cannot import from hdf5.h: macros that call functions (H5T_NATIVE_*, H5P_*, H5F_ACC_*), and the walk of the
// error stack, whose callback gets a struct of C strings that live only as long as the call. No logic beyond that.
#pragma once
#include <hdf5.h>
#include <hdf5_hl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline hid_t chdf5_native_int8(void) { return H5T_NATIVE_INT8; }
static inline hid_t chdf5_native_uint8(void) { return H5T_NATIVE_UINT8; }
static inline hid_t chdf5_native_int16(void) { return H5T_NATIVE_INT16; }
static inline hid_t chdf5_native_uint16(void) { return H5T_NATIVE_UINT16; }
static inline hid_t chdf5_native_int32(void) { return H5T_NATIVE_INT32; }
static inline hid_t chdf5_native_uint32(void) { return H5T_NATIVE_UINT32; }
static inline hid_t chdf5_native_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t chdf5_native_uint64(void) { return H5T_NATIVE_UINT64; }
/* IEEE's half precision, which the library converts but has no name for. */
static inline hid_t chdf5_half(void) {
    static hid_t type = -1;
    if (type < 0) {
        type = H5Tcopy(H5T_IEEE_F32LE);
        if (H5Tset_fields(type, 15, 10, 5, 0, 10) < 0 || H5Tset_size(type, 2) < 0 || H5Tset_ebias(type, 15) < 0) type = -1;
    }
    return type;
}
static inline hid_t chdf5_native_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t chdf5_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t chdf5_c_string(void) { return H5T_C_S1; }

static inline hid_t chdf5_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t chdf5_file_create(void) { return H5P_FILE_CREATE; }
static inline hid_t chdf5_group_create(void) { return H5P_GROUP_CREATE; }
static inline hid_t chdf5_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t chdf5_dataset_access(void) { return H5P_DATASET_ACCESS; }
static inline hid_t chdf5_default(void) { return H5P_DEFAULT; }
static inline hid_t chdf5_all(void) { return H5S_ALL; }
static inline unsigned chdf5_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned chdf5_read_write(void) { return H5F_ACC_RDWR; }
static inline unsigned chdf5_truncate(void) { return H5F_ACC_TRUNC; }
static inline size_t chdf5_variable(void) { return H5T_VARIABLE; }

/// Files that are locked or cannot be locked, as on some network file systems, are read all the same.
static inline herr_t chdf5_ignore_disabled_locks(hid_t access) {
#if H5_VERSION_GE(1, 12, 1) || (H5_VERSION_GE(1, 10, 7) && !H5_VERSION_GE(1, 11, 0))
    return H5Pset_file_locking(access, 1, 1);
#else
    return 0;
#endif
}

static inline void chdf5_silence(void) { H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }

static inline herr_t chdf5_append_frame(unsigned n, const H5E_error2_t *frame, void *text) {
    (void)n;
    const size_t used = strlen((char *)text);
    snprintf((char *)text + used, 4096 - used, "%s(): %s\n", frame->func_name, frame->desc);
    return 0;
}

/// The frames of the error stack as lines, innermost first, in 4096 bytes.
static inline void chdf5_error_frames(char *text) {
    text[0] = 0;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, chdf5_append_frame, text);
    H5Eclear2(H5E_DEFAULT);
}

/// Gets a name; anything but 0 ends the listing.
typedef int (*chdf5_name_callback)(void *context, const char *name);
struct chdf5_names { chdf5_name_callback call; void *context; };
static inline herr_t chdf5_forward_name(hid_t group, const char *name, const H5L_info_t *info, void *data) {
    (void)group, (void)info;
    const struct chdf5_names *names = data;
    return names->call(names->context, name);
}

/// Calls back with the name of every link of a group, as they lie in the file: any other order takes memory for all of them.
static inline herr_t chdf5_for_each_link(hid_t group, chdf5_name_callback call, void *context) {
    struct chdf5_names names = {call, context};
    return H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, chdf5_forward_name, &names);
}

static inline herr_t chdf5_forward_attribute(hid_t object, const char *name, const H5A_info_t *info, void *data) {
    (void)object, (void)info;
    const struct chdf5_names *names = data;
    return names->call(names->context, name);
}

static inline herr_t chdf5_for_each_attribute(hid_t object, chdf5_name_callback call, void *context) {
    struct chdf5_names names = {call, context};
    return H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, chdf5_forward_attribute, &names);
}

/// What tells an object from the others of its file, and the number of its attributes.
struct chdf5_object { uint64_t identity[2]; uint64_t attributes; };
static inline herr_t chdf5_describe(hid_t object, struct chdf5_object *description) {
    memset(description, 0, sizeof *description);
#if H5_VERSION_GE(1, 12, 0)
    H5O_info2_t info;
    const herr_t status = H5Oget_info3(object, &info, H5O_INFO_BASIC | H5O_INFO_NUM_ATTRS);
    if (status >= 0) memcpy(description->identity, &info.token, sizeof info.token);
#else
    H5O_info_t info;
    const herr_t status = H5Oget_info2(object, &info, H5O_INFO_BASIC | H5O_INFO_NUM_ATTRS);
    if (status >= 0) description->identity[0] = info.addr;
#endif
    if (status >= 0) description->attributes = info.num_attrs;
    return status;
}

/// The bytes of a file in memory, kept when the library closes it. (H5Fget_file_image gives those of an open file, and in 1.10.8
/// with a superblock whose checksum is wrong.)
struct chdf5_image { unsigned char *bytes; };

static inline void *chdf5_image_resize(void *bytes, size_t size, H5FD_file_image_op_t operation, void *image) {
    (void)operation, (void)image;
    return realloc(bytes, size);
}
static inline herr_t chdf5_image_keep(void *bytes, H5FD_file_image_op_t operation, void *image) {
    if (operation == H5FD_FILE_IMAGE_OP_FILE_CLOSE) ((struct chdf5_image *)image)->bytes = bytes;
    else free(bytes);
    return 0;
}
static inline void *chdf5_image_same(void *image) { return image; }
static inline herr_t chdf5_image_release(void *image) {
    (void)image;
    return 0;
}

/// A file created with these properties lies in memory; when it is closed, `image` owns its bytes.
static inline herr_t chdf5_create_in_memory(hid_t access, struct chdf5_image *image) {
    H5FD_file_image_callbacks_t callbacks = {NULL, NULL, chdf5_image_resize, chdf5_image_keep, chdf5_image_same,
                                             chdf5_image_release, image};
    const herr_t status = H5Pset_fapl_core(access, 1 << 20, 0);
    return status < 0 ? status : H5Pset_file_image_callbacks(access, &callbacks);
}

/// The end of the file, as the superblock (versions 2 and 3) has it.
static inline uint64_t chdf5_image_size(const struct chdf5_image *image) {
    uint64_t size;
    memcpy(&size, image->bytes + 28, 8);
    return size;
}

/// Takes hold of disk blocks without changing a file's size (fallocate(2), which glibc declares for _GNU_SOURCE only).
static inline int chdf5_reserve(int descriptor, int64_t count) {
    enum { keep_size = 1 };
    return (int)syscall(SYS_fallocate, descriptor, keep_size, (off_t)0, (off_t)count);
}

/// For descriptors of folders that are only there to find what lies in them (O_PATH, which fcntl.h declares for _GNU_SOURCE only).
static inline int chdf5_path_only(void) { return 010000000; }
