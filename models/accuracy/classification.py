"""Top-1 of a classifier over a folder that draw.py wrote."""

import numpy as np

from inputs import prepared, read_picture


def inputs_of(folder, record, width, height, limit=None):
    """Prepared inputs of a folder's pictures in the order of truth.txt, and the true class of each."""
    rows = [line.split() for line in (folder / "truth.txt").read_text().splitlines()][:limit]
    tensors = [prepared(read_picture(folder / name), record, width, height) for name, _, _ in rows]
    return tensors, np.array([int(index) for _, index, _ in rows])


def scores(session, tensors, truth):
    """What each picture adds to the metric: 100 where the highest logit is the true class, else 0."""
    name = session.get_inputs()[0].name
    found = np.array([session.run(None, {name: tensor})[0].argmax() for tensor in tensors])
    return 100.0 * (found == truth)


def metric(parts):
    """The metric of a choice of pictures."""
    return float(np.mean(parts))


METRICS = {"top-1 %": metric}
