"""Contact maps to compare models on: maps.py polymer|adk FILE.npz

polymer: 10,000 frames of a chain of 28 beads (springs, repulsion, noise: overdamped Langevin dynamics) whose halves are pulled together and pushed apart by a slow
coordinate of its own, an Ornstein-Uhlenbeck process that takes 500 frames to forget; which pairs of beads are nearer than 2.2 bond lengths.
adk: the frames of MDAnalysisTests' trajectories of adenylate kinase (needs MDAnalysis and MDAnalysisTests); which pairs of C-alpha atoms are nearer than 8 A, the
slow coordinate being the distance of the mass centres of LID and CORE.
Writes train, test (every fifth frame of a trajectory's blocks of 50, so that neighbours in time are not on both sides) as uint8 0 and 1, with train_slow, test_slow.
"""

import sys
import numpy as np


def polymer(frames=10_000, beads=28, steps=40, dt=0.01):
    random = np.random.default_rng(11)
    x = np.cumsum(random.normal(size=(beads, 3)) * 0.6, axis=0)
    slow, decay = 0.0, np.exp(-1 / 500)
    positions, coordinate = np.empty((frames, beads, 3), np.float32), np.empty(frames)
    partners = beads - 1 - np.arange(beads)
    for frame in range(-500, frames):
        slow = decay * slow + np.sqrt(1 - decay**2) * random.normal()
        closing = 8.0 * np.tanh(slow)
        for _ in range(steps):
            bonds = np.diff(x, axis=0)
            length = np.linalg.norm(bonds, axis=1, keepdims=True)
            pull = 50 * (length - 1) * bonds / length
            force = np.zeros_like(x)
            force[:-1] += pull
            force[1:] -= pull
            apart = x[:, None] - x
            distance = np.sqrt((apart**2).sum(-1) + 1e-9)
            force += (apart * (np.maximum(0, 1.1 - distance) * 40 / distance)[..., None]).sum(1)
            force += closing * (x[partners] - x) / (1 + np.linalg.norm(x[partners] - x, axis=1, keepdims=True))
            x = x + dt * force + np.sqrt(2 * dt * 0.4) * random.normal(size=x.shape)
        if frame >= 0:
            positions[frame], coordinate[frame] = x, slow
    near = np.linalg.norm(positions[:, :, None] - positions[:, None], axis=-1) < 2.2
    return near, coordinate


def adk():
    import warnings

    warnings.filterwarnings("ignore")
    import MDAnalysis
    from MDAnalysisTests import datafiles

    maps, slow = [], []
    for trajectory in (datafiles.DCD, datafiles.DCD2):
        universe = MDAnalysis.Universe(datafiles.PSF, trajectory)
        atoms = universe.select_atoms("name CA")
        lid, core = (universe.select_atoms(f"name CA and resid {r}") for r in ("122:159", "1:29 60:121 160:214"))
        for _ in universe.trajectory:
            x = atoms.positions
            maps.append(np.linalg.norm(x[:, None] - x, axis=-1) < 8)
            slow.append(np.linalg.norm(lid.center_of_mass() - core.center_of_mass()))
    return np.array(maps), np.array(slow)


if __name__ == "__main__":
    kind, path = sys.argv[1:]
    maps, slow = {"polymer": polymer, "adk": adk}[kind]()
    block = 50 if len(maps) > 1000 else 10
    test = np.arange(len(maps)) // block % 5 == 4
    np.savez_compressed(
        path, train=maps[~test].astype(np.uint8), test=maps[test].astype(np.uint8), train_slow=slow[~test], test_slow=slow[test])
    print(f"{len(maps)} maps of {maps.shape[1]} x {maps.shape[2]}, {maps.mean():.3f} of the pairs near, {test.sum()} for the test")
