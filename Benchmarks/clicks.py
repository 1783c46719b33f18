"""Clicks by a known process, Mult-VAE in PyTorch, and NDCG@100 and Recall@20 as Liang et al. 2018 define them: for compare-clicks."""

import json
import sys
import time

import h5py
import numpy as np

HELD = 1000


def write(path, rows):
    with h5py.File(path, "w") as file:
        group = file.create_group("X")
        group.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": np.array(rows.shape)})
        places = [np.flatnonzero(row) for row in rows]
        group["indptr"] = np.cumsum([0] + [len(place) for place in places])
        group["indices"] = np.concatenate(places).astype(np.int32)
        group["data"] = np.ones(sum(map(len, places)), np.float32)


def read(path):
    with h5py.File(path) as file:
        group = file["X"]
        rows = np.zeros(group.attrs["shape"], np.float32)
        starts = group["indptr"][:]
        rows[np.repeat(np.arange(len(rows)), np.diff(starts)), group["indices"][:]] = group["data"][:]
    return rows


def make(folder, users, items):
    """Each user clicks on 10 to 100 different items, by tastes (a few of 20) and by how popular items are."""
    random = np.random.default_rng(5)
    popular = random.permutation(1 / (10 + np.arange(items)) ** 0.8)
    topics = popular * random.gamma(0.15, size=(20, items))
    topics /= topics.sum(1, keepdims=True)
    tastes = random.dirichlet(np.full(20, 0.15), users)
    chances = tastes @ topics + 1e-9
    counts = np.clip(random.lognormal(3.3, 0.6, users), 10, 100).astype(int)
    rows = np.zeros((users, items), np.float32)
    # The largest of log chances with Gumbel noise are draws without replacement.
    scores = np.log(chances) + random.gumbel(size=chances.shape)
    for row, score, count in zip(rows, scores, counts):
        row[np.argpartition(-score, count)[:count]] = 1
    held = np.zeros((HELD, items), np.float32)
    for row, clicks in zip(held, rows):
        places = np.flatnonzero(clicks)
        row[random.choice(places, len(places) // 5, replace=False)] = 1
    write(f"{folder}/train.h5", rows[HELD:])
    write(f"{folder}/seen.h5", rows[:HELD] - held)
    write(f"{folder}/held.h5", held)
    np.save(f"{folder}/chances.npy", chances[:HELD].astype(np.float32))


def figures(folder, scores):
    seen, held = read(f"{folder}/seen.h5"), read(f"{folder}/held.h5")
    order = np.argsort(-np.where(seen > 0, -np.inf, scores), axis=1, kind="stable")[:, :100]
    hits = np.take_along_axis(held, order, 1)
    counts = held.sum(1).astype(int)
    discounts = 1 / np.log2(np.arange(2, 102))
    best = np.array([discounts[: min(count, 100)].sum() for count in counts])
    return {
        "ndcg@100": float(((hits * discounts).sum(1) / best).mean()),
        "recall@20": float((hits[:, :20].sum(1) / np.minimum(20, counts)).mean()),
    }


def train_torch(folder, epochs, seed):
    import torch
    from torch import nn
    from torch.nn import functional as F

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rows = torch.from_numpy(read(f"{folder}/train.h5"))
    items, hidden, latent, batch = rows.shape[1], 600, 200, 512
    encoder = nn.Sequential(nn.Linear(items, hidden), nn.Tanh(), nn.Linear(hidden, 2 * latent))
    decoder = nn.Sequential(nn.Linear(latent, hidden), nn.Tanh(), nn.Linear(hidden, items))
    for layer in [*encoder, *decoder]:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], 1e-3)
    steps = -(-len(rows) // batch)  # the last one of an epoch has fewer rows
    started = time.monotonic()
    for epoch in range(epochs):
        order = torch.randperm(len(rows))
        for step in range(steps):
            x = rows[order[step * batch : (step + 1) * batch]]
            mean, log_variance = encoder(F.dropout(F.normalize(x), 0.5)).chunk(2, 1)
            z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
            loss = -(F.log_softmax(decoder(z), 1) * x).sum(1).mean()
            kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1).mean()
            weight = min(0.2, 0.2 * (epoch * steps + step) / (50 * steps))
            optimizer.zero_grad()
            (loss + weight * kl).backward()
            optimizer.step()
    seconds = time.monotonic() - started
    with torch.no_grad():
        scores = decoder(encoder(F.normalize(torch.from_numpy(read(f"{folder}/seen.h5")))).chunk(2, 1)[0]).numpy()
    return figures(folder, scores) | {"seconds": seconds}


what, folder, *rest = sys.argv[1:]
if what == "make":
    make(folder, *map(int, rest))
else:
    if what == "truth":
        found = figures(folder, np.load(f"{folder}/chances.npy"))
    elif what == "torch":
        found = train_torch(folder, *map(int, rest))
    else:
        with h5py.File(f"{folder}/means.h5") as file:
            found = figures(folder, file["data"][:]) | {"seconds": float(rest[0])}
    print(json.dumps({"of": what} | found))
