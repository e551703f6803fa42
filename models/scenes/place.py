"""Where the cartoon people are: rooms, streets, parks and beaches, and the things that stand about in them.

A thing is drawn standing at (x, y) with a size in pixels; some of them look a little like heads, hands or people.
"""

import numpy as np

from backdrops import backdrop, foliage, gradient, grain, muted, near, sky
from canvas import Canvas, blob_points, ellipse_points, rounded_box_points
from head import shaded
from traced import placed


def bright(rng):
    return tuple(int(c) for c in rng.integers(20, 245, 3))


def outdoors(rng, width, height, horizon):
    """Sky over a ground of grass, sand, snow or asphalt, with hills or houses on the horizon."""
    ground = [(105, 150, 75), (215, 195, 145), (150, 150, 150), (230, 235, 240), (165, 125, 90), (90, 120, 60)][rng.integers(6)]
    picture = sky(rng, width, height)
    picture[horizon:] = gradient(width, height - horizon, near(rng, ground), near(rng, shaded(ground, 0.75)))
    canvas = Canvas.on(grain(rng, picture, rng.uniform(2, 16)), over=1)
    if rng.random() < 0.6:
        for _ in range(rng.integers(1, 4)):
            x, reach = rng.uniform(0, width), rng.uniform(0.2, 0.6) * width
            canvas.polygon(np.vstack([ellipse_points((x, horizon), (reach, rng.uniform(0.1, 0.5) * horizon), 0, np.pi, 2 * np.pi, 16)]),
                           near(rng, (110, 140, 100), 35))
    else:
        x = -10.0
        while x < width:
            wide, tall = rng.uniform(0.1, 0.3) * width, rng.uniform(0.2, 0.8) * horizon
            wall = muted(rng, 60, 230)
            canvas.box(x, horizon - tall, x + wide, horizon, wall)
            step = max(7.0, wide / rng.integers(3, 6))
            for u in np.arange(x + step * 0.3, x + wide - step * 0.5, step):
                for v in np.arange(horizon - tall + step * 0.3, horizon - step * 0.6, step * 1.2):
                    canvas.box(u, v, u + step * 0.5, v + step * 0.65, shaded(wall, rng.choice([0.5, 0.6, 1.5])))
            x += wide * rng.uniform(0.9, 1.3)
    return canvas.finish()


def indoors(rng, width, height, horizon):
    """A room: a wall, papered or plain, a floor of boards or carpet, a window, pictures on the wall."""
    wall, floor = muted(rng, 110, 240), near(rng, [(150, 105, 70), (120, 120, 125), (175, 150, 120), (130, 60, 60)][rng.integers(4)])
    picture = gradient(width, height, near(rng, wall, 8), near(rng, wall, 8))
    canvas = Canvas.on(picture, over=1)
    if rng.random() < 0.5:
        step, paper = rng.uniform(10, 40), near(rng, wall, 22)
        for x in np.arange(rng.uniform(0, step), width, step):
            canvas.box(x, 0, x + step / 2, horizon, paper)
    canvas.box(0, horizon, width, height, floor)
    for k in range(rng.integers(0, 12)):
        x = width * (k - 3) / 6
        canvas.line([(x, horizon), (width / 2 + (x - width / 2) * 2.5, height)], shaded(floor, 0.85), 1.5)
    canvas.box(0, horizon - 3, width, horizon + 2, shaded(wall, 0.6))
    for _ in range(rng.integers(0, 4)):
        x, y, w, h = rng.uniform(0, width), rng.uniform(0, horizon * 0.7), *rng.uniform(0.1, 0.28, 2) * min(width, height)
        canvas.box(x - 3, y - 3, x + w + 3, y + h + 3, shaded(bright(rng), 0.5))
        canvas.box(x, y, x + w, y + h, (190, 220, 240) if rng.random() < 0.4 else bright(rng))
        poster(rng, canvas, x, y, w, h)
    return grain(rng, canvas.finish(), rng.uniform(1, 8))


def poster(rng, canvas, x, y, w, h):
    """What hangs in a frame: a smiling sun, blots, bars. A sun has a face that no person wears."""
    kind, middle, reach = rng.integers(4), (x + w / 2, y + h / 2), min(w, h)
    if kind == 0:
        canvas.disc(middle, reach * 0.35, [(250, 215, 60), (120, 200, 90), (90, 150, 230)][rng.integers(3)])
        for side in (-1, 1):
            canvas.disc((middle[0] + side * reach * 0.12, middle[1] - reach * 0.08), reach * 0.05, (20, 20, 20))
        canvas.ring(middle, reach * 0.2, (20, 20, 20), max(1, reach * 0.03), 0.3, np.pi - 0.3)
    elif kind == 1:
        for _ in range(4):
            canvas.polygon(blob_points(rng, (x + rng.uniform(0.2, 0.8) * w, y + rng.uniform(0.2, 0.8) * h), (w * 0.15, h * 0.15)), bright(rng))
    elif kind == 2:
        for t in np.linspace(0.2, 0.8, 4):
            canvas.line([(x + w * 0.15, y + h * t), (x + w * rng.uniform(0.5, 0.85), y + h * t)], (50, 50, 50), max(1, h * 0.05))


def scenery(rng, width, height, horizon):
    """The picture behind everything."""
    kind = rng.random()
    if kind < 0.42:
        return outdoors(rng, width, height, horizon)
    if kind < 0.8:
        return indoors(rng, width, height, horizon)
    if kind < 0.86:
        return foliage(rng, width, height)
    return backdrop(rng, width, height)


def tree(c, rng, size):
    trunk, crown = near(rng, (105, 75, 50)), near(rng, [(60, 120, 55), (90, 140, 60), (190, 120, 50)][rng.integers(3)], 25)
    c.shape([(-0.05, 0), (-0.035, -0.6), (0.035, -0.6), (0.05, 0)], trunk)
    for _ in range(4):
        c.polygon(blob_points(rng, (rng.uniform(-0.15, 0.15), rng.uniform(-0.85, -0.55)), (0.2, 0.17)), near(rng, crown, 14))


def bush(c, rng, size):
    green = near(rng, (70, 120, 60), 30)
    for _ in range(6):
        c.polygon(blob_points(rng, (rng.uniform(-0.4, 0.4), rng.uniform(-0.35, -0.15)), (0.22, 0.2)), near(rng, green, 14))
    c.polygon([(-0.5, 0), (-0.5, -0.2), (0.5, -0.2), (0.5, 0)], shaded(green, 0.85))


def lamp(c, rng, size):
    c.line([(0, 0), (0, -0.9)], near(rng, (60, 65, 70)), 0.035)
    c.oval((0, -0.94), (0.07, 0.07), (250, 240, 190))


def crate(c, rng, size):
    wood = muted(rng, 70, 210)
    c.shape([(-0.4, 0), (-0.4, -0.55), (0.4, -0.55), (0.4, 0)], wood)
    for y in (-0.18, -0.37):
        c.line([(-0.4, y), (0.4, y)], shaded(wood, 0.7), 0.02)


def table(c, rng, size):
    """A table, often with a ball, a doll's head or gloves on it."""
    wood = near(rng, (150, 105, 65), 40)
    for x in (-0.55, 0.5):
        c.polygon([(x, 0), (x, -0.38), (x + 0.06, -0.38), (x + 0.06, 0)], shaded(wood, 0.75))
    c.shape([(-0.65, -0.36), (0.65, -0.36), (0.6, -0.46), (-0.6, -0.46)], wood)
    for x in (-0.4, 0.0, 0.4):
        if rng.random() < 0.6:
            small(c, rng, x, -0.45)


def small(c, rng, x, y):
    """A small thing on a table."""
    keep = c.transform
    c.draw_in(keep @ placed(x, y, 0.3))
    [ball, doll, glove][rng.integers(3)](c, rng, 0)
    c.draw_in(keep)


def sofa(c, rng, size):
    cloth = bright(rng)
    c.shape(rounded_box_points(-0.75, -0.6, 0.75, -0.05, 0.1), cloth)
    c.shape(rounded_box_points(-0.72, -0.33, 0.72, -0.05, 0.06), shaded(cloth, 1.15))
    for side in (-1, 1):
        c.shape(rounded_box_points(side * 0.75 - 0.1, -0.45, side * 0.75 + 0.1, 0, 0.08), shaded(cloth, 0.85))


def fence(c, rng, size):
    wood = near(rng, [(235, 235, 230), (140, 100, 65)][rng.integers(2)])
    for x in np.arange(-0.9, 0.95, 0.2):
        c.polygon([(x, 0), (x, -0.4), (x + 0.05, -0.46), (x + 0.1, -0.4), (x + 0.1, 0)], wood)
    for y in (-0.3, -0.12):
        c.line([(-0.95, y), (1.05, y)], shaded(wood, 0.9), 0.05)


def ball(c, rng, size):
    colour, second = bright(rng), bright(rng)
    c.oval((0, -0.3), (0.3, 0.3), colour)
    c.line(ellipse_points((0, -0.3), (0.12, 0.28), rng.uniform(0, 3), count=14), second, 0.05)


def doll(c, rng, size):
    """A doll's head in a colour no person has, with two dots and a line."""
    skin = [(110, 190, 110), (120, 140, 230), (235, 235, 235), (190, 110, 210), (240, 220, 70)][rng.integers(5)]
    c.oval((0, -0.3), (0.27, 0.3), skin)
    for side in (-1, 1):
        c.disc((side * 0.1, -0.34), 0.035, (20, 20, 20))
    c.line([(-0.08, -0.17), (0.08, -0.17)], (20, 20, 20), 0.025)
    if rng.random() < 0.5:
        c.polygon(ellipse_points((0, -0.42), (0.28, 0.2), 0, np.pi, 2 * np.pi, 12), bright(rng))


def glove(c, rng, size):
    """A knitted glove, red, green, blue or grey: a hand without an arm."""
    wool = near(rng, [(190, 30, 40), (30, 120, 60), (40, 60, 170), (90, 90, 95)][rng.integers(4)])
    for x in (-0.15, -0.05, 0.05, 0.15):
        c.limb([(x * 0.8, -0.3), (x * 1.3, -0.55)], wool, 0.08)
    c.limb([(0.15, -0.15), (0.3, -0.3)], wool, 0.09)
    c.oval((0, -0.2), (0.18, 0.2), wool)
    c.line([(-0.15, -0.03), (0.15, -0.03)], (240, 240, 240), 0.06)


def snowman(c, rng, size):
    for y, r in ((-0.22, 0.24), (-0.58, 0.17), (-0.84, 0.12)):
        c.oval((0, y), (r, r), near(rng, (238, 240, 246), 8))
    for side in (-1, 1):
        c.disc((side * 0.04, -0.87), 0.015, (20, 20, 20))
    c.polygon([(0, -0.83), (0.13, -0.81), (0, -0.8)], (240, 130, 30))


def car(c, rng, size):
    body = bright(rng)
    c.shape([(-0.5, -0.35), (-0.3, -0.6), (0.25, -0.6), (0.5, -0.35)], shaded(body, 0.9))
    c.polygon([(-0.4, -0.36), (-0.26, -0.55), (0.22, -0.55), (0.4, -0.36)], (170, 200, 220))
    c.shape(rounded_box_points(-0.85, -0.38, 0.85, -0.08, 0.08), body)
    for x in (-0.5, 0.5):
        c.oval((x, -0.1), (0.15, 0.15), (30, 30, 32))


# Thing: its size as a part of a person's height at the same distance.
BEHIND = {tree: (1.2, 2.6), lamp: (1.5, 2.2), bush: (0.5, 1.0), car: (0.7, 0.9), sofa: (0.7, 0.9), snowman: (0.7, 1.1), crate: (0.4, 1.0), ball: (0.2, 0.5),
          doll: (0.2, 0.6), glove: (0.2, 0.5), table: (0.8, 1.1)}
IN_FRONT = {bush: (0.5, 0.9), crate: (0.5, 0.9), table: (0.8, 1.1), fence: (0.8, 1.2), sofa: (0.6, 0.9), lamp: (1.4, 2.0), ball: (0.2, 0.5), car: (0.6, 0.8)}


def draw_thing(c, rng, things, x, y, person_height):
    """One of the things, standing at (x, y), sized as it would be beside a person of that height."""
    thing = list(things)[rng.integers(len(things))]
    size = person_height * rng.uniform(*things[thing])
    c.owner = 0
    c.ink = shaded((50, 40, 45), rng.uniform(0.2, 1)) if rng.random() < 0.4 else None
    c.draw_in(placed(x, y, size, rng.normal(0, 0.03)))
    thing(c, rng, size)
    c.ink = None
