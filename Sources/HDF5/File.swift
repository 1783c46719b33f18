/// HDF5 files.
