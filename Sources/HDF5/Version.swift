internal import CDeflate
internal import CHDF5

/// The version of the HDF5 library that the program runs with.
public func hdf5Version() -> String {
    var (major, minor, release): (UInt32, UInt32, UInt32) = (0, 0, 0)
    H5get_libversion(&major, &minor, &release)
    return "\(major).\(minor).\(release)"
}

/// The version of libdeflate that the program was built with.
public func libdeflateVersion() -> String { LIBDEFLATE_VERSION_STRING }
