"""The set `signs`: 24 classes of road signs and icons, one a picture, 128 x 128, for classification.

`draw(rng, class_index)` draws one picture: a backdrop, a pole, the sign in perspective with its dirt and its stickers, what
stands in front of it, and the camera. Pairs are alike on purpose: the speeds, the arrows, parking and hospital, train and bus,
pedestrians and school, roundabout and recycling. The plate is chosen apart from the symbol, so colour alone tells little.
"""

from functools import partial
from multiprocessing import Pool

import cv2
import numpy as np

import plates
import symbols
from backdrops import backdrop, colour, near, octaves
from camera import shoot, warp_of_corners
from canvas import Canvas, blob_points, over
from files import encode_jpeg
from splits import generator

SIZE = 128  # pixels of a picture's side

# name, symbol, the plates it is met on
CLASSES = (
    ("stop", symbols.stop, plates.STOP),
    ("yield", symbols.nothing, plates.YIELD),
    ("no_entry", symbols.bar, plates.NO_ENTRY),
    ("speed_30", symbols.speed_30, plates.SPEED),
    ("speed_50", symbols.speed_50, plates.SPEED),
    ("speed_80", symbols.speed_80, plates.SPEED),
    ("arrow_left", symbols.arrow_left, plates.ORDER),
    ("arrow_right", symbols.arrow_right, plates.ORDER),
    ("arrow_straight", symbols.arrow_straight, plates.ORDER),
    ("roundabout", symbols.roundabout, plates.ORDER),
    ("recycling", symbols.recycling, plates.PLACES),
    ("parking", symbols.parking, plates.SQUARES),
    ("hospital", symbols.hospital, plates.SQUARES),
    ("pedestrians", symbols.pedestrians, plates.WARNING),
    ("school", symbols.school, plates.WARNING),
    ("roadworks", symbols.roadworks, plates.WARNING),
    ("bicycle", symbols.bicycle, plates.WARNING + plates.ORDER[:2]),
    ("traffic_light", symbols.traffic_light, plates.WARNING),
    ("train", symbols.train, plates.WARNING + plates.PLACES[:3]),
    ("bus", symbols.bus, plates.WARNING[:3] + plates.PLACES[:4]),
    ("airport", symbols.airport, plates.PLACES),
    ("wheelchair", symbols.wheelchair, plates.PLACES),
    ("fish", symbols.fish, plates.PLACES),
    ("duck", symbols.duck, plates.WARNING[:4] + plates.PLACES[2:4]),
)
NAMES = tuple(name for name, _, _ in CLASSES)


def weathered(rng):
    """A map from nominal paint to the paint of one old plate: faded towards white or grey, and shifted."""
    fade, towards = rng.uniform(0, 0.45) ** 1.5, rng.uniform(120, 245)
    shift = rng.normal(0, 7, 3)

    def paint(nominal):
        return tuple(np.clip(np.asarray(nominal) * (1 - fade) + towards * fade + shift, 0, 255).tolist())
    return paint


def deface(rng, canvas):
    """Stickers, scratches, holes and rust on a plate drawn in -1..1."""
    for _ in range(rng.poisson(0.5)):
        place, size = rng.uniform(-0.8, 0.8, 2), rng.uniform(0.08, 0.26)
        canvas.polygon(blob_points(rng, place, (size, size * rng.uniform(0.5, 1)), rng.choice([0.05, 0.4]), int(rng.integers(4, 9))),
                       colour(rng))
    for _ in range(rng.poisson(0.5)):
        start = rng.uniform(-0.9, 0.9, 2)
        canvas.line([start, start + rng.normal(0, 0.35, 2), start + rng.normal(0, 0.5, 2)], colour(rng), rng.uniform(0.02, 0.08))
    if rng.random() < 0.15:
        for _ in range(int(rng.integers(1, 5))):
            canvas.disc(rng.uniform(-0.8, 0.8, 2), rng.uniform(0.03, 0.07), (60, 45, 40))


def draw_plate(rng, class_index, size):
    """The flat sign from the front: a uint8 array of size x size x 4, red, green, blue, and how much of the pixel is plate."""
    _, symbol, kinds = CLASSES[class_index]
    plate = kinds[rng.integers(len(kinds))]
    paint = weathered(rng)
    whole = np.array([(0.47 * size, 0, 0.5 * size), (0, 0.47 * size, 0.5 * size), (0, 0, 1)])
    canvas = Canvas(size, size, paint(plate.border or plate.ground), over=1, transform=whole)
    plate.draw(canvas, paint)
    half, down = plates.ROOM[plate.outline]
    half *= rng.uniform(0.9, 1.04)
    lean = rng.normal(0, 0.03)
    inner = np.array([(half, -half * lean, 0), (half * lean, half, down), (0, 0, 1)])
    canvas.use(whole @ inner)
    symbol(canvas, rng, paint(plate.ink), paint(plate.ground))
    canvas.use(whole)
    deface(rng, canvas)
    face = canvas.pixels
    if rng.random() < 0.7:
        dirt = np.clip(octaves(rng, size, size, 1, int(rng.integers(2, 9)), 3) * 1.4 - rng.uniform(0, 0.7), 0, 1)
        face = face + (np.float32(near(rng, (95, 80, 65), 30)) - face) * dirt * np.float32(rng.uniform(0.15, 0.7))
    cover = Canvas(size, size, (0,), over=1, transform=whole)
    cover.polygon(plate.rim(), (255,))
    return np.dstack([face.astype(np.uint8), cover.pixels])


def placement(rng, size):
    """Where the plate of a unit square goes in the picture: its four corners turned, foreshortened and moved. Pixels."""
    corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    angle = rng.normal(0, 0.11)
    yaw, pitch = rng.normal(0, 0.42), rng.normal(0, 0.22)
    depth = 1 + 0.6 * (corners[:, 0] * np.sin(yaw) + corners[:, 1] * np.sin(pitch))
    seen = corners * (np.cos(np.clip(yaw, -1.1, 1.1)), np.cos(pitch)) / depth[:, None]
    turn = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    slack = max(0.0, (SIZE - size) / 2) + 0.06 * size
    return seen @ turn * size + SIZE / 2 + rng.uniform(-1, 1, 2) * slack


def pole(rng, canvas, corners):
    """The post behind the plate, and sometimes a small plate below it."""
    middle, foot = corners.mean(axis=0), corners[2:].mean(axis=0)
    size = np.linalg.norm(foot - corners[:2].mean(axis=0))
    down = (foot - middle) / np.linalg.norm(foot - middle)
    shade = near(rng, [(130, 132, 135), (90, 92, 95), (120, 90, 60), (175, 175, 170)][rng.integers(4)], 15)
    width = size * rng.uniform(0.05, 0.11)
    canvas.line([middle - down * size * rng.choice([0.3, 0.75, 3]), middle + down * 300], shade, width)
    canvas.line([middle + down * size * 0.5 - (width * 0.25, 0), middle + down * 300 - (width * 0.25, 0)], near(rng, np.add(shade, 30), 8),
                width * 0.3)
    if rng.random() < 0.3:
        centre = foot + down * size * rng.uniform(0.2, 0.4)
        half = size * np.array([rng.uniform(0.3, 0.5), rng.uniform(0.1, 0.2)])
        canvas.box(*(centre - half), *(centre + half), near(rng, [(235, 235, 230), (30, 80, 160), (240, 200, 50)][rng.integers(3)]))
        canvas.line([centre - half * (0.7, 0), centre + half * (0.7, 0)], near(rng, (60, 60, 60), 40), half[1] * 0.5)


def branch(rng, canvas, corners):
    """A twig with leaves that hangs in from an edge of the picture, over a part of the plate."""
    size = np.linalg.norm(corners[0] - corners[2]) / 1.4
    aim = corners.mean(axis=0) + rng.uniform(-0.6, 0.6, 2) * size
    start = aim + np.array([np.cos(a := rng.uniform(0, 2 * np.pi)), np.sin(a)]) * 130
    wood, leaf = near(rng, (75, 55, 40)), near(rng, [(60, 110, 45), (90, 130, 60), (170, 110, 40)][rng.integers(3)])
    canvas.line([start, aim], wood, rng.uniform(1, 3))
    for _ in range(int(rng.integers(5, 16))):
        place = aim + (start - aim) * rng.uniform(0, 0.5) + rng.normal(0, 5, 2)
        reach = size * rng.uniform(0.05, 0.13)
        canvas.ellipse(place, (reach, reach * rng.uniform(0.35, 0.6)), near(rng, leaf), rng.uniform(0, np.pi))


def bar_in_front(rng, canvas, corners):
    """A post, a wire or a fence between the camera and the plate."""
    size = np.linalg.norm(corners[0] - corners[2]) / 1.4
    place, angle = corners.mean(axis=0) + rng.uniform(-0.5, 0.5, 2) * size, rng.choice([np.pi / 2, 0, rng.uniform(0, np.pi)])
    along = np.array([np.cos(angle), np.sin(angle)]) * 200
    canvas.line([place - along, place + along], near(rng, (90, 90, 90), 60), size * rng.uniform(0.03, 0.16))


def patch_in_front(rng, canvas, corners):
    """A leaf, a bag, a passer-by's shoulder over one corner of the plate."""
    size = np.linalg.norm(corners[0] - corners[2]) / 1.4
    corner = corners[rng.integers(4)]
    canvas.polygon(blob_points(rng, corner * 0.75 + corners.mean(axis=0) * 0.25, size * rng.uniform(0.12, 0.34, 2), 0.35, 9), colour(rng))


OBSTACLES = (branch, bar_in_front, patch_in_front)


def place(rng):
    """The side of the plate in pixels, and its corners in the picture."""
    size = np.exp(rng.uniform(np.log(40), np.log(116)))
    return size, placement(rng, size)


def draw(rng, class_index):
    """One picture of a class: uint8, SIZE x SIZE x 3, RGB."""
    size, corners = place(rng)
    canvas = Canvas.on(backdrop(rng, SIZE, SIZE), over=2)
    if rng.random() < 0.75:
        pole(rng, canvas, corners)
    source = int(2 * size)
    warp = warp_of_corners([(0, 0), (source, 0), (source, source), (0, source)], corners * 2)
    layer = warp.picture(draw_plate(rng, class_index, source), 2 * SIZE, 2 * SIZE, border=cv2.BORDER_CONSTANT)
    canvas.pixels = over(canvas.pixels, layer[:, :, :3], layer[:, :, 3])
    if rng.random() < 0.4:
        OBSTACLES[rng.integers(len(OBSTACLES))](rng, canvas, corners)
    return shoot(rng, canvas.finish(), rng.uniform(0.3, 1.0))


def sample(seed, split, index):
    """The picture `index` of a split as the bytes of a JPEG, and its class: the classes take turns."""
    class_index = index % len(CLASSES)
    return encode_jpeg(draw(generator("signs", split, seed, index), class_index)), class_index


def box(seed, split, index):
    """Where the sign of a picture is, (x0, y0, x1, y1) in pixels, clipped to the picture. Costs no drawing."""
    _, corners = place(generator("signs", split, seed, index))
    return np.clip(np.concatenate([corners.min(axis=0), corners.max(axis=0)]), 0, SIZE)


def write(out, count, seed, split, workers):
    """Writes the first `count` pictures of a split and truth.txt: one line a picture, `file class_index class_name`."""
    lines = []
    with Pool(workers) as pool:
        samples = pool.imap(partial(sample, seed, split), range(count), chunksize=16)
        for index, (data, class_index) in enumerate(samples):
            name = f"{index:05d}.jpg"
            (out / name).write_bytes(data)
            lines.append(f"{name} {class_index} {NAMES[class_index]}\n")
    (out / "truth.txt").write_text("".join(lines))
