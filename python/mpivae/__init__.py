"""Reads what mpi-vae writes: runs, embeddings, checkpoints; and applies trained models. Trains nothing."""

from .embeddings import Embeddings
from .model import Model
from .network import Network
from .run import Run

__all__ = ["Embeddings", "Model", "Network", "Run"]
__version__ = "0.1.0"
