/// The version of the program, as `mpi-vae --version` has it.
public let programVersion = "0.1.0"
