"""Reads what mpi-vae writes: runs, embeddings, checkpoints. Trains nothing."""

from .embeddings import Embeddings
from .run import Run

__all__ = ["Embeddings", "Run"]
__version__ = "0.1.0"
