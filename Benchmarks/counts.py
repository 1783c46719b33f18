"""Counts of single cells by a known process: counts.py CELLS GENES BATCHES TYPES FOLDER

Negative binomial counts with a mean of library x softmax(type + batch + cell's own place along two axes of a type), and a dispersion
of each gene. Writes FOLDER/cells.h5ad (counts, obs batch and type, var dispersion), the last tenth of the cells to be held out.
"""

import sys

import anndata
import numpy as np
import pandas as pd
from scipy import sparse

cells, genes, batches, types = map(int, sys.argv[1:5])
folder = sys.argv[5]
random = np.random.default_rng(1)
base = random.normal(0, 1.2, genes)
of_type = random.normal(0, 0.8, (types, genes)) * (random.random((types, genes)) < 0.2)
of_batch = random.normal(0, 0.4, (batches, genes)) * (random.random((batches, genes)) < 0.3)
axes = random.normal(0, 0.3, (types, 2, genes)) * (random.random((types, 2, genes)) < 0.1)
dispersion = np.exp(random.normal(0.7, 0.7, genes))
kind = random.integers(0, types, cells)
batch = random.integers(0, batches, cells)
place = random.normal(0, 1, (cells, 2))
library = np.exp(random.normal(8.0, 0.4, cells))
logits = base + of_type[kind] + of_batch[batch] + np.einsum("na,nag->ng", place, axes[kind])
rates = np.exp(logits - logits.max(1, keepdims=True))
mean = library[:, None] * rates / rates.sum(1, keepdims=True)
counts = random.poisson(random.gamma(dispersion, mean / dispersion)).astype("f4")
data = anndata.AnnData(
    sparse.csr_matrix(counts),
    obs=pd.DataFrame({"batch": [f"b{b}" for b in batch], "type": [f"t{t}" for t in kind]}, index=[f"cell-{i}" for i in range(cells)]),
    var=pd.DataFrame({"dispersion": dispersion}, index=[f"gene-{g}" for g in range(genes)]),
)
data.write_h5ad(f"{folder}/cells.h5ad")
print(f"{cells} cells, {genes} genes, {100 * (counts == 0).mean():.0f}% zeros, {counts.sum(1).mean():.0f} counts a cell")
