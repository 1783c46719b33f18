internal import CLibzip
internal import CPNG
internal import CZlib
internal import Distributed
internal import HDF5

/// The libraries that the program runs with, and their versions; libdeflate's is that of its header, and libjpeg-turbo tells none.
public func libraryVersions() -> [(library: String, version: String)] {
    [
        ("MPI", mpiVersion()), ("HDF5", hdf5Version()), ("libdeflate", libdeflateVersion()),
        ("zlib", String(cString: zlibVersion())), ("libzip", String(cString: zip_libzip_version())),
        ("libpng", String(cString: png_get_libpng_ver(nil))),
    ]
}
