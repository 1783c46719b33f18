# A recipe for Spack 1.0 and newer. Put it into a repository of your own, as packages/mpi_vae/package.py (spack repo create), say where the sources
# lie (MPI_VAE_GIT, an address that git clone takes), and: spack install mpi-vae ^openmpi
#
# Spack has no Swift compiler: a toolchain of 6.1 or newer (swift.org) must be in PATH. Swift's package manager fetches the libraries of
# Package.resolved while it builds.
import os

from spack_repo.builtin.build_systems.generic import Package

from spack.package import *


class MpiVae(Package):
    """Trains variational autoencoders on CPU clusters: data-parallel over MPI, HDF5 in and out, the same bits on any number of ranks."""

    git = os.environ.get("MPI_VAE_GIT", "")

    license("Apache-2.0")

    version("main", branch="main")

    variant("static_swift", default=True, description="Swift's libraries in the program, so that nodes need no toolchain")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi@3:")
    # Every rank reads, one writes: parallel HDF5 is not needed, and does no harm.
    depends_on("hdf5@1.10:")
    depends_on("libdeflate")
    depends_on("zlib-api")
    depends_on("libpng@1.6:")
    depends_on("libjpeg-turbo@2:")
    depends_on("libzip")

    conflicts("platform=darwin", msg="mpi-vae is for Linux")
    conflicts("platform=windows", msg="mpi-vae is for Linux")

    def setup_build_environment(self, env):
        # Those of Open MPI are called ompi-c, those of MPICH and its kin after themselves.
        mpi = self.spec["mpi"].name
        env.set("MPI_VAE_MPI_PC", {"openmpi": "ompi-c", "cray-mpich": "mpich"}.get(mpi, mpi))
        env.set("MPI_VAE_HDF5_PC", "hdf5")

    def install(self, spec, prefix):
        swift = which("swift", required=True)
        build = ["build", "-c", "release", "--product", "mpi-vae"]
        # Libraries are found where Spack has them.
        for name in ("mpi", "hdf5", "libdeflate", "zlib-api", "libpng", "libjpeg-turbo", "libzip"):
            for folder in spec[name].libs.directories:
                build += ["-Xlinker", "-rpath", "-Xlinker", folder]
        if spec.satisfies("+static_swift"):
            build.append("--static-swift-stdlib")
        swift(*build)

        mkdirp(prefix.bin)
        install(".build/release/mpi-vae", prefix.bin)
        program = Executable(prefix.bin.join("mpi-vae"))
        completions = prefix.share.join("bash-completion").completions
        mkdirp(completions)
        with open(completions.join("mpi-vae"), "w") as file:
            file.write(program("--generate-completion-script", "bash", output=str))
        install_tree("docs", prefix.share.doc.join("mpi-vae"))

    @run_after("install")
    @on_package_attributes(run_tests=True)
    def check_install(self):
        """The program trains a model of the shapes that it makes itself."""
        program = Executable(self.prefix.bin.join("mpi-vae"))
        with working_dir("check", create=True):
            program("train", "--epochs", "1", "--hidden", "16", "--no-report")
