#!/usr/bin/env python3
"""Training speed of torch_vae.py's model in PyTorch, data-parallel by DDP over gloo, one thread per rank.

Data are floats in memory, drawn by index, as fast as PyTorch can have them; one rank runs without DDP. Prints one line of JSON: samples per
second of all ranks (the median of some series of steps), resident bytes of rank 0 beyond the data, and the last loss.
"""
import argparse
import gzip
import json
import os
import time

import numpy as np


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def work(rank, options):
    import torch
    from torch import nn
    from torch_model import VAE

    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    if options.ranks > 1:
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(options.port))
        torch.distributed.init_process_group("gloo", rank=rank, world_size=options.ranks)

    if options.features == 784:
        with gzip.open(f"{options.folder}/train-images-idx3-ubyte.gz") as file:
            rows = np.frombuffer(file.read(), np.uint8)[16:].reshape(-1, 784)
        rows = rows[rank :: options.ranks]
    else:
        rows = np.random.default_rng(rank).integers(0, 256, (20000 // options.ranks, options.features), np.uint8)
    model = VAE(options, options.features)
    data = model.shaped(torch.from_numpy(rows.astype(np.float32) / 255))
    bytes = data.numel() * 4
    if options.channels_last:
        model, data = model.to(memory_format=torch.channels_last), data.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    if options.ranks > 1:
        model = nn.parallel.DistributedDataParallel(model)
    if options.compile:
        model = torch.compile(model)

    def steps(count):
        nonlocal order, loss
        for _ in range(count):
            if len(order) < options.batch:
                order = torch.randperm(len(data))
            chosen, order = order[: options.batch], order[options.batch :]
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=options.bf16):
                loss = sum(model(data[chosen])) / options.batch
            loss.backward()
            optimizer.step()

    order, loss = torch.empty(0), None
    steps(5)
    start = time.perf_counter()
    steps(5)
    once = torch.tensor([(time.perf_counter() - start) / 5])
    if options.ranks > 1:
        torch.distributed.broadcast(once, 0)
    series = 9
    count = max(2, round(options.seconds / series / float(once)))
    times = []
    for _ in range(series):
        start = time.perf_counter()
        steps(count)
        times.append(time.perf_counter() - start)
    if rank == 0:
        print(json.dumps({
            "samples_per_second": options.ranks * options.batch * count / sorted(times)[series // 2],
            "resident_beyond_data": resident() - bytes, "loss": float(loss.detach()),
        }), flush=True)
    if options.ranks > 1:
        torch.distributed.destroy_process_group()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--batch", type=int, default=128, help="rows per rank")
    parser.add_argument("--features", type=int, default=784)
    import torch_model
    torch_model.add_arguments(parser)
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=29517)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    if options.ranks == 1:
        work(0, options)
    else:
        import torch.multiprocessing
        torch.multiprocessing.spawn(work, (options,), nprocs=options.ranks)


if __name__ == "__main__":
    main()
