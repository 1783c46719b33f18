"""Trains scvi-tools' SCVI on FOLDER/cells.h5ad, its first tenth held out: scvi_model.py FOLDER EPOCHS [LIKELIHOOD]

Prints JSON: seconds of training, the held-out ELBO a cell (nats), the correlation of log dispersions with those of the process. Writes the
codes of all cells to FOLDER/scvi.npy. One thread.
"""

import json
import logging
import os
import sys
import time
import warnings

os.environ["OMP_NUM_THREADS"] = "1"
warnings.filterwarnings("ignore")
import anndata
import numpy as np
import scvi
import torch

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
torch.set_num_threads(1)
scvi.settings.seed = 1
folder, epochs = sys.argv[1], int(sys.argv[2])
likelihood = sys.argv[3] if len(sys.argv) > 3 else "nb"
data = anndata.read_h5ad(f"{folder}/cells.h5ad")
scvi.model.SCVI.setup_anndata(data, batch_key="batch")
model = scvi.model.SCVI(data, gene_likelihood=likelihood)
start = time.perf_counter()
model.train(
    epochs, accelerator="cpu", batch_size=128, train_size=0.9, shuffle_set_split=False, check_val_every_n_epoch=epochs,
    enable_progress_bar=False,
)
seconds = time.perf_counter() - start
held = np.arange(int(np.ceil(data.n_obs * 0.1)))
elbo = float(model.get_elbo(indices=held))
np.save(f"{folder}/scvi.npy", model.get_latent_representation())
dispersion = model.module.px_r.detach().numpy()
correlation = float(np.corrcoef(dispersion, np.log(data.var.dispersion))[0, 1])
print(json.dumps({"seconds": seconds, "elbo": -abs(elbo), "dispersion": correlation}))
