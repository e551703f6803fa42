#!/usr/bin/env python3
"""face_det_lite at about half of its width, trained from nothing to find the faces of cartoon people and five points of each."""

import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from people_face_det_lite.loss import losses  # noqa: E402
from people_face_det_lite.model import FaceDetLite  # noqa: E402
from training.detector import Detector, run  # noqa: E402
from training.rounds import Round, Settings  # noqa: E402


def prepare(taken):
    """Grey of ITU-R 601 in whole numbers, over 255: the record `order=gray mean=0 std=255`."""
    grey = (taken.astype(np.int32) @ np.array([19595, 38470, 7471], np.int32) + 32768) >> 16
    return torch.from_numpy(grey.astype(np.float32) / np.float32(255))[:, None]


def loss(outputs, rows, there, side, done):
    return losses(outputs, rows, there)


DETECTOR = Detector(
    name="people_face_det_lite", about=__doc__, build=FaceDetLite, prepare=prepare, loss=loss, outputs=("heatmap", "bbox", "landmark"),
    task={"task": "face_det_lite", "preprocess": {"fit": "letterbox", "filter": "bilinear", "order": "gray", "mean": 0, "std": 255},
          "labels": ["face"], "score": 0.4, "iou": 0.3})
SETTINGS = Settings(rounds=(Round(((192, (0.6, 1.1), 16000), (320, (0.85, 1.15), 8000)), rate=2.5e-3),))

if __name__ == "__main__":
    run(DETECTOR, SETTINGS)
