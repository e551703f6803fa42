"""Drawn pictures kept as one array of bytes, so that an epoch costs no drawing and two trainings share the memory."""

from functools import partial
from multiprocessing import Pool
from pathlib import Path

import numpy as np


def _decoded(sample, seed, split, index):
    from files import decode_jpeg

    data, label = sample(seed, split, index)
    return decode_jpeg(data), label


def drawn_arrays(folder, sample, seed, split, count, workers=2):
    """The first `count` pictures of a split (uint8, count x height x width x 3, RGB, mapped from disk) and their labels (int64).

    sample(seed, split, index) gives (bytes of a JPEG, label) and must be a function of a module, since workers call it. What was
    drawn before with the same module, seed, split and count is read from the folder; delete the folder after a change of a generator.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{sample.__module__}_{split}_{seed}_{count}"
    pictures, labels = folder / f"{stem}_pictures.npy", folder / f"{stem}_labels.npy"
    if not labels.exists():
        first, _ = _decoded(sample, seed, split, 0)
        part = folder / f"{stem}_part.npy"
        array = np.lib.format.open_memmap(part, "w+", np.uint8, (count, *first.shape))
        told = np.zeros(count, np.int64)
        with Pool(workers) as pool:
            for index, (picture, label) in enumerate(pool.imap(partial(_decoded, sample, seed, split), range(count), chunksize=64)):
                array[index], told[index] = picture, label
        array.flush()
        part.rename(pictures)
        np.save(labels, told)
    return np.load(pictures, mmap_mode="r"), np.load(labels)
