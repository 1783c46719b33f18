"""The readers on a run of the program: RUN, and its data DATA with labels; ADATA, a run on AnnData and the file itself."""

import hashlib
import os
import shutil
import tempfile
import unittest
from pathlib import Path

import anndata
import h5py
import numpy as np

from mpivae import Embeddings, Model, Network, Run

RUN, DATA = os.environ["RUN"], os.environ["DATA"]
CELLS, ADATA = os.environ["CELLS"], os.environ["ADATA"]


def agree(own, theirs):
    assert own.shape == theirs.shape and own.dtype == theirs.dtype
    assert np.abs(own - theirs).max() < 1e-5 * np.sqrt(np.mean(theirs.astype("f8") ** 2))


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

    def test_topics_and_classes(self):
        assert Run(RUN).embeddings.shares == {} and Run(RUN).embeddings.classes == []
        with tempfile.TemporaryDirectory() as folder:
            path = shutil.copy(f"{RUN}/embeddings.h5", folder)
            count = len(Run(RUN).embeddings)
            topics, classes = np.random.default_rng(2).dirichlet(np.ones(3), count), np.random.default_rng(3).dirichlet([1, 1], count)
            with h5py.File(path, "a") as file:
                file["topic_share"], file["class_probability"] = topics.astype("f4"), classes.astype("f4")
                file["class_probability"].attrs["classes"] = ["left", "right"]
                file["predicted_label"] = np.array(["left", "right"], dtype=object)[classes.argmax(1)]
            embeddings = Embeddings(path)
            assert (embeddings.shares["topic_share"] == topics.astype("f4")).all() and embeddings.classes == ["left", "right"]
            adata = anndata.AnnData(np.zeros((count, 2), "f4"))
            embeddings.into(adata)
            assert (adata.obsm["vae_topic_shares"] == topics.astype("f4")).all()
            assert (adata.obsm["vae_class_probabilities"] == classes.astype("f4")).all()
            assert (adata.obs["predicted_label"] == np.where(classes[:, 0] > classes[:, 1], "left", "right")).all()

    def test_rows_without_names(self):
        embeddings = Embeddings(f"{RUN}/embeddings.h5")
        adata = anndata.AnnData(np.zeros((len(embeddings), 2), "f4"))
        embeddings.into(adata, key="X_other")
        assert (adata.obsm["X_other"] == embeddings.mean).all()
        with self.assertRaisesRegex(ValueError, "embed the same cells"):
            embeddings.into(adata[:10].copy())

    def test_codes_and_rows(self):
        run = Run(RUN)
        with h5py.File(DATA) as file:
            rows = file["data"][:300]
        codes, log_variance = run.model.posterior(rows)
        agree(codes, run.embeddings.mean[:300])
        agree(log_variance, run.embeddings.log_variance[:300])
        assert (run.encode(rows.reshape(300, -1)[:7]) == codes[:7]).all()
        decoded = run.decode(codes)
        assert decoded.shape == rows.shape and decoded.dtype == np.float32
        assert run.encode(rows[:0]).shape == (0, 3) and run.decode(codes[:0]).shape == (0, *rows.shape[1:])
        assert (decoded >= rows.min()).all() and (decoded <= rows.max()).all()
        with self.assertRaisesRegex(ValueError, "rows must have the shape"):
            run.encode(rows[:, :5])
        with self.assertRaisesRegex(ValueError, "z must have the shape"):
            run.decode(codes[:, :2])
        with self.assertRaisesRegex(ValueError, "there is no condition 'batch'; the model has none"):
            run.encode(rows, conditions={"batch": 1})

    def test_samples(self):
        run = Run(RUN)
        samples = run.sample(500)
        assert samples.shape == (500, *run.model.shape) and (samples == run.sample(500)).all()
        assert np.abs(samples - run.sample(500, seed=1)).max() > 0.01
        assert np.abs(samples.mean(0) - run.sample(500, seed=1).mean(0)).max() < 0.2

    def test_counts_and_conditions(self):
        run, adata = Run(CELLS), anndata.read_h5ad(ADATA)
        counts, batch = np.asarray(adata.X), adata.obs["batch"].to_numpy()
        codes = run.encode(counts, conditions={"batch": batch})
        agree(codes, run.embeddings.mean)
        numbers = np.array([sorted(set(batch)).index(name) for name in batch])
        assert (run.encode(counts, conditions={"/obs/batch": numbers}) == codes).all()
        # Poisson means have the sums that they are given.
        means = run.decode(codes, conditions={"batch": "b"}, library=counts.sum(1))
        assert np.allclose(means.sum(1), counts.sum(1), rtol=1e-4)
        assert np.allclose(run.decode(codes, conditions={"batch": "b"}).sum(1), 10_000, rtol=1e-4)
        assert set(run.model.likelihood(codes[:2], conditions={"batch": 0})) == {"mean", "logits"}
        assert run.sample(4, conditions={"batch": ["a", "b", "a", "b"]}).shape == (4, 30)
        with self.assertRaisesRegex(ValueError, "batch has no category 'z'; the model knows a, b, c"):
            run.encode(counts, conditions={"batch": "z"})
        with self.assertRaisesRegex(ValueError, "batch has the 3 categories 0 to 2"):
            run.encode(counts, conditions={"batch": 3})
        with self.assertRaisesRegex(ValueError, "needs the condition 'batch' of each row"):
            run.encode(counts)

    def test_files_that_do_not_fit(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for own in ("config.toml", "best.h5", "encoder.onnx"):
                shutil.copy(f"{RUN}/{own}", folder)
            with self.assertRaisesRegex(FileNotFoundError, "mpi-vae export --checkpoint RUN --part decoder --output .* writes it"):
                Run(folder).sample(1)
            shutil.copy(f"{RUN}/encoder.onnx", folder / "decoder.onnx")
            with self.assertRaisesRegex(ValueError, "is of the part encoder, not of the decoder"):
                Run(folder).sample(1)
            shutil.copy(f"{CELLS}/encoder.onnx", folder)
            with self.assertRaisesRegex(ValueError, "is of other parameters than the run's best.h5"):
                Run(folder).encode(np.zeros((1, 30)))
            whole = Path(RUN, "decoder.onnx").read_bytes()
            for damaged in (b"", b"text", whole[:1000], whole.replace(b"mpi-vae", b"mpi-vaf", 1), Path(DATA).read_bytes()):
                (folder / "damaged.onnx").write_bytes(damaged)
                with self.assertRaisesRegex(ValueError, "is no ONNX file of mpi-vae, or it is damaged"):
                    Network(folder / "damaged.onnx")
            (folder / "newer.onnx").write_bytes(whole.replace(b"MatMul", b"MutMal"))
            with self.assertRaisesRegex(NotImplementedError, "needs the operators MutMal"):
                Network(folder / "newer.onnx")
            (folder / "plain.onnx").write_bytes(whole.replace(b"prior_deviation", b"prior_deviatiom"))
            with self.assertRaisesRegex(NotImplementedError, "no prior to draw codes from"):
                Model(folder / "encoder.onnx", folder / "plain.onnx").sample(1)

    def test_what_is_no_run(self):
        with tempfile.TemporaryDirectory() as folder, self.assertRaisesRegex(FileNotFoundError, "no folder of a run"):
            Run(folder)
        with self.assertRaisesRegex(ValueError, "no file of embeddings"):
            Embeddings(DATA)


if __name__ == "__main__":
    unittest.main()
