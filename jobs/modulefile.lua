-- mpi-vae as an environment module (Lmod), so that users write: module load mpi-vae
-- Install: copy this file to a folder of MODULEPATH as mpi-vae/0.1.0.lua, and edit the lines marked EDIT.

help([[Trains variational autoencoders on CPU clusters: HDF5 in, HDF5 out, the same bits on any number of ranks.
mpi-vae --help, or mpi-vae slurm --help for job scripts.]])
whatis("Name: mpi-vae")
whatis("Version: 0.1.0")
whatis("Description: data-parallel training of variational autoencoders over MPI")

-- EDIT: the modules that mpi-vae was built with; the MPI library must be the same one.
depends_on("openmpi", "hdf5")

-- EDIT: the folder whose bin/ holds mpi-vae (.build/release/mpi-vae after a build).
local root = "/opt/mpi-vae/0.1.0"
prepend_path("PATH", pathJoin(root, "bin"))
