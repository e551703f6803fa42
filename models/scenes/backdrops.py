"""What stands behind the subject: sky and ground, walls, streets, leaves, printed patterns. All random, none a real place.

Every backdrop is a function of (rng, width, height) that returns a uint8 RGB picture; `backdrop` picks one and clutters it. They
are drawn coarse on purpose: the subject is sharp, the world behind it need not be.
"""

import cv2
import numpy as np

from canvas import Canvas, blob_points


def colour(rng, low=20, high=235):
    """Any colour."""
    return tuple(int(c) for c in rng.integers(low, high + 1, 3))


def muted(rng, low, high):
    """A colour drawn half the way to grey, as of paint in the rain."""
    paint = rng.integers(low, high + 1, 3)
    return tuple(int(c) for c in (paint + paint.mean()) / 2)


def near(rng, base, spread=18):
    """A colour near another."""
    return tuple(min(255, max(0, int(c) + int(d))) for c, d in zip(base, rng.integers(-spread, spread + 1, 3).tolist()))


def octaves(rng, width, height, channels=1, coarsest=3, count=4, fall=0.6):
    """Smooth noise of several scales, float32 of about -1..1, height x width x channels."""
    total = np.zeros((height, width, channels), np.float32)
    weight, size = 1.0, coarsest
    for _ in range(count):
        shape = (min(height, size + 1), min(width, size + 1), channels)
        grid = rng.uniform(-1, 1, shape).astype(np.float32)
        total += weight * cv2.resize(grid, (width, height), interpolation=cv2.INTER_LINEAR).reshape(height, width, channels)
        weight, size = weight * fall, size * 2
    return total * np.float32(1 / 1.5)


def grain(rng, picture, amount):
    """Texture on a picture: octaves of noise of some steps of 255."""
    height, width = picture.shape[:2]
    noise = octaves(rng, width, height, 1, coarsest=int(rng.integers(4, 24)), count=3)
    return np.clip(picture + noise * np.float32(amount), 0, 255).astype(np.uint8)


def gradient(width, height, top, bottom):
    """A vertical slope between two colours."""
    slope = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    rows = np.float32(top) * (1 - slope) + np.float32(bottom) * slope
    return np.broadcast_to(rows, (height, width, 3)).astype(np.uint8)


def sky(rng, width, height):
    """Sky from blue to white to evening, with clouds."""
    top, bottom = [((90, 150, 225), (205, 225, 245)), ((150, 165, 185), (215, 220, 225)), ((60, 70, 120), (245, 170, 120)),
                   ((120, 180, 240), (240, 245, 250)), ((25, 30, 60), (70, 70, 110))][rng.integers(5)]
    picture = gradient(width, height, near(rng, top), near(rng, bottom))
    cloud = np.clip(octaves(rng, width, height, 1, coarsest=int(rng.integers(2, 5))) * 2 - rng.uniform(0, 1), 0, 1)
    return (picture + (np.float32(near(rng, (240, 240, 240), 10)) - picture) * cloud * np.float32(0.8)).astype(np.uint8)


def foliage(rng, width, height):
    """Leaves: many blobs of a few greens (or an autumn's reds), dark behind, light in front."""
    base = [(45, 95, 35), (80, 125, 50), (30, 80, 55), (150, 95, 35), (120, 120, 60)][rng.integers(5)]
    canvas = Canvas(width, height, near(rng, np.multiply(base, 0.5)), over=1)
    unit = min(width, height)
    count, corners = int(rng.integers(50, 100)), 7
    angles = np.arange(corners) * (2 * np.pi / corners) + rng.uniform(0, 6, (count, 1))
    reach = unit * rng.uniform(0.03, 0.11, (count, 1)) * rng.uniform(0.7, 1.3, (count, corners))
    places = rng.uniform(0, 1, (count, 2)) * (width, height)
    xs = places[:, :1] + reach * np.cos(angles)
    ys = places[:, 1:] + reach * np.sin(angles) * rng.uniform(0.4, 1, (count, 1))
    light = 0.5 + 0.8 * np.arange(count)[:, None] / count
    paints = np.clip(np.multiply(base, light) + rng.uniform(-14, 14, (count, 3)), 0, 255)
    for leaf, paint in zip(np.stack([xs, ys], axis=2), paints.tolist()):
        canvas.polygon(leaf, paint)
    return canvas.finish()


def bricks(rng, width, height):
    """A brick or stone wall."""
    base = [(150, 75, 55), (175, 160, 140), (120, 120, 120), (200, 180, 140), (95, 60, 50)][rng.integers(5)]
    canvas = Canvas(width, height, near(rng, (170, 165, 155), 40), over=1)
    unit = min(width, height)
    tall = unit * rng.uniform(0.05, 0.14)
    wide, joint = tall * rng.uniform(1.6, 3), max(1.0, tall * 0.1)
    rows, columns = int(height / tall) + 2, int(width / wide) + 3
    paints = np.clip(rng.normal(base, 9, (rows, columns, 3)), 0, 255)
    for row in range(rows):
        offset = -wide * (0.5 * (row % 2) + 0.3)
        for column in range(columns):
            x, y = offset + column * wide, (row - 0.4) * tall
            canvas.block(x, y, x + wide - joint, y + tall - joint, paints[row, column])
    return grain(rng, canvas.finish(), rng.uniform(5, 25))


def plaster(rng, width, height):
    """A plain wall with stains."""
    base = colour(rng, 60, 230)
    picture = gradient(width, height, base, near(rng, base, 30))
    return grain(rng, picture, rng.uniform(8, 45))


def buildings(rng, width, height):
    """A row of houses with lit and dark windows before the sky, a street below."""
    canvas = Canvas.on(sky(rng, width, height), over=1)
    ground = height * rng.uniform(0.7, 1.05)
    x = -width * rng.uniform(0, 0.2)
    while x < width:
        wide = width * rng.uniform(0.18, 0.5)
        top = height * rng.uniform(0.02, 0.5)
        wall, glass = muted(rng, 70, 215), muted(rng, 30, 200)
        panes = [near(rng, glass, 25) for _ in range(7)]
        canvas.block(x, top, x + wide, ground, wall)
        step = width * rng.uniform(0.06, 0.12)
        pane = int(rng.integers(7))
        for row in np.arange(top + step * 0.5, ground - step * 0.6, step * rng.uniform(1, 1.5)):
            for column in np.arange(x + step * 0.4, x + wide - step * 0.6, step):
                canvas.block(column, row, column + step * 0.55, row + step * 0.6, panes[pane % 7])
                pane = (pane * 5 + 3) % 29
        x += wide * rng.uniform(0.95, 1.15)
    if ground < height:
        canvas.box(0, ground, width, height, near(rng, (95, 95, 98), 25))
    return grain(rng, canvas.finish(), rng.uniform(3, 14))


def street(rng, width, height):
    """Sky, hills or trees, and a road that runs to the horizon."""
    canvas = Canvas.on(sky(rng, width, height), over=1)
    horizon = height * rng.uniform(0.35, 0.7)
    for _ in range(int(rng.integers(1, 5))):
        place = (rng.uniform(0, width), horizon + height * 0.05)
        radii = (width * rng.uniform(0.15, 0.6), height * rng.uniform(0.08, 0.35))
        canvas.polygon(blob_points(rng, place, radii, 0.12), near(rng, (70, 105, 70), 35))
    canvas.box(0, horizon, width, height, near(rng, [(95, 130, 60), (150, 140, 100), (200, 205, 210)][rng.integers(3)], 25))
    vanish, left, right = width * rng.uniform(0.2, 0.8), width * rng.uniform(-0.4, 0.3), width * rng.uniform(0.7, 1.4)
    canvas.polygon([(vanish - 1, horizon), (vanish + 1, horizon), (right, height), (left, height)], near(rng, (90, 90, 95), 20))
    middle = (left + right) / 2
    for part in (0.15, 0.4, 0.7):
        begin, end = part, part + 0.15
        xs, ys = vanish + (middle - vanish) * np.array([begin, end]), horizon + (height - horizon) * np.array([begin, end])
        half = width * 0.012 * np.array([begin, end]) * 2
        canvas.polygon([(xs[0] - half[0], ys[0]), (xs[0] + half[0], ys[0]), (xs[1] + half[1], ys[1]), (xs[1] - half[1], ys[1])],
                       (225, 225, 220))
    return grain(rng, canvas.finish(), rng.uniform(3, 16))


def stripes(rng, width, height):
    """Slats, fences, shutters, corrugated iron."""
    canvas = Canvas(width, height, colour(rng), over=1)
    base, angle = colour(rng), rng.choice([0, np.pi / 2, rng.uniform(0, np.pi)])
    reach, pitch = width + height, min(width, height) * rng.uniform(0.05, 0.2)
    along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    centre, part = np.array([width / 2, height / 2]), rng.uniform(0.4, 0.9)
    for offset in np.arange(-reach / 2, reach / 2, pitch):
        corner = centre + across * offset
        canvas.polygon([corner - along * reach, corner + along * reach, corner + along * reach + across * pitch * part,
                        corner - along * reach + across * pitch * part], near(rng, base, 14))
    return grain(rng, canvas.finish(), rng.uniform(4, 20))


def shapes(rng, width, height):
    """A heap of coloured shapes: advertising, market stalls, playgrounds seen from far."""
    canvas = Canvas.on(plaster(rng, width, height), over=1)
    scatter(rng, canvas, int(rng.integers(8, 22)), 0.08, 0.4)
    return canvas.finish()


def blotches(rng, width, height):
    """Colour noise of many scales: something far out of focus."""
    noise = octaves(rng, width, height, 3, coarsest=int(rng.integers(2, 7)), count=int(rng.integers(2, 6)))
    return np.clip(np.float32(colour(rng, 60, 200)) + noise * np.float32(rng.uniform(30, 110)), 0, 255).astype(np.uint8)


def scatter(rng, canvas, count, smallest, largest):
    """Random polygons, ellipses and lines on a canvas; sizes are parts of the shorter side."""
    width, height = canvas.width, canvas.height
    unit = min(width, height)
    for _ in range(count):
        place, size, paint = rng.uniform(0, 1, 2) * (width, height), unit * rng.uniform(smallest, largest) / 2, colour(rng)
        kind = rng.integers(4)
        if kind == 0:
            canvas.ellipse(place, (size, size * rng.uniform(0.3, 1)), paint, rng.uniform(0, np.pi))
        elif kind == 1:
            canvas.polygon(blob_points(rng, place, (size, size * rng.uniform(0.4, 1)), 0.5, int(rng.integers(3, 7))), paint)
        elif kind == 2:
            canvas.line([place, place + rng.uniform(-2, 2, 2) * size], paint, size * rng.uniform(0.08, 0.3))
        else:
            canvas.box(place[0] - size, place[1] - size * 0.6, place[0] + size, place[1] + size * 0.6, paint, size * 0.2)


BACKDROPS = (sky, foliage, bricks, plaster, buildings, street, stripes, shapes, blotches)


def backdrop(rng, width, height, clutter=1.0):
    """One of the backdrops, with clutter on it: more of it, the more there is to mistake for the subject."""
    picture = BACKDROPS[rng.integers(len(BACKDROPS))](rng, width, height)
    if rng.random() < 0.6 * clutter:
        canvas = Canvas.on(picture, over=1)
        scatter(rng, canvas, int(rng.integers(1, 2 + 6 * clutter)), 0.04, 0.25)
        picture = canvas.finish()
    return picture
