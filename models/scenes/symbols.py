"""The pictograms of the signs. Each is drawn into the square -1..1 (x right, y down) by a function of
(canvas, rng, ink, ground): ink is the colour of the symbol, ground the colour of the plate, for what is cut out of it.
Proportions vary a little from drawing to drawing, as between the makers of signs.
"""

import numpy as np

from canvas import ellipse_points
from glyphs import write


def _vary(rng, value, part=0.08):
    return value * rng.uniform(1 - part, 1 + part)


def _text(text, width, gap):
    def draw(canvas, rng, ink, ground):
        squeeze = rng.uniform(0.9, 1.08)
        write(canvas, text, (0, 0), _vary(rng, 1.5), width * squeeze, gap * squeeze, _vary(rng, 0.22, 0.2), ink)
    return draw


def stop(canvas, rng, ink, ground):
    write(canvas, "STOP", (0, 0), _vary(rng, 0.85), 0.42, 0.08, _vary(rng, 0.15, 0.15), ink)


def letter(text):
    """A single large letter."""
    def draw(canvas, rng, ink, ground):
        write(canvas, text, (0, 0), _vary(rng, 1.7), _vary(rng, 1.15), 0, _vary(rng, 0.34, 0.15), ink)
    return draw


def bar(canvas, rng, ink, ground):
    half = _vary(rng, 0.22, 0.15)
    canvas.box(-1.08, -half * 1.2, 1.08, half * 1.2, ink, half * rng.choice([0, 0.4]))


def nothing(canvas, rng, ink, ground):
    """The plate alone."""


def arrow_outline(tail, head, width, wing, length):
    """The seven points of an arrow from tail to head: shaft of some width, a head of some wing (half) and length."""
    tail, head = np.asarray(tail, np.float64), np.asarray(head, np.float64)
    along = (head - tail) / np.linalg.norm(head - tail)
    across = np.array([-along[1], along[0]])
    neck = head - along * length
    return [tail - across * width / 2, neck - across * width / 2, neck - across * wing, head, neck + across * wing,
            neck + across * width / 2, tail + across * width / 2]


def _arrow(degrees):
    """A straight arrow, or one that first goes up and then turns; 0 degrees points right."""
    def draw(canvas, rng, ink, ground):
        direction = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
        width, wing, length = _vary(rng, 0.32, 0.15), _vary(rng, 0.55, 0.12), _vary(rng, 0.62, 0.12)
        if degrees != -90 and rng.random() < 0.45:
            bend = np.array([-0.45 * direction[0], -0.15])
            canvas.line([(bend[0], 0.85), bend, bend + direction * 0.5], ink, width)
            canvas.polygon(arrow_outline(bend + direction * 0.2, bend + direction * 1.35, width, wing * 0.9, length), ink)
        else:
            canvas.polygon(arrow_outline(-0.9 * direction, 0.95 * direction, width, wing, length), ink)
    return draw


def roundabout(canvas, rng, ink, ground):
    """Three arrows that chase each other round a circle."""
    radius, width, first = _vary(rng, 0.66), _vary(rng, 0.2, 0.15), rng.uniform(0, 2 * np.pi / 3)

    def at(angle, reach):
        return reach * np.cos(angle), reach * np.sin(angle)

    for third in range(3):
        start = first + third * 2 * np.pi / 3
        canvas.ring((0, 0), radius, ink, width, start, start + 1.25)
        tip, foot = start + 1.75, start + 1.2
        canvas.polygon([at(foot, radius - 0.3), at(tip, radius), at(foot, radius + 0.3)], ink)


def recycling(canvas, rng, ink, ground):
    """Three arrows that chase each other round a triangle."""
    width, reach = _vary(rng, 0.24, 0.12), _vary(rng, 0.92, 0.05)
    corners = [np.array([np.cos(a), np.sin(a)]) * reach for a in np.radians([-90, 30, 150])]
    for side in range(3):
        start, end = corners[side], corners[(side + 1) % 3]
        along = (end - start) / np.linalg.norm(end - start)
        corner = start + along * 0.32
        before = start + (corners[side - 1] - start) / np.linalg.norm(corners[side - 1] - start) * 0.2
        middle = (before + corner) / 2 + (0, 0.12)
        canvas.line([before, (start * 0.82 + middle * 0.18), corner], ink, width * 0.9)
        canvas.polygon(arrow_outline(corner, start + along * 1.12, width, 0.3, 0.36), ink)
    centre = np.mean(corners, axis=0)
    canvas.disc(centre, 0.12, ground)


def walker(canvas, rng, ink, place, size, stride, facing):
    """A walking figure; place is between the feet, size its height."""
    at = lambda x, y: (place[0] + facing * x * size, place[1] - y * size)
    width = size * 0.11
    canvas.disc(at(0.04, 0.91), size * 0.095, ink)
    canvas.line([at(0.0, 0.74), at(-0.01, 0.47)], ink, size * 0.19)
    canvas.line([at(0.0, 0.45), at(stride * 0.6, 0.25), at(stride, 0.02)], ink, width)
    canvas.line([at(-0.02, 0.45), at(-stride * 0.3, 0.25), at(-stride, 0.02)], ink, width)
    swing = rng.uniform(0.12, 0.24)
    canvas.line([at(0.02, 0.76), at(swing, 0.58), at(swing + 0.1, 0.5)], ink, width * 0.8)
    canvas.line([at(-0.02, 0.76), at(-swing, 0.6), at(-swing + 0.02, 0.46)], ink, width * 0.8)


def pedestrians(canvas, rng, ink, ground):
    """One person who walks, sometimes on stripes."""
    facing = rng.choice([-1, 1])
    striped = rng.random() < 0.4
    walker(canvas, rng, ink, (0, 0.62 if striped else 0.95), 1.6 if striped else 1.9, rng.uniform(0.16, 0.26), facing)
    if striped:
        for step in range(5):
            x = -0.8 + step * 0.36
            canvas.polygon([(x, 0.72), (x + 0.2, 0.72), (x + 0.14, 0.98), (x - 0.06, 0.98)], ink)


def school(canvas, rng, ink, ground):
    """Two children, hand in hand or running, one with a satchel."""
    facing = rng.choice([-1, 1])
    stride = rng.uniform(0.18, 0.27)
    walker(canvas, rng, ink, (-0.45 * facing, 0.92), _vary(rng, 1.72, 0.05), stride, facing)
    walker(canvas, rng, ink, (0.5 * facing, 0.92), _vary(rng, 1.3, 0.08), stride, facing)
    canvas.line([(-0.3 * facing, -0.05), (0.1 * facing, 0.12), (0.45 * facing, 0.0)], ink, 0.12)
    left, right = sorted((-0.95 * facing, -0.63 * facing))
    canvas.box(left, 0.02, right, 0.36, ink, 0.05)


def roadworks(canvas, rng, ink, ground):
    """Somebody digs: a bent figure, a shovel, a heap."""
    flip = rng.choice([-1, 1])
    at = lambda *points: [(flip * x, y) for x, y in points]
    canvas.disc(*at((0.08, -0.72)), 0.19, ink)
    canvas.line(at((-0.12, -0.42), (-0.38, 0.12)), ink, 0.32)
    canvas.line(at((-0.36, 0.18), (-0.12, 0.5), (-0.28, 0.9)), ink, 0.2)
    canvas.line(at((-0.42, 0.18), (-0.6, 0.52), (-0.85, 0.9)), ink, 0.2)
    canvas.line(at((-0.02, -0.42), (0.3, -0.08), (0.05, 0.08)), ink, 0.15)
    canvas.line(at((-0.3, -0.02), (0.55, 0.55)), ink, _vary(rng, 0.1, 0.2))
    canvas.polygon(at((0.44, 0.4), (0.72, 0.5), (0.62, 0.78), (0.36, 0.6)), ink)
    heap = _vary(rng, 0.5, 0.2)
    canvas.polygon(at((0.15, 0.95), (0.55, 0.95 - heap), (0.75, 0.92 - heap * 0.8), (1.0, 0.95)), ink)


def bicycle(canvas, rng, ink, ground):
    flip, thick, wheel = rng.choice([-1, 1]), _vary(rng, 0.11, 0.15), _vary(rng, 0.37)
    at = lambda *points: [(flip * x, y) for x, y in points]
    for centre in at((-0.57, 0.3), (0.57, 0.3)):
        canvas.ring(centre, wheel, ink, thick)
    canvas.line(at((-0.57, 0.3), (-0.2, -0.3), (0.35, -0.3), (-0.05, 0.32), (-0.57, 0.3)), ink, thick)
    canvas.line(at((-0.05, 0.32), (-0.25, -0.48)), ink, thick)
    canvas.line(at((-0.42, -0.5), (-0.08, -0.5)), ink, thick * 1.3)
    canvas.line(at((0.57, 0.3), (0.3, -0.55), (0.52, -0.62)), ink, thick)


def airport(canvas, rng, ink, ground):
    """A plane from above, nose up or up to the right."""
    angle = rng.choice([0, np.pi / 4, -np.pi / 4, np.pi / 2])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    wing, sweep = _vary(rng, 0.93, 0.06), _vary(rng, 0.42, 0.2)
    half = [(0, -1), (0.1, -0.86), (0.12, -0.32), (wing, sweep - 0.25), (wing, sweep), (0.12, 0.22), (0.09, 0.68), (0.36, 0.88),
            (0.36, 1.0), (0, 0.92)]
    outline = np.array(half + [(-x, y) for x, y in reversed(half[1:-1])])
    canvas.polygon(outline @ turn.T, ink)


def train(canvas, rng, ink, ground):
    """The front of a train on rails."""
    wide, top = _vary(rng, 0.56), -0.95
    canvas.box(-wide, top, wide, 0.5, ink, 0.25)
    canvas.box(-wide * 0.72, top + 0.3, wide * 0.72, -0.15, ground, 0.08)
    if rng.random() < 0.5:
        canvas.box(-0.05, top + 0.25, 0.05, -0.12, ink)
    for side in (-1, 1):
        canvas.disc((side * wide * 0.6, 0.18), 0.11, ground)
        canvas.line([(side * wide * 0.5, 0.55), (side * wide * 1.25, 0.95)], ink, 0.13)
    canvas.line([(-wide * 0.95, 0.74), (wide * 0.95, 0.74)], ink, 0.1)


def bus(canvas, rng, ink, ground):
    """The front of a bus: mirrors, a wide screen, wheels."""
    wide, top = _vary(rng, 0.62), -0.88
    canvas.box(-wide, top, wide, 0.68, ink, 0.14)
    canvas.box(-wide * 0.82, top + 0.34, wide * 0.82, 0.12, ground, 0.05)
    canvas.box(-wide * 0.5, top + 0.1, wide * 0.5, top + 0.22, ground, 0.03)
    for side in (-1, 1):
        canvas.disc((side * wide * 0.68, 0.42), 0.1, ground)
        canvas.box(side * wide * 0.68 - 0.15, 0.5, side * wide * 0.68 + 0.15, 0.93, ink, 0.06)
        canvas.line([(side * wide, -0.4), (side * (wide + 0.17), -0.4), (side * (wide + 0.17), -0.1)], ink, 0.1)


def traffic_light(canvas, rng, ink, ground):
    wide = _vary(rng, 0.36)
    canvas.box(-wide, -0.98, wide, 0.98, ink, _vary(rng, 0.2, 0.5))
    lamps = [(225, 45, 40), (250, 195, 40), (60, 180, 80)] if rng.random() < 0.75 else [ground] * 3
    for lamp, y in zip(lamps, (-0.6, 0, 0.6)):
        canvas.disc((0, y), wide * 0.66, lamp)


def wheelchair(canvas, rng, ink, ground):
    flip, thick = rng.choice([-1, 1]), _vary(rng, 0.17, 0.12)
    at = lambda *points: [(flip * x, y) for x, y in points]
    canvas.disc(*at((-0.15, -0.82)), 0.17, ink)
    canvas.line(at((-0.14, -0.55), (-0.08, 0.1), (0.42, 0.1), (0.66, 0.72), (0.85, 0.66)), ink, thick)
    canvas.line(at((-0.1, -0.25), (0.34, -0.25)), ink, thick * 0.8)
    arc = ellipse_points((-0.08, 0.34), (0.56, 0.56), 0, np.radians(30), np.radians(235))
    canvas.line([(flip * x, y) for x, y in arc], ink, thick * 0.8)


def wifi(canvas, rng, ink, ground):
    thick, spread = _vary(rng, 0.19, 0.15), np.radians(_vary(rng, 45))
    canvas.disc((0, 0.68), _vary(rng, 0.17), ink)
    for radius in (0.52, 0.95, 1.38):
        canvas.ring((0, 0.68), radius, ink, thick, -np.pi / 2 - spread, -np.pi / 2 + spread)


def fish(canvas, rng, ink, ground):
    flip, tall = rng.choice([-1, 1]), _vary(rng, 0.48, 0.15)
    at = lambda *points: [(flip * x, y) for x, y in points]
    upper = ellipse_points((0.15, 0), (0.78, tall), 0, -np.pi, 0, 20)
    lower = ellipse_points((0.15, 0), (0.78, tall), 0, 0, np.pi, 20)
    canvas.polygon([(flip * x, y) for x, y in np.concatenate([upper, lower])], ink)
    canvas.polygon(at((-0.5, 0), (-0.98, -0.48), (-0.84, 0), (-0.98, 0.48)), ink)
    canvas.polygon(at((-0.1, -tall * 0.8), (0.2, -tall - 0.28), (0.4, -tall * 0.8)), ink)
    canvas.disc(*at((0.6, -0.1)), 0.09, ground)
    canvas.line([(flip * x, y) for x, y in ellipse_points((0.62, 0), (0.34, tall * 0.8), 0, 2.4, 3.9, 10)], ground, 0.06)


def duck(canvas, rng, ink, ground):
    """A duck that swims, or walks with a duckling."""
    flip, chick = rng.choice([-1, 1]), rng.random() < 0.4
    def bird(x0, y0, size):
        at = lambda *points: [(flip * (x0 + size * x), y0 + size * y) for x, y in points]
        canvas.polygon(at((-0.95, -0.2), (-0.55, 0.02), (0.1, -0.1), (0.6, 0.0), (0.66, 0.3), (0.4, 0.62), (-0.3, 0.66), (-0.72, 0.35)),
                       ink)
        canvas.line(at((0.4, 0.15), (0.36, -0.4)), ink, size * 0.3)
        canvas.disc(*at((0.42, -0.56)), size * 0.27, ink)
        canvas.polygon(at((0.6, -0.66), (0.98, -0.5), (0.6, -0.4)), ink)
        canvas.disc(*at((0.5, -0.62)), size * 0.06, ground)
        canvas.line(at((-0.4, 0.2), (-0.1, 0.36), (0.22, 0.22)), ground, size * 0.07)
    if chick:
        bird(0.2, 0.1, 0.78)
        bird(-0.75, 0.5, 0.3)
    else:
        bird(0, 0.05, 0.98)
    if rng.random() < 0.4:
        xs = np.linspace(-0.95, 0.95, 24)
        canvas.line(np.column_stack([xs, 0.85 + 0.05 * np.sin(xs * 12)]), ink, 0.09)


speed_30, speed_50, speed_80 = (_text(text, 0.72, 0.16) for text in ("30", "50", "80"))
arrow_right, arrow_left, arrow_straight = _arrow(0), _arrow(180), _arrow(-90)
parking, hospital = letter("P"), letter("H")
