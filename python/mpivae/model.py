"""A trained model, applied to rows and codes."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from .network import Network

# As `mpi-vae generate` has it: a usual sum of single cells' counts.
_USUAL_LIBRARY = 10_000.0


class Model:
    """A model by its two files, `encoder.onnx` and `decoder.onnx`, each of which is read when it is used.

    Rows are `[rows, features]`, or `[rows, *shape]` as the data have them, as they stand in the file: what was done to them before the training
    is done here too. Bytes are pixels, 0 to 255. Codes are `[rows, latents]`. Conditions are given by name, of each a value for every row, or
    one for all: a category, its number, or a number.

    Results agree with those of the program to about 1e-5 of their size, but are not the same bits.
    """

    def __init__(self, encoder: str | os.PathLike[str], decoder: str | os.PathLike[str], digest: str | None = None) -> None:
        """Names the files.

        Args:
            digest: that of the parameters that the files must have; None for any.
        """
        self._paths = {"encoder": Path(encoder), "decoder": Path(decoder)}
        self._digest = digest

    @cached_property
    def encoder(self) -> Network:
        return self._network("encoder")

    @cached_property
    def decoder(self) -> Network:
        return self._network("decoder")

    def _network(self, part: str) -> Network:
        path = self._paths[part]
        again = f"mpi-vae export --checkpoint RUN --part {part} --output {path}"
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing, and there is no {part} without it: {again} writes it")
        network = Network(path)
        if network.graph.metadata["part"] != part:
            raise ValueError(f"{path} is of the part {network.graph.metadata['part']}, not of the {part}")
        if self._digest and network.graph.metadata["digest"] != self._digest:
            raise ValueError(f"{path} is of other parameters than the run's best.h5: {again} --force writes it anew")
        return network

    # Encoding

    def posterior(
        self, rows: np.ndarray, *, mask: np.ndarray | None = None, conditions: Mapping[str, Any] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mean and log variance of q(z | x), `[rows, latents]` each; the code and zeros of an autoencoder.

        Args:
            mask: of models that take missing values, 1 for values that are there, 0 for others; what is NaN is missing too.

        Raises:
            ValueError: for rows of another shape, or conditions that are missing or unknown.
        """
        x = np.asarray(rows)
        x = x.reshape(len(x), -1) if len(x) else x.reshape(0, self.encoder.graph.inputs[0].shape[0])
        if x.dtype == np.uint8:
            x = x / np.float32(255)
        given = {"rows": x, "mask": np.ones(x.shape, "f4") if mask is None else np.asarray(mask).reshape(x.shape)}
        given.update(_conditions(self.encoder, conditions, len(x)))
        found = self.encoder.run(given)
        if "code" in found:
            return found["code"], np.zeros_like(found["code"])
        return found["mean"], found["log_variance"]

    def encode(
        self, rows: np.ndarray, *, mask: np.ndarray | None = None, conditions: Mapping[str, Any] | None = None
    ) -> np.ndarray:
        """The codes that stand for rows, `[rows, latents]`: see `posterior`."""
        return self.posterior(rows, mask=mask, conditions=conditions)[0]

    # Decoding

    def likelihood(
        self, z: np.ndarray, *, conditions: Mapping[str, Any] | None = None, library: np.ndarray | float | None = None
    ) -> dict[str, np.ndarray]:
        """All that the decoder says of codes: `mean` in the units of the data, and the likelihood's parameters (docs/export.md), `[rows, features]`."""
        z = np.asarray(z)
        given = {"z": z, "library": np.broadcast_to(self._usual_library if library is None else library, len(z))}
        given.update(_conditions(self.decoder, conditions, len(z)))
        return self.decoder.run(given)

    def decode(
        self, z: np.ndarray, *, conditions: Mapping[str, Any] | None = None, library: np.ndarray | float | None = None
    ) -> np.ndarray:
        """The means of p(x | z) of codes, `[rows, *shape]`, in the units of the data, as `mpi-vae reconstruct` writes them.

        Args:
            library: of models of counts, the sum that each row is to have, or one for all; 10,000 if none is given, or that of `library-size`.

        Raises:
            ValueError: for codes of another shape, or conditions that are missing or unknown.
        """
        mean = self.likelihood(z, conditions=conditions, library=library)["mean"]
        return mean.reshape(len(mean), *self.shape)

    def sample(
        self, n: int, *, seed: int = 0, conditions: Mapping[str, Any] | None = None, library: np.ndarray | float | None = None
    ) -> np.ndarray:
        """The means of p(x | z) of `n` codes drawn from the prior, `[n, *shape]`; numpy draws, so not those of `mpi-vae generate`.

        Raises:
            NotImplementedError: for models without a prior, and those of classes, whose codes have one for each class.
        """
        deviation = self.decoder.graph.metadata.get("prior_deviation")
        if deviation is None:
            raise NotImplementedError(
                "an autoencoder has no prior to draw codes from, and that of a model of classes is not in decoder.onnx: use mpi-vae generate"
            )
        latents = self.decoder.graph.inputs[0].shape[0]
        z = np.random.default_rng(seed).normal(size=(n, latents)) * float(deviation)
        return self.decode(z, conditions=conditions, library=library)

    @property
    def shape(self) -> tuple[int, ...]:
        """That of a row."""
        return tuple(int(size) for size in self.decoder.graph.metadata["input_shape"].split("x"))

    @property
    def _usual_library(self) -> float:
        preparation = tomllib.loads(self.decoder.graph.metadata["configuration"]).get("preparation", {})
        return preparation.get("library-size", 0) or _USUAL_LIBRARY


def _conditions(network: Network, given: Mapping[str, Any] | None, count: int) -> dict[str, np.ndarray]:
    """The inputs of a network that say what rows are conditioned on."""
    values = {_last(name): value for name, value in (given or {}).items()}
    known = {_last(condition["name"]): condition for condition in network.conditions}
    unknown = [name for name in values if name not in known]
    if unknown:
        raise ValueError(f"there is no condition {unknown[0]!r}; the model has {', '.join(known) or 'none'}")
    ports = {port.name for port in network.graph.inputs}
    inputs = {}
    for name, condition in known.items():
        port = next((own for own in (condition["name"], f"condition_{condition['name']}") if own in ports), None)
        if port is None:
            continue
        if name not in values:
            raise ValueError(f"{network.path} needs the condition {name!r} of each row: conditions={{{name!r}: ...}}")
        own = np.asarray(values[name])
        if "categories" in condition:
            own = _numbers(own, name, condition["categories"])
        inputs[port] = np.broadcast_to(own, count)
    return inputs


def _last(name: str) -> str:
    """The last part of a path, which is enough."""
    return name.rsplit("/", 1)[-1]


def _numbers(values: np.ndarray, name: str, categories: list[str]) -> np.ndarray:
    """The numbers of categories that are given by their names, or by their numbers."""
    if not np.issubdtype(values.dtype, np.integer):
        places = {category: place for place, category in enumerate(categories)}
        names = [value.decode() if isinstance(value, bytes) else str(value) for value in values.ravel().tolist()]
        foreign = [value for value in names if value not in places]
        if foreign:
            raise ValueError(f"{name} has no category {foreign[0]!r}; the model knows {', '.join(categories)}")
        values = np.array([places[value] for value in names]).reshape(values.shape)
    if values.size and not 0 <= values.min() <= values.max() < len(categories):
        raise ValueError(f"{name} has the {len(categories)} categories 0 to {len(categories) - 1}")
    return values
