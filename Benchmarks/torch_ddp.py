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
    from torch.nn import functional as F

    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    if options.ranks > 1:
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(options.port))
        torch.distributed.init_process_group("gloo", rank=rank, world_size=options.ranks)

    class VAE(nn.Module):
        def __init__(self):
            super().__init__()
            def network(sizes):
                layers = []
                for a, b in zip(sizes, sizes[1:]):
                    layers += [nn.Linear(a, b), nn.ReLU()]
                return nn.Sequential(*layers[:-1])
            hidden = options.hidden
            self.encoder = network([options.features, *hidden, 2 * options.latent])
            self.decoder = network([options.latent, *reversed(hidden), options.features])

        def forward(self, x):
            mean, log_variance = self.encoder(x).float().chunk(2, 1)
            z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
            logits = self.decoder(z).float()
            reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
            kl = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
            return (reconstruction + kl) / len(x)

    if options.features == 784:
        with gzip.open(f"{options.folder}/train-images-idx3-ubyte.gz") as file:
            rows = np.frombuffer(file.read(), np.uint8)[16:].reshape(-1, 784)
        rows = rows[rank :: options.ranks]
    else:
        rows = np.random.default_rng(rank).integers(0, 256, (20000 // options.ranks, options.features), np.uint8)
    data = torch.from_numpy(rows.astype(np.float32) / 255)
    model = VAE()
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
                loss = model(data[chosen])
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
            "resident_beyond_data": resident() - data.nbytes, "loss": float(loss.detach()),
        }), flush=True)
    if options.ranks > 1:
        torch.distributed.destroy_process_group()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--batch", type=int, default=128, help="rows per rank")
    parser.add_argument("--features", type=int, default=784)
    parser.add_argument("--hidden", type=lambda text: [int(size) for size in text.split(",")], default=[400])
    parser.add_argument("--latent", type=int, default=20)
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
