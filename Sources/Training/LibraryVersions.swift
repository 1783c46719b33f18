internal import Distributed
internal import HDF5
internal import VAE

/// The libraries that the program runs with, and their versions.
public func libraryVersions() -> [(library: String, version: String)] {
    [("MPI", mpiVersion()), ("HDF5", hdf5Version()), ("oneDNN", oneDNNVersion())]
}

/// Whether the processor has instructions for products of bfloat16 numbers.
public func multipliesBF16() -> Bool { Precision.bf16.isFast }
