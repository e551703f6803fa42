"""A folder of draw.py people in memory, fitted to a model's frame, and changed at random while training.

Truth of a picture is a float32 array of rows: category, left, top, right, bottom, ignore (0 or 1), five x, five y, five known
(0 or 1): of a face's landmarks. Coordinates are in the model's frame.
"""

import json
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from training.letterbox import letterbox

CATEGORY, BOX, IGNORE, XS, YS, KNOWN, COLUMNS = 0, slice(1, 5), 5, slice(6, 11), slice(11, 16), slice(16, 21), 21
FRAME = 320
HELD_SHARE = 0.35  # of a box must remain in a window, or it is ignored there
LEAST_SIDE = 6.0  # pixels; a shorter box is ignored


def truth_rows(annotations, geometry):
    """The rows of one picture's COCO annotations."""
    rows = np.zeros((len(annotations), COLUMNS), np.float32)
    for row, made in zip(rows, annotations):
        x, y, w, h = made["bbox"]
        row[CATEGORY], row[IGNORE] = made["category_id"], made["iscrowd"]
        row[BOX] = geometry.to_model([(x, y), (x + w, y + h)]).ravel()
        if "keypoints" in made:
            points = np.array(made["keypoints"]).reshape(-1, 3)
            row[XS], row[YS] = geometry.to_model(points[:, :2]).T
            row[KNOWN] = points[:, 2] > 0
    return rows


def read_folder(folder, limit=None):
    """Pictures (uint8, n x FRAME x FRAME x 3, RGB) and the truth of each. Keeps the decoded pictures beside the files."""
    folder = Path(folder)
    told = json.loads((folder / "truth.json").read_text())
    images = told["images"][:limit]
    by_image = defaultdict(list)
    for made in told["annotations"]:
        by_image[made["image_id"]].append(made)
    kept = folder / f"frame_{FRAME}_{len(images)}.npy"
    pictures = np.load(kept, mmap_mode="r") if kept.exists() else np.zeros((len(images), FRAME, FRAME, 3), np.uint8)
    truth = []
    for index, image in enumerate(images):
        with Image.open(folder / image["file_name"]) as picture:
            if kept.exists():
                _, geometry = letterbox(Image.new("RGB", (image["width"], image["height"])), FRAME, FRAME)
            else:
                pictures[index], geometry = letterbox(picture, FRAME, FRAME)
        truth.append(truth_rows(by_image[image["id"]], geometry))
    if not kept.exists():
        np.save(kept, pictures)
    return pictures, truth


def moved(rows, scale, shift, mirror, side):
    """Truth after x -> x * scale + shift (and a mirror at `side`), clipped to the window; what is hardly left is ignored or gone."""
    rows = rows.copy()
    rows[:, 1:5] = rows[:, 1:5] * scale + np.tile(shift, 2)
    rows[:, XS], rows[:, YS] = rows[:, XS] * scale + shift[0], rows[:, YS] * scale + shift[1]
    if mirror:
        rows[:, [1, 3]] = side - rows[:, [3, 1]]
        order = [1, 0, 2, 4, 3]
        rows[:, XS], rows[:, YS], rows[:, KNOWN] = side - rows[:, XS][:, order], rows[:, YS][:, order], rows[:, KNOWN][:, order]
    area = (rows[:, 3] - rows[:, 1]) * (rows[:, 4] - rows[:, 2])
    rows[:, 1:5] = np.clip(rows[:, 1:5], 0, side)
    wide, tall = rows[:, 3] - rows[:, 1], rows[:, 4] - rows[:, 2]
    rows[(wide * tall < HELD_SHARE * area) | (np.minimum(wide, tall) < LEAST_SIDE), IGNORE] = 1
    return rows[(wide > 2) & (tall > 2)]


def coloured(rng, picture):
    """Contrast, brightness and colour cast by one table a channel."""
    value = np.arange(256, dtype=np.float32)
    value = (value - 128) * np.exp(rng.normal(0, 0.15)) + 128 + rng.normal(0, 12)
    table = np.clip(value[:, None] * np.exp(rng.normal(0, 0.06, 3)) + 0.5, 0, 255).astype(np.uint8)
    return cv2.LUT(picture, table.reshape(1, 256, 3))


def window(rng, picture, rows, side, scales):
    """A random window of side x side pixels on the picture at a random scale, mirrored half of the time, with its truth."""
    scale, mirror = np.exp(rng.uniform(*np.log(scales))), rng.random() < 0.5
    slack = side - FRAME * scale
    shift = np.sort((np.zeros(2), np.full(2, slack)), axis=0)
    shift = rng.uniform(shift[0], shift[1])
    matrix = np.array([(scale, 0, shift[0] + 0.5 * scale - 0.5), (0, scale, shift[1] + 0.5 * scale - 0.5)])
    taken = cv2.warpAffine(picture, matrix, (side, side), flags=cv2.INTER_LINEAR)
    if mirror:
        taken = taken[:, ::-1]
    return coloured(rng, np.ascontiguousarray(taken)), moved(rows, scale, shift, mirror, side)


def padded(truth):
    """Truths as one array batch x most x COLUMNS and a mask of the rows that are there."""
    most = max(1, max(len(rows) for rows in truth))
    together, there = np.zeros((len(truth), most, COLUMNS), np.float32), np.zeros((len(truth), most), bool)
    for index, rows in enumerate(truth):
        together[index, :len(rows)], there[index, :len(rows)] = rows, True
    return together, there
