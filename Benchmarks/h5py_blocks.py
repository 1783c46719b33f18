"""Reads blocks of rows in random order by h5py: h5py_blocks.py FILE PROCESSES ROWS SECONDS; prints rows per second of all."""
import multiprocessing
import sys
import time

import h5py
import numpy as np


def read(path, part, parts, rows, seconds):
    with h5py.File(path, "r") as file:
        data = file["data"]
        blocks = np.array_split(np.arange(len(data) // rows), parts)[part]
        start, done = time.time(), 0
        for block in np.random.default_rng(part).permutation(blocks):
            done += len(data[block * rows:(block + 1) * rows])
            if time.time() - start > seconds:
                break
        return done / (time.time() - start)


if __name__ == "__main__":
    path, parts, rows, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    with multiprocessing.get_context("spawn").Pool(parts) as pool:
        print(round(sum(pool.starmap(read, [(path, part, parts, rows, seconds) for part in range(parts)]))))
