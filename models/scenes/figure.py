"""A cartoon person: clothes, limbs in a pose, hands, and a head.

The person's unit is the standing height; the origin lies on the ground between the feet, x to the right, y down (so the crown
is at y = -1). Angles of limbs are radians away from straight down, positive away from the body.
"""

from dataclasses import dataclass, field

import numpy as np

from head import draw_head, head_transform, make_head, shaded
from traced import placed

# Pose: range of the upper arm's angle, range of the forearm's.
ARMS = {
    "hang": ((0.05, 0.35), (-0.15, 0.3)), "out": ((0.9, 1.5), (0.9, 1.7)), "wave": ((1.2, 2.1), (2.4, 3.2)),
    "up": ((2.3, 2.8), (2.5, 3.1)), "hip": ((0.7, 0.95), (-1.1, -0.7)), "across": ((0.15, 0.4), (-1.6, -1.0)),
    "chin": ((0.5, 0.9), (-2.9, -2.4)), "forward": ((0.2, 0.6), (0.8, 2.0)),
}
ARM_CHANCES = [0.3, 0.1, 0.14, 0.1, 0.1, 0.1, 0.06, 0.1]
LEGS = ["stand", "stand", "walk", "walk", "sit", "jump"]


@dataclass
class Person:
    """A person placed in the picture. `owner` is the first of four numbers in the canvas's map: body, face, two hands."""

    transform: np.ndarray
    owner: int
    height: float
    head: dict
    landmarks: np.ndarray | None = None
    drawn: dict = field(default_factory=dict)  # owner -> pixels drawn before anything came in front


def paint(rng):
    """A colour of cloth: any, rather saturated."""
    colour = rng.integers(15, 245, 3)
    return tuple(int(c) for c in np.clip(colour + (colour - colour.mean()) * 0.5, 0, 255))


def towards(point, angle, length, side):
    """The end of a limb."""
    return (point[0] + side * np.sin(angle) * length, point[1] + np.cos(angle) * length)


def make_clothes(rng):
    return {"shirt": paint(rng), "second": paint(rng), "trousers": paint(rng), "shoes": shaded(paint(rng), 0.6),
            "pattern": rng.choice(["plain", "plain", "stripes", "dots", "buttons", "sash", "checks"]),
            "sleeve": rng.choice(["long", "short", "none"], p=[0.5, 0.4, 0.1]),
            "lower": rng.choice(["trousers", "shorts", "skirt", "dress"], p=[0.5, 0.2, 0.15, 0.15])}


def hand(c, rng, wrist, angle, side, size, skin, body, owner):
    """A hand at the wrist, pointing along the forearm; open, fist or pointing."""
    turn = np.arctan2(np.cos(angle), side * np.sin(angle))
    c.draw_in(body @ placed(wrist[0], wrist[1], size, turn + rng.uniform(-0.35, 0.35)), unit_ink=0.09)
    c.owner = owner
    kind, thumb = rng.choice(["open", "open", "fist", "point"]), rng.choice([-1, 1])
    fingers = {"open": (-0.42, -0.15, 0.14, 0.4), "fist": (), "point": (0.1 * thumb,)}[kind]
    for y in fingers:
        c.limb([(0.5, y * 0.7), (1.05 - abs(y) * 0.4, y * 1.25)], skin, 0.2)
    c.limb([(0.3, 0.25 * thumb), (0.62, 0.62 * thumb)], skin, 0.22)
    c.oval((0.36, 0), (0.42, 0.38), skin)
    for y in fingers:
        c.line([(0.45, y * 0.7), (0.7, y * 0.95)], skin, 0.17)
    c.line([(0.3, 0.2 * thumb), (0.45, 0.42 * thumb)], skin, 0.18)


def torso_pattern(c, rng, clothes, shoulder, waist, top, bottom):
    """Paints the pattern inside the trapezoid of the torso."""
    second = clothes["second"]

    def half(t):
        return shoulder + (waist - shoulder) * t - 0.004

    if clothes["pattern"] in ("stripes", "checks"):
        count = int(rng.integers(3, 7))
        for k in range(count):
            t0, t1 = (k + 0.25) / count, (k + 0.65) / count
            y0, y1 = top + (bottom - top) * t0, top + (bottom - top) * t1
            c.polygon([(-half(t0), y0), (half(t0), y0), (half(t1), y1), (-half(t1), y1)], second)
    if clothes["pattern"] == "checks":
        for x in (-0.6, -0.1, 0.4):
            c.polygon([(x * waist, top + 0.02), ((x + 0.2) * waist, top + 0.02), ((x + 0.2) * waist, bottom), (x * waist, bottom)],
                      shaded(second, 0.8))
    elif clothes["pattern"] == "dots":
        for k in range(9):
            t = (k // 3 + 0.5) / 3
            c.disc(((k % 3 - 1) * half(t) * 0.62, top + (bottom - top) * t), 0.014, second)
    elif clothes["pattern"] == "buttons":
        c.line([(0, top + 0.02), (0, bottom)], shaded(clothes["shirt"], 0.7), 0.006)
        for t in (0.2, 0.45, 0.7):
            c.disc((0.015, top + (bottom - top) * t), 0.009, second)
    elif clothes["pattern"] == "sash":
        c.polygon([(-half(0), top + 0.01), (-half(0) + 0.05, top + 0.01), (half(1), bottom - 0.03), (half(1) - 0.05, bottom)], second)


def legs(c, rng, kind, clothes, skin, hip_y, hip):
    """Legs and shoes; returns how far the body sinks (sitting)."""
    width = rng.uniform(0.062, 0.085)
    bare = clothes["lower"] in ("skirt", "dress")
    for side in (-1, 1):
        start = (side * hip * 0.55, hip_y)
        angle, bend = {"stand": (rng.uniform(0, 0.14), 0.0), "walk": (rng.uniform(0.15, 0.4), rng.uniform(-0.5, -0.1)),
                       "sit": (rng.uniform(0.5, 0.9), rng.uniform(-0.7, -0.2)), "jump": (rng.uniform(0.5, 1.0), rng.uniform(-1.4, -0.6))}[kind]
        thigh = 0.11 if kind == "sit" else 0.21
        knee = towards(start, angle, thigh, side)
        foot = towards(knee, angle + bend, 0.2, side)
        c.limb([start, knee, foot], skin if bare or clothes["lower"] == "shorts" else clothes["trousers"], width)
        if clothes["lower"] == "shorts":
            c.limb([start, knee], clothes["trousers"], width * 1.15)
        c.oval((foot[0] + side * 0.025, foot[1] + 0.012), (0.055, 0.03), clothes["shoes"])


def skirt(c, clothes, hip_y, waist, flare):
    colour = clothes["shirt"] if clothes["lower"] == "dress" else clothes["trousers"]
    c.shape([(-waist, hip_y - 0.06), (waist, hip_y - 0.06), (waist + flare, hip_y + 0.17), (-waist - flare, hip_y + 0.17)], colour)


def arm(c, rng, person, clothes, side, shoulder, upper, lower, pose):
    """An arm in its pose. Behind the back or in a pocket the hand is not drawn."""
    low, high = ARMS[pose]
    angle, fore = rng.uniform(*low), rng.uniform(*high)
    elbow = towards(shoulder, angle, upper, side)
    wrist = towards(elbow, fore, lower, side)
    skin, body, width = person.head["skin"], person.transform, rng.uniform(0.05, 0.062)
    c.draw_in(body)
    c.owner = person.owner
    c.limb([shoulder, elbow, wrist], skin if clothes["sleeve"] != "long" else clothes["shirt"], width)
    if clothes["sleeve"] == "short":
        c.limb([shoulder, elbow], clothes["shirt"], width * 1.12)
    if not (pose == "hip" and rng.random() < 0.5):
        hand(c, rng, wrist, fore, side, rng.uniform(0.09, 0.115), skin, body, person.owner + (2 if side < 0 else 3))


def draw_person(c, rng, x, y, height, owner, legs_kind=None, turn=0.0):
    """Draws a person of a standing height (pixels) with the feet at (x, y). Returns the Person with landmarks and counts."""
    kind = legs_kind or LEGS[rng.integers(len(LEGS))]
    sink = 0.11 if kind == "sit" else 0.0
    person = Person(placed(x, y + sink * height, height, turn), owner, height, make_head(rng))
    clothes, skin = make_clothes(rng), person.head["skin"]
    radius = rng.uniform(0.1, 0.14)
    shoulder, waist, hip = rng.uniform(0.085, 0.12), rng.uniform(0.065, 0.115), rng.uniform(0.07, 0.1)
    neck_y, hip_y = -1 + 2 * radius + 0.06, -0.43
    c.ink = shaded((50, 40, 45), rng.uniform(0.2, 1)) if rng.random() < 0.5 else None
    c.draw_in(person.transform)
    c.owner = owner
    legs(c, rng, kind, clothes, skin, hip_y, hip)
    c.limb([(0, neck_y + 0.03), (0, neck_y - 0.05)], shaded(skin, 0.88), 0.06)
    top, bottom = neck_y + 0.005, hip_y + 0.035
    c.shape([(-shoulder * 0.5, top - 0.012), (shoulder * 0.5, top - 0.012), (shoulder, top + 0.03), (waist, bottom - 0.1),
             (hip, bottom), (-hip, bottom), (-waist, bottom - 0.1), (-shoulder, top + 0.03)], clothes["shirt"])
    torso_pattern(c, rng, clothes, min(shoulder, waist) * 0.95, min(waist, hip) * 0.95, top + 0.03, bottom)
    if clothes["lower"] in ("skirt", "dress"):
        skirt(c, clothes, hip_y, hip, rng.uniform(0.02, 0.09))
    else:
        c.polygon([(-hip, bottom - 0.03), (hip, bottom - 0.03), (hip * 0.9, bottom + 0.04), (-hip * 0.9, bottom + 0.04)], clothes["trousers"])
    tilt = rng.normal(0, 0.13)
    middle = head_transform(person.transform, 0.02 * np.sin(tilt), neck_y - radius * 1.02, radius, tilt)
    person.landmarks = draw_head(c, person.head, middle, owner, owner + 1)
    poses = rng.choice(list(ARMS), 2, p=ARM_CHANCES)
    for side, pose in zip((-1, 1), poses):
        arm(c, rng, person, clothes, side, (side * (shoulder - 0.015), top + 0.045), rng.uniform(0.15, 0.18), rng.uniform(0.14, 0.17), pose)
    c.ink = None
    counts = c.counts()
    person.drawn = {owner + k: int(counts[owner + k]) for k in range(4)}
    return person
