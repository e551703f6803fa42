"""The set `people`: cartoon people in cluttered places, with boxes of bodies, faces and hands.

Boxes are those of what is seen: (x, y, width, height) in pixels, to half a pixel. An object is annotated when at least
SEEN of it is in sight and its box is large enough (SMALLEST); it is a region to ignore (COCO's iscrowd = 1) when it falls short of
that but is still recognizable (HALF of either limit); below, it is not mentioned. Faces carry five keypoints where they are known:
left eye, right eye, nose, left and right mouth corner, left and right being those of the picture.
"""

import json
from functools import partial
from multiprocessing import Pool

import cv2
import numpy as np

from camera import shoot
from figure import draw_person
from files import encode_jpeg
from place import BEHIND, IN_FRONT, draw_thing, scenery
from splits import generator
from traced import TracedCanvas, histogram

NAMES = ("body", "face", "hand")
KEYPOINTS = ("left_eye", "right_eye", "nose", "left_mouth_corner", "right_mouth_corner")
SIZES = ((320, 320), (240, 320), (320, 240), (480, 360), (640, 480))  # width, height
SIZE_CHANCES = (0.6, 0.1, 0.1, 0.1, 0.1)
MOST_PEOPLE = 6
# Shortest and longest side of a box, in pixels of the picture as it is shrunk to fit 320 x 320.
SMALLEST = {0: (6, 16), 1: (9, 11), 2: (9, 11)}
SEEN = {0: 0.3, 1: 0.45, 2: 0.5}  # visible share
HALF = 0.6
# Height of a person as a part of the frame's: far, near, a group, a portrait.
HEIGHTS = ((0.06, 0.2), (0.2, 0.5), (0.45, 0.95), (0.95, 1.7))
HEIGHT_CHANCES = (0.12, 0.38, 0.36, 0.14)


def stage(rng, width, height, horizon, eye):
    """Where people stand: rows (x, y of the feet, height), the farthest first. One distance rules a picture, others mix in.

    The ground is flat: whoever is `tall` pixels high stands `eye` times that below the horizon. Those too near to be whole show
    their feet or their head, by chance.
    """
    count = int(rng.choice(MOST_PEOPLE + 1, p=(0.04, 0.22, 0.25, 0.2, 0.13, 0.09, 0.07)))
    kind = rng.choice(len(HEIGHTS), p=HEIGHT_CHANCES)
    rows = []
    for _ in range(count):
        low, high = HEIGHTS[kind if rng.random() < 0.7 else rng.choice(len(HEIGHTS), p=HEIGHT_CHANCES)]
        tall = height * np.exp(rng.uniform(np.log(low), np.log(high)))
        feet = horizon + tall * eye
        if feet > 1.02 * height and tall < 0.95 * height and rng.random() < 0.7:
            feet = rng.uniform(max(0.7 * height, tall), 1.04 * height)
        if tall > 0.6 * height:
            feet = min(feet, tall + rng.uniform(0.05, 0.45) * height)
        rows.append((rng.uniform(0.02, 0.98) * width, feet, tall))
    return sorted(rows, key=lambda row: row[1])


def compose(rng, width, height):
    """Draws a scene; returns the canvas and its people, the farthest first."""
    horizon, eye = int(height * rng.uniform(0.3, 0.65)), rng.uniform(0.45, 1.3)
    rows = stage(rng, width, height, horizon, eye)
    over = 2 if max(width, height) <= 360 else 1
    c = TracedCanvas(scenery(rng, width, height, horizon), margin=int(0.4 * height), over=over)
    for y in np.sort(horizon + (height * 1.02 - horizon) * rng.uniform(0.03, 1, int(rng.integers(0, 6))) ** 1.5):
        draw_thing(c, rng, BEHIND, rng.uniform(0, width), y, max(16.0, (y - horizon) / eye))
    people = []
    for x, y, tall in rows:
        people.append(draw_person(c, rng, x, y, tall, 1 + 4 * len(people), turn=rng.normal(0, 0.06)))
        if rng.random() < 0.14:
            draw_thing(c, rng, IN_FRONT, x + rng.uniform(-0.4, 0.4) * tall, y + 0.03 * tall, tall)
    return c, people


def box_of(mask, left, top):
    x, y, width, height = cv2.boundingRect(mask)
    return (left + x, top + y, width, height) if width else None


def annotation(box, seen, category, size):
    """A COCO annotation of a visible box, or None. `seen` is the visible share; size is the frame's longest side."""
    short, long = sorted(box[2:])
    least_short, least_long = (limit * size / 320 for limit in SMALLEST[category])
    part = min(short / least_short, long / least_long, seen / SEEN[category])
    if part < HALF:
        return None
    return {"category_id": category, "bbox": [float(v) for v in box], "area": float(box[2] * box[3]), "iscrowd": int(part < 1)}


def visible_landmarks(person, owners, over):
    """COCO's keypoints (x, y, 2 seen or 1 hidden): a point is seen where the face still owns its pixel."""
    flat = []
    for x, y in person.landmarks:
        u, v = int(x * over), int(y * over)
        inside = 0 <= u < owners.shape[1] and 0 <= v < owners.shape[0]
        flat += [round(float(x), 2), round(float(y), 2), 2 if inside and owners[v, u] == person.owner + 1 else 1]
    return flat


def annotate(c, people):
    """The annotations of a finished canvas."""
    owners, found = c.seen(), []
    height, width = owners.shape
    left_over = histogram(owners)
    size = max(height, width) / c.over
    for person in people:
        first = person.owner
        whole = box_of(((owners >= first) & (owners < first + 4)).view(np.uint8), 0, 0)
        if whole is None:
            continue
        x, y, w, h = whole
        part = owners[y:y + h, x:x + w]
        for category, ids in ((0, (0, 1, 2, 3)), (1, (1,)), (2, (2,)), (2, (3,))):
            box = whole if category == 0 else box_of((part == first + ids[0]).view(np.uint8), x, y)
            drawn = sum(person.drawn[first + k] for k in ids)
            if box is None or drawn == 0:
                continue
            seen = sum(int(left_over[first + k]) for k in ids) / drawn
            made = annotation(tuple(v / c.over for v in box), seen, category, size)
            if made and category == 1 and person.landmarks is not None:
                made["keypoints"] = visible_landmarks(person, owners, c.over)
                made["num_keypoints"] = sum(v > 0 for v in made["keypoints"][2::3])
            if made:
                found.append(made)
    return found


def draw(rng, size=None):
    """One picture (uint8, height x width x 3, RGB) and its annotations."""
    width, height = size or SIZES[rng.choice(len(SIZES), p=SIZE_CHANCES)]
    c, people = compose(rng, width, height)
    annotations = annotate(c, people)
    return shoot(rng, c.finish(), rng.uniform(0.0, 0.5)), annotations


def sample(seed, split, index, size=None):
    """The picture `index` of a split as the bytes of a JPEG, its (width, height), and its annotations."""
    picture, annotations = draw(generator("people", split, seed, index), size)
    return encode_jpeg(picture), (picture.shape[1], picture.shape[0]), annotations


def coco(rows):
    """COCO's form of rows (file name, (width, height), annotations). Image ids are the pictures' indices, annotation ids start at 1."""
    images, annotations = [], []
    for index, (name, (width, height), found) in enumerate(rows):
        images.append({"id": index, "file_name": name, "width": width, "height": height})
        for made in found:
            annotations.append({"id": len(annotations) + 1, "image_id": index, **made})
    categories = [{"id": k, "name": name} for k, name in enumerate(NAMES)]
    categories[1]["keypoints"] = list(KEYPOINTS)
    return {"images": images, "annotations": annotations, "categories": categories}


def write(out, count, seed, split, workers):
    """Writes the first `count` pictures of a split and truth.json."""
    rows = []
    with Pool(workers) as pool:
        for index, (data, size, found) in enumerate(pool.imap(partial(sample, seed, split), range(count), chunksize=8)):
            name = f"{index:05d}.jpg"
            (out / name).write_bytes(data)
            rows.append((name, size, found))
    (out / "truth.json").write_text(json.dumps(coco(rows), separators=(",", ":")) + "\n")
