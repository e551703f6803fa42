"""Fit `letterbox`, filter `bilinear` of docs/preprocessing.md with the same bytes as Quern: as large as fits, centred, black around."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Geometry:
    """model = picture * scale + offset, for x and for y; width and height are the picture's."""

    scale: tuple
    offset: tuple
    width: int
    height: int

    def to_model(self, xy):
        """Points n x 2 of the picture in the model's frame."""
        return np.asarray(xy, np.float64) * self.scale + self.offset

    def to_picture(self, boxes):
        """Boxes n x 4 (left, top, right, bottom) of the model's frame in the picture."""
        return (np.asarray(boxes, np.float64) - self.offset * 2) / (self.scale * 2)


def letterbox(picture, width, height):
    """A Pillow picture as uint8 height x width x 3 RGB, and its geometry. A picture of that size is taken as it is."""
    picture = picture.convert("RGB")
    ratio = min(width / picture.width, height / picture.height)
    inner_width = min(max(math.floor(picture.width * ratio + 0.5), 1), width)
    inner_height = min(max(math.floor(picture.height * ratio + 0.5), 1), height)
    left, top = (width - inner_width) // 2, (height - inner_height) // 2
    inner = picture if picture.size == (inner_width, inner_height) else picture.resize((inner_width, inner_height), Image.Resampling.BILINEAR)
    fitted = np.zeros((height, width, 3), np.uint8)
    fitted[top:top + inner_height, left:left + inner_width] = np.asarray(inner)
    return fitted, Geometry((inner_width / picture.width, inner_height / picture.height), (left, top), picture.width, picture.height)
