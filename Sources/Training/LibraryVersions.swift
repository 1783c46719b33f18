internal import Distributed
internal import HDF5
internal import VAE

/// The libraries that the program runs with, and their versions.
public func libraryVersions() -> [(library: String, version: String)] {
    [("MPI", mpiVersion()), ("HDF5", hdf5Version()), ("oneDNN", oneDNNVersion())]
}
