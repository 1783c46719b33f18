#!/usr/bin/env python3
"""The VAE of DESIGN section 8 in PyTorch, to compare test ELBO and speed with.

784-400-20-400-784 or --channels and --map (torch_model.py), ReLU, Bernoulli by logits, Adam, one sample of the posterior; sums over features, mean over rows.
Prints one line of JSON: elbo, reconstruction, kl of the test rows in nats per row, and samples per second of training.
"""
import argparse
import gzip
import json
import time

import numpy as np
import torch

import torch_model


def images(path):
    with gzip.open(path) as file:
        data = np.frombuffer(file.read(), np.uint8)
    return torch.from_numpy(data[16:].reshape(-1, 784).astype(np.float32) / 255)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--data", help="an .npz file of 0 and 1, train and test, in place of Fashion-MNIST")
    parser.add_argument("--codes", help="an .npz file to write the posteriors' means of train and test to")
    torch_model.add_arguments(parser)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    if options.data:
        arrays = np.load(options.data)
        train, test = (torch.from_numpy(arrays[part].reshape(len(arrays[part]), -1).astype(np.float32)) for part in ("train", "test"))
    else:
        train = images(f"{options.folder}/train-images-idx3-ubyte.gz")
        test = images(f"{options.folder}/t10k-images-idx3-ubyte.gz")
    model = torch_model.VAE(options, train.shape[1])
    train, test = model.shaped(train), model.shaped(test)
    optimizer = torch.optim.Adam(model.parameters(), lr=options.lr)
    start = time.perf_counter()
    for _ in range(options.epochs):
        for rows in torch.randperm(len(train)).split(options.batch):
            optimizer.zero_grad()
            reconstruction, kl = model(train[rows])
            ((reconstruction + kl) / len(rows)).backward()
            optimizer.step()
    seconds = time.perf_counter() - start
    with torch.no_grad():
        sums = [model(rows) for rows in test.split(200)]
        if options.codes:
            codes = [torch.cat([model.encoder(rows)[:, :options.latent] for rows in part.split(200)]) for part in (train, test)]
            np.savez(options.codes, train=codes[0], test=codes[1])
    reconstruction = sum(float(r) for r, _ in sums) / len(test)
    kl = sum(float(k) for _, k in sums) / len(test)
    print(json.dumps({
        "elbo": -(reconstruction + kl), "reconstruction": reconstruction, "kl": kl,
        "samples_per_second": options.epochs * len(train) / seconds,
    }))


if __name__ == "__main__":
    main()
