"""How well batches are mixed and types kept in codes, by scib's definitions (Luecken et al. 2022, Methods): integration.py CELLS.h5ad
CODES.npy...

Prints JSON for each file of codes: the silhouette of types, (s + 1) / 2; that of batches within types, 1 - |s|; the largest connected part of
each type in the graph of 15 neighbours, a mean over types; and how near the batches of 50 neighbours are to those of all cells
(1 - total variation).
"""

import json
import sys

import anndata
import numpy as np
from scipy.sparse.csgraph import connected_components
from sklearn.metrics import silhouette_samples, silhouette_score
from sklearn.neighbors import NearestNeighbors

cells = anndata.read_h5ad(sys.argv[1]).obs
types, batches = cells["type"].to_numpy(), cells["batch"].to_numpy()
names, places = np.unique(batches, return_inverse=True)
for path in sys.argv[2:]:
    codes = np.load(path)
    some = np.random.default_rng(1).permutation(len(codes))[:4000]
    mixed = []
    for name in np.unique(types):
        own = some[types[some] == name]
        mixed.append((1 - np.abs(silhouette_samples(codes[own], batches[own]))).mean())
    finder = NearestNeighbors(n_neighbors=51).fit(codes)
    graph = finder.kneighbors_graph(n_neighbors=15)
    parts = []
    for name in np.unique(types):
        own = np.flatnonzero(types == name)
        _, part = connected_components(graph[own][:, own], directed=False)
        parts.append(np.bincount(part).max() / len(own))
    near = finder.kneighbors(codes[some], return_distance=False)[:, 1:]
    shares = np.stack([(places[near] == number).mean(1) for number in range(len(names))], 1)
    whole = np.bincount(places) / len(places)
    print(json.dumps({
        "codes": path,
        "types": round((silhouette_score(codes[some], types[some]) + 1) / 2, 4),
        "batches": round(float(np.mean(mixed)), 4),
        "connected": round(float(np.mean(parts)), 4),
        "neighbours": round(float(1 - np.abs(shares - whole).sum(1).mean() / 2), 4),
    }))
