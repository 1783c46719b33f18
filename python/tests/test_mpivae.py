"""The readers on a run of the program: RUN, and its data DATA with labels; ADATA, a run on AnnData and the file itself."""

import hashlib
import os
import tempfile
import unittest

import anndata
import h5py
import numpy as np

from mpivae import Embeddings, Run

RUN, DATA = os.environ["RUN"], os.environ["DATA"]
CELLS, ADATA = os.environ["CELLS"], os.environ["ADATA"]



class Readers(unittest.TestCase):
    def test_config_and_summary(self):
        run = Run(RUN)
        assert run.config["model"]["latent"] == run.embeddings.mean.shape[1]
        assert run.summary["epochs"] == run.config["training"]["epochs"] == len(run.metrics)
        assert run.metrics.digest.iloc[-1] == run.summary["digest"]
        assert len(run.ranks) == len(run.metrics) * run.summary["ranks"]
        assert repr(run) == f"Run({RUN!r})"

    def test_embeddings(self):
        embeddings = Run(RUN).embeddings
        with h5py.File(f"{RUN}/embeddings.h5") as file, h5py.File(DATA) as data:
            assert (embeddings.mean == file["latent/mean"][:]).all()
            assert (embeddings.log_variance == file["latent/log_variance"][:]).all()
            assert (embeddings.columns["label"] == data["label"][:]).all()
            splits = file["split"][:]
        for number, name in enumerate(["train", "validation", "test", "new"]):
            assert (embeddings.part(name) == (splits == number)).all()
        assert set(embeddings.columns["split"]) == {"train", "validation"}
        figures = embeddings.columns
        assert np.allclose(figures["elbo"], -(figures["reconstruction_error"] + figures["kl"]), rtol=1e-6)

    def test_frame(self):
        embeddings = Run(RUN).embeddings
        frame = embeddings.to_pandas()
        assert list(frame.columns[: embeddings.mean.shape[1]]) == embeddings.latent_names
        assert (frame[embeddings.latent_names].to_numpy() == embeddings.mean).all()
        assert {"label", "split", "elbo", "kl", "reconstruction_error"} <= set(frame.columns)
        held = frame[frame.split == "validation"]
        assert abs(held.elbo.mean() - Run(RUN).summary["validation"]["elbo"]) < 1e-3

    def test_parameters_and_digest(self):
        run = Run(RUN)
        sha = hashlib.sha256()
        for name, values in run.parameters().items():
            shape = np.array([values.ndim, *values.shape], "<u8").tobytes()
            sha.update(name.encode() + b"\0" + shape + values.astype("<f4").tobytes())
        assert sha.hexdigest() == run.summary["best_digest"]
        assert run.parameters(run.checkpoints[-1]).keys() == run.parameters().keys()

    def test_cells_by_their_names(self):
        adata = anndata.read_h5ad(ADATA)
        embeddings = Run(CELLS).embeddings
        order = np.random.default_rng(1).permutation(adata.n_obs)[:50]
        some = adata[order].copy()
        Run(CELLS).into(some)
        assert (some.obsm["X_vae"] == embeddings.mean[order]).all()
        assert (some.obs["elbo"].to_numpy() == embeddings.columns["elbo"][order]).all()
        some.obs_names = [f"other-{name}" for name in some.obs_names]
        with self.assertRaisesRegex(ValueError, "50 of 50 cells are not among the rows, for example 'other-"):
            embeddings.into(some)

    def test_rows_without_names(self):
        embeddings = Embeddings(f"{RUN}/embeddings.h5")
        adata = anndata.AnnData(np.zeros((len(embeddings), 2), "f4"))
        embeddings.into(adata, key="X_other")
        assert (adata.obsm["X_other"] == embeddings.mean).all()
        with self.assertRaisesRegex(ValueError, "embed the same cells"):
            embeddings.into(adata[:10].copy())

    def test_what_is_no_run(self):
        with tempfile.TemporaryDirectory() as folder, self.assertRaisesRegex(FileNotFoundError, "no folder of a run"):
            Run(folder)
        with self.assertRaisesRegex(ValueError, "no file of embeddings"):
            Embeddings(DATA)


if __name__ == "__main__":
    unittest.main()
