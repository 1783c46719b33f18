#!/usr/bin/env python3
"""The VAE of DESIGN section 8 in PyTorch, to compare test ELBO and speed with.

784-400-20-400-784, ReLU, Bernoulli by logits, Adam, one sample of the posterior; sums over features, mean over rows.
Prints one line of JSON: elbo, reconstruction, kl of the test rows in nats per row, and samples per second of training.
"""
import argparse
import gzip
import json
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def images(path):
    with gzip.open(path) as file:
        data = np.frombuffer(file.read(), np.uint8)
    return torch.from_numpy(data[16:].reshape(-1, 784).astype(np.float32) / 255)


class VAE(nn.Module):
    def __init__(self, hidden, latent):
        super().__init__()
        self.encoder = nn.Linear(784, hidden)
        self.code = nn.Linear(hidden, 2 * latent)
        self.decoder = nn.Linear(latent, hidden)
        self.output = nn.Linear(hidden, 784)

    def forward(self, x):
        mean, log_variance = self.code(F.relu(self.encoder(x))).chunk(2, 1)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        logits = self.output(F.relu(self.decoder(z)))
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
        return reconstruction, kl


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--hidden", type=int, default=400)
    parser.add_argument("--latent", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    train = images(f"{options.folder}/train-images-idx3-ubyte.gz")
    test = images(f"{options.folder}/t10k-images-idx3-ubyte.gz")
    model = VAE(options.hidden, options.latent)
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
        sums = [model(rows) for rows in test.split(1000)]
    reconstruction = sum(float(r) for r, _ in sums) / len(test)
    kl = sum(float(k) for _, k in sums) / len(test)
    print(json.dumps({
        "elbo": -(reconstruction + kl), "reconstruction": reconstruction, "kl": kl,
        "samples_per_second": options.epochs * len(train) / seconds,
    }))


if __name__ == "__main__":
    main()
