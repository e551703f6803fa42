"""How a picture becomes an input, by the task record beside a model."""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

MODELS = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Model:
    """A model that ships: its name, its float ONNX, and its task record."""

    name: str
    onnx: Path
    task: dict


def shipped():
    """Every model with a task record, in the order of names."""
    return [Model(folder.name, folder / f"{folder.name}.onnx", json.loads((folder / "task.json").read_text()))
            for folder in sorted(MODELS.iterdir()) if (folder / "task.json").exists()]


def read_picture(path):
    """A JPEG as RGB bytes, height x width x 3."""
    return cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def prepared(picture, record, width, height):
    """An input tensor 1 x channels x height x width. A picture that already has the size is not resampled; others are refused,
    since the sets are drawn at the models' sizes and resampling is another measurement."""
    if picture.shape[:2] != (height, width):
        raise ValueError(f"picture of {picture.shape[1]}x{picture.shape[0]}, the model takes {width}x{height}")
    order = record["order"]
    if order == "gray":
        parts = picture.astype(np.int32) @ np.array([19595, 38470, 7471])  # ITU-R 601, as docs/preprocessing.md says
        value = ((parts + 32768) >> 16)[:, :, None].astype(np.float32)
    else:
        value = (picture if order == "rgb" else picture[:, :, ::-1]).astype(np.float32)
    value = (value - np.float32(record["mean"])) / np.float32(record["std"])
    return np.ascontiguousarray(value.transpose(2, 0, 1)[None])
