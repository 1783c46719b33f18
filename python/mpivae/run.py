"""The folder of a run."""

from __future__ import annotations

import json
import os
import tomllib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from .embeddings import Embeddings
from .model import Model

if TYPE_CHECKING:
    import anndata
    import pandas


class Run:
    """What `mpi-vae train` left in a folder; files are read when they are asked for.

    >>> run = Run("runs/first")
    >>> run.metrics.plot(x="epoch", y="train_loss")
    >>> run.embeddings.mean                                # [rows, latents]
    >>> run.encode(rows)                                   # [rows, latents]
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        if not (self.path / "config.toml").is_file():
            raise FileNotFoundError(f"{self.path} is no folder of a run: it has no config.toml")

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @cached_property
    def config(self) -> dict[str, Any]:
        """Every key that was used, by section: `run.config["training"]["epochs"]`."""
        return tomllib.loads((self.path / "config.toml").read_text())

    @property
    def metrics(self) -> pandas.DataFrame:
        """A line for each epoch so far; nats per row."""
        return self._table("metrics.csv")

    @property
    def ranks(self) -> pandas.DataFrame:
        """A line for each epoch and rank; seconds."""
        return self._table("ranks.csv")

    @property
    def summary(self) -> dict[str, Any]:
        """What the run came to; there once it is done."""
        return json.loads((self.path / "summary.json").read_text())

    @cached_property
    def embeddings(self) -> Embeddings:
        """The codes of all rows by the best model; there once the run is done."""
        return Embeddings(self.path / "embeddings.h5")

    def into(self, adata: anndata.AnnData, key: str = "X_vae") -> None:
        """Adds the codes to AnnData: see `Embeddings.into`."""
        self.embeddings.into(adata, key)

    @cached_property
    def model(self) -> Model:
        """The best model, by the run's encoder.onnx and decoder.onnx."""
        with h5py.File(self.path / "best.h5") as file:
            digest = file.attrs.get("digest")
        return Model(self.path / "encoder.onnx", self.path / "decoder.onnx", digest)

    def encode(self, rows: np.ndarray, **others: Any) -> np.ndarray:
        """The codes of rows, as the file has them, by the best model: see `Model.encode`."""
        return self.model.encode(rows, **others)

    def decode(self, z: np.ndarray, **others: Any) -> np.ndarray:
        """The rows that codes stand for, by the best model: see `Model.decode`."""
        return self.model.decode(z, **others)

    def sample(self, n: int, **others: Any) -> np.ndarray:
        """Rows of codes drawn from the prior, by the best model: see `Model.sample`."""
        return self.model.sample(n, **others)

    @property
    def checkpoints(self) -> list[Path]:
        """The run's checkpoints, the newest last."""
        return sorted((self.path / "checkpoints").glob("step-*.h5"))

    def parameters(self, checkpoint: str | os.PathLike[str] | None = None) -> dict[str, np.ndarray]:
        """The parameters of the best model, or of another checkpoint, by name, in the order of their layout."""
        with h5py.File(self.path / "best.h5" if checkpoint is None else checkpoint) as file:
            group = file["parameters"]
            return {str(name): group[name][()] for name in group.attrs["order"]}

    def _table(self, name: str) -> pandas.DataFrame:
        import pandas

        return pandas.read_csv(self.path / name)
