"""Mean average precision of a detector over a folder that draw.py people wrote."""

import json
import sys

import numpy as np
from PIL import Image

from inputs import MODELS, prepared

sys.path.insert(0, str(MODELS))

from training.detections import detect  # noqa: E402
from training.letterbox import letterbox  # noqa: E402
from training.mean_ap import coco, half, matched  # noqa: E402


class Detection:
    """How one decoder's models are measured. Boxes: score above 0.05, doubles removed, at most 100 a picture, whatever the task
    record's everyday thresholds are."""

    METRICS = {"mAP@0.5 %": lambda found: 100 * half(found), "mAP@[.5:.95] %": lambda found: 100 * coco(found)}

    def __init__(self, task, labels):
        self.task, self.labels = task, labels

    def inputs_of(self, folder, record, width, height, limit=None):
        """Prepared inputs of a folder's pictures in the order of truth.json; and what judging needs: the truth, and each picture's geometry."""
        told = json.loads((folder / "truth.json").read_text())
        told["images"] = told["images"][:limit]
        tensors, geometries = [], []
        for image in told["images"]:
            with Image.open(folder / image["file_name"]) as picture:
                fitted, geometry = letterbox(picture, width, height)
            tensors.append(prepared(fitted, record, width, height))
            geometries.append(geometry)
        return tensors, (told, geometries, width, height)

    def scores(self, session, tensors, truth):
        """What the boxes of each picture matched: training.mean_ap.Matched."""
        told, geometries, width, height = truth
        name, found = session.get_inputs()[0].name, []
        for tensor, geometry in zip(tensors, geometries):
            outputs = [output[0] for output in session.run(None, {name: tensor})]
            found.append(detect(self.task, outputs, geometry, width, height))
        return matched(told, found, self.labels)


NANODET = Detection("nanodet_plus", ("body", "face", "hand"))
FACES = Detection("face_det_lite", ("face",))
