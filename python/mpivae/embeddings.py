"""The codes of rows, as `mpi-vae train` and `mpi-vae embed` write them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

if TYPE_CHECKING:
    import anndata
    import pandas

# Matrices of shares by their names in the file, and what they are called in AnnData.
_SHARES = {"topic_share": "vae_topic_shares", "class_probability": "vae_class_probabilities"}


class Embeddings:
    """One embeddings.h5: everything in it is an array with a row for each row of the data, in the order of the files.

    Attributes:
        mean: `[rows, latents]` float32, the posterior's means; the codes of an autoencoder.
        log_variance: `[rows, latents]` float32, of the posterior; 0 for an autoencoder.
        columns: the other columns by name: `reconstruction_error`, `kl`, `elbo` (nats), `row` (from 0, in its source),
            `source` (which of `sources`), `split` (the names train, validation, test, new), `label` and `id` where the
            data have them. Missing labels are NaN or empty.
        shares: matrices with a row for each row of the data: `topic_share` of topic models `[rows, topics]`,
            `class_probability` of models of classes `[rows, classes]`; empty for others.
        classes: what the columns of `class_probability` stand for.
        sources: the data that the rows are from, as they were named.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        with h5py.File(path) as file:
            if "latent/mean" not in file:
                raise ValueError(f"{path} is no file of embeddings: it has no /latent/mean")
            self.mean: np.ndarray = file["latent/mean"][()]
            self.log_variance: np.ndarray = file["latent/log_variance"][()]
            self.sources: list[str] = [_text(name) for name in np.atleast_1d(file.attrs.get("sources", []))]
            self.columns: dict[str, np.ndarray] = {
                name: _values(item) for name, item in file.items() if isinstance(item, h5py.Dataset) and _is_column(item, self)
            }
            self.shares: dict[str, np.ndarray] = {name: file[name][()] for name in _SHARES if name in file}
            self.classes: list[str] = (
                [_text(name) for name in file["class_probability"].attrs["classes"]] if "class_probability" in file else []
            )
            if "split" in self.columns:
                names = np.array([_text(name) for name in file["split"].attrs["values"]], dtype=object)
                self.columns["split"] = names[self.columns["split"]]

    def __len__(self) -> int:
        return len(self.mean)

    def part(self, name: str) -> np.ndarray:
        """Which rows the run used for `name`: "train", "validation", "test" or "new"; `[rows]` of bool."""
        return self.columns["split"] == name

    def to_pandas(self) -> pandas.DataFrame:
        """A table with the columns z0, z1, ... and those of `columns`; its index is the ids, or the rows' numbers."""
        import pandas

        frame = pandas.DataFrame(self.mean, columns=self.latent_names)
        for name, values in self.columns.items():
            if name != "id":
                frame[name] = values
        frame.index = pandas.Index(self.columns.get("id", self.columns["row"]), name="id" if "id" in self.columns else "row")
        return frame

    @property
    def latent_names(self) -> list[str]:
        return [f"z{place}" for place in range(self.mean.shape[1])]

    def into(self, adata: anndata.AnnData, key: str = "X_vae") -> None:
        """Adds `obsm[key]` and the columns `reconstruction_error`, `kl`, `elbo` and `split` of `obs` to AnnData.

        Of models that have them also `obsm["vae_topic_shares"]`, `obsm["vae_class_probabilities"]` and the column
        `predicted_label`, as `embed --format h5ad` does.

        Cells are found by their names; where the embeddings have no ids, row by row.

        Raises:
            ValueError: if a cell has no row or more than one, or, without ids, if the numbers differ.
        """
        places = self._places([str(name) for name in adata.obs_names])
        adata.obsm[key] = self.mean[places]
        for name, values in self.shares.items():
            adata.obsm[_SHARES[name]] = values[places]
        for name in ("reconstruction_error", "kl", "elbo", "split", "predicted_label"):
            if name in self.columns:
                adata.obs[name] = self.columns[name][places]

    def _places(self, names: list[str]) -> np.ndarray:
        if "id" not in self.columns or self.columns["id"].dtype != object:
            if len(names) != len(self):
                raise ValueError(f"there are {len(names)} cells, but {len(self)} rows without names: embed the same cells")
            return np.arange(len(self))
        found: dict[str, int] = {}
        for place, name in enumerate(self.columns["id"]):
            if name in found:
                raise ValueError(f"two rows are called {name!r}, so that cells cannot be found by their names")
            found[name] = place
        missing = [name for name in names if name not in found]
        if missing:
            raise ValueError(f"{len(missing)} of {len(names)} cells are not among the rows, for example {missing[0]!r}")
        return np.array([found[name] for name in names], dtype=np.int64)


def _is_column(item: h5py.Dataset, rows: Embeddings) -> bool:
    return item.ndim == 1 and len(item) == len(rows)


def _values(item: h5py.Dataset) -> np.ndarray:
    if h5py.check_string_dtype(item.dtype):
        return item.asstr(errors="replace")[()].astype(object)
    return item[()]


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
