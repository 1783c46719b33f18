"""Writes a large gzip-compressed HDF5 file of images: large_file.py FILE GIGABYTES

/data is [N, 28, 28] uint8 in chunks of 1024 rows, made of Fashion-MNIST's images in ever other orders. A few hundred different
chunks are compressed once and written again and again in random order, so that the disk is what limits the writing; whoever reads
has as much to read and to decompress as if all were different.
"""
import gzip
import os
import sys
import zlib

import h5py
import numpy as np

path, size = sys.argv[1], float(sys.argv[2]) * 1e9
with gzip.open("/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz") as file:
    images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
random = np.random.default_rng(1)
rows = 1024
chunks = [zlib.compress(images[random.choice(len(images), rows, False)].tobytes(), 4) for _ in range(256)]
count = int(size / np.mean([len(chunk) for chunk in chunks]))
with h5py.File(path + ".part", "w", libver="latest") as file:
    data = file.create_dataset("data", (count * rows, 28, 28), "u1", chunks=(rows, 28, 28), compression="gzip", compression_opts=4)
    for i, choice in enumerate(random.integers(0, len(chunks), count)):
        data.id.write_direct_chunk((i * rows, 0, 0), chunks[choice])
os.rename(path + ".part", path)
print(f"{path}: {count * rows} rows, {os.path.getsize(path) / 1e9:.1f} GB, {count * rows * 784 / 1e9:.1f} GB when decompressed")
