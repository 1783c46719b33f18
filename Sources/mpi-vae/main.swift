import Training
print("mpi-vae")
