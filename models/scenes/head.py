"""A cartoon head: hair, hat, ears, and a face with eyes, nose and mouth whose places are known exactly.

The head's own unit is the half height of the face; its origin the face's middle, x to the right of the picture, y down.
"""

import numpy as np

from canvas import ellipse_points
from traced import placed

SKINS = [(255, 224, 196), (244, 205, 170), (232, 184, 140), (206, 150, 105), (168, 112, 74), (120, 76, 48), (84, 54, 38)]
HAIRS = [(30, 24, 22), (62, 40, 26), (110, 70, 38), (168, 118, 60), (222, 188, 110), (178, 74, 34), (150, 150, 150), (225, 225, 225)]
HATS = ["cap", "beanie", "straw", "top"]
STYLES = ["bald", "short", "fringe", "bun", "afro", "long", "tails", "spiky"]


def shaded(colour, factor):
    """The colour made darker (factor < 1) or lighter."""
    return tuple(int(np.clip(c * factor, 0, 255)) for c in colour)


def make_head(rng):
    """The traits of a head, drawn once for a person."""
    def chance(p):
        return bool(rng.random() < p)

    return {
        "skin": shaded(SKINS[rng.integers(len(SKINS))], rng.uniform(0.92, 1.05)),
        "hair": HAIRS[rng.integers(len(HAIRS))] if chance(0.93) else tuple(int(c) for c in rng.integers(60, 240, 3)),
        "style": STYLES[rng.integers(len(STYLES))], "hat": HATS[rng.integers(len(HATS))] if chance(0.28) else None,
        "cloth": tuple(int(c) for c in rng.integers(20, 240, 3)), "round": rng.uniform(0.78, 0.95),
        "glasses": chance(0.2), "dark_glasses": chance(0.25), "beard": chance(0.13), "moustache": chance(0.08),
        "blush": chance(0.35), "eyes": rng.choice(["dot", "white", "white", "closed"]), "mouth": rng.choice(["smile", "open", "flat", "smile"]),
        "look": rng.uniform(-1, 1, 2), "yaw": float(np.clip(rng.normal(0, 0.32), -0.75, 0.75)), "away": chance(0.1),
        "brow": rng.uniform(-0.12, 0.12), "nose": rng.uniform(0.8, 1.3),
    }


def hair_behind(c, h):
    """What hangs behind the head and the shoulders."""
    hair, r = h["hair"], h["round"]
    if h["style"] == "long":
        c.shape([(-r - 0.18, -0.3), (-r - 0.3, 1.5), (r + 0.3, 1.5), (r + 0.18, -0.3), (0.5, -1.1), (-0.5, -1.1)], hair)
    elif h["style"] == "tails":
        for side in (-1, 1):
            c.oval((side * (r + 0.4), 0.35), (0.3, 0.72), hair, -side * 0.25)
    elif h["style"] == "bun" and not h["hat"]:
        c.oval((0, -1.3), (0.42, 0.38), hair)
    elif h["style"] == "afro":
        c.oval((0, -0.35), (r + 0.5, 1.15), hair)


def scalp(c, h, bottom):
    """The cap of hair: the upper part of the head down to the line y = bottom at the temples."""
    r = h["round"] + 0.07
    arc = ellipse_points((0, 0), (r, 1.09), 0, np.pi, 2 * np.pi, 18)
    return np.concatenate([[(-r, bottom)], arc, [(r, bottom)]])


def hair_above(c, h):
    """What covers the forehead."""
    hair, shift = h["hair"], h["yaw"] * 0.4
    if h["style"] == "bald":
        return
    outline = scalp(c, h, 0.05)
    if h["style"] == "fringe":
        edge = [(0.7, -0.35), (0.35, -0.28), (0, -0.38), (-0.35, -0.28), (-0.7, -0.35)]
    elif h["style"] == "spiky":
        edge = [(0.7, -0.5), (0.45, -0.38), (0.25, -0.62), (0, -0.36), (-0.25, -0.62), (-0.5, -0.38), (-0.7, -0.5)]
    else:
        edge = [(0.66, -0.45), (0.3 + shift, -0.68), (-0.2 + shift, -0.6), (-0.66, -0.4)]
    c.shape(np.concatenate([outline, edge]), hair)
    if h["style"] == "spiky" and not h["hat"]:
        for x in (-0.6, -0.25, 0.1, 0.45):
            c.polygon([(x - 0.2, -0.85), (x, -1.4), (x + 0.25, -0.85)], hair)


def hat(c, h):
    """A hat that sits above the brows."""
    cloth, dark, r = h["cloth"], shaded(h["cloth"], 0.7), h["round"]
    dome = np.concatenate([[(-r - 0.08, -0.45)], ellipse_points((0, -0.45), (r + 0.08, 0.8), 0, np.pi, 2 * np.pi, 16), [(r + 0.08, -0.45)]])
    if h["hat"] == "cap":
        c.shape(dome, cloth)
        c.oval((h["yaw"] * 0.8, -0.45), (r + 0.1, 0.15), dark)
    elif h["hat"] == "beanie":
        c.shape(dome, cloth)
        c.shape([(-r - 0.12, -0.65), (r + 0.12, -0.65), (r + 0.12, -0.38), (-r - 0.12, -0.38)], dark)
        c.oval((0, -1.32), (0.2, 0.2), (240, 240, 240))
    elif h["hat"] == "straw":
        c.oval((0, -0.5), (r + 0.75, 0.22), shaded((225, 190, 120), 0.85))
        c.shape(dome * (0.85, 0.85), (225, 190, 120))
        c.line([(-r * 0.85, -0.55), (r * 0.85, -0.55)], cloth, 0.14)
    else:
        c.shape([(-0.7, -0.5), (-0.75, -1.7), (0.75, -1.7), (0.7, -0.5)], shaded(cloth, 0.5))
        c.oval((0, -0.5), (r + 0.4, 0.14), shaded(cloth, 0.5))


def landmark_points(h):
    """Left eye, right eye, nose, left and right mouth corner, in the head's unit, as the picture shows them."""
    shift, squeeze = h["yaw"] * 0.5, np.cos(h["yaw"])
    eye, corner = 0.36 * squeeze, 0.3 * squeeze
    return np.array([(shift - eye, -0.12), (shift + eye, -0.12), (shift * 1.25, 0.2), (shift - corner, 0.5), (shift + corner, 0.5)])


def eyes(c, h, left, right):
    dark = (25, 20, 20)
    for x, y in (left, right):
        if h["glasses"] and h["dark_glasses"]:
            c.ellipse((x, y), (0.25, 0.2), (30, 30, 36))
        elif h["eyes"] == "closed":
            c.line(ellipse_points((x, y + 0.06), (0.15, 0.12), 0, np.pi, 2 * np.pi, 8), dark, 0.06)
        elif h["eyes"] == "white":
            c.ellipse((x, y), (0.19, 0.22), (252, 252, 252))
            c.disc((x + 0.07 * h["look"][0], y + 0.07 * h["look"][1]), 0.11, dark)
        else:
            c.ellipse((x, y), (0.1, 0.14), dark)
        c.line([(x - 0.17, y - 0.33 + h["brow"]), (x + 0.17, y - 0.33 - h["brow"])], shaded(h["hair"], 0.8), 0.08)
        if h["glasses"]:
            c.ring((x, y), 0.27, (40, 40, 50), 0.06)
    if h["glasses"]:
        c.line([(left[0] + 0.26, left[1]), (right[0] - 0.26, right[1])], (40, 40, 50), 0.06)


def mouth(c, h, left, right):
    middle, lip = (np.add(left, right) / 2), (150, 50, 50)
    reach = (right[0] - left[0]) / 2
    if h["mouth"] == "open":
        c.polygon(ellipse_points(middle, (reach, 0.26), 0, 0, np.pi, 14), (120, 30, 35))
        c.line([left, right], (250, 250, 250), 0.07)
    elif h["mouth"] == "flat":
        c.line([left, right], lip, 0.07)
    else:
        c.line(ellipse_points(middle, (reach, 0.18), 0, 0, np.pi, 12), lip, 0.07)


def face(c, h):
    """The skin of the face with everything on it. What is drawn here belongs to the face's box."""
    c.oval((0, 0), (h["round"], 1.0), h["skin"])
    left, right, nose, mouth_left, mouth_right = landmark_points(h)
    if h["beard"]:
        c.polygon(np.concatenate([ellipse_points((0, 0), (h["round"], 1.0), 0, 0.1, np.pi - 0.1, 16), [(-0.5, 0.25), (0.5, 0.25)]]),
                  shaded(h["hair"], 0.95))
    if h["blush"]:
        for x, y in (left, right):
            c.disc((x * 1.25, y + 0.42), 0.15, tuple(int(0.75 * a + 0.25 * b) for a, b in zip(h["skin"], (240, 70, 70))))
    eyes(c, h, left, right)
    c.line([(nose[0] - 0.05, nose[1] - 0.18), (nose[0] + 0.09 * np.sign(h["yaw"] + 1e-9), nose[1]), (nose[0] - 0.04, nose[1] + 0.03)],
           shaded(h["skin"], 0.68), 0.07 * h["nose"])
    if h["moustache"]:
        c.line([(mouth_left[0], 0.42), (nose[0], 0.34), (mouth_right[0], 0.42)], h["hair"], 0.13)
    mouth(c, h, mouth_left, mouth_right)


def draw_head(c, h, transform, owner, face_owner):
    """Draws the head; returns the five landmarks in picture pixels, or None for a head seen from behind."""
    c.draw_in(transform, unit_ink=0.06)
    c.owner = owner
    hair_behind(c, h)
    for side in (-1, 1):
        c.oval((side * h["round"] - 0.25 * h["yaw"], 0.08), (0.2, 0.26), h["skin"])
    if h["away"]:
        c.oval((0, 0), (h["round"], 1.0), h["skin"])
        if h["style"] != "bald":
            c.oval((0, -0.12), (h["round"] + 0.07, 1.0), h["hair"])
    else:
        c.owner = face_owner
        face(c, h)
        c.owner = owner
        hair_above(c, h)
    if h["hat"]:
        hat(c, h)
    if h["away"]:
        return None
    return landmark_points(h) @ transform[:2, :2].T + transform[:2, 2]


def head_transform(body, x, y, radius, tilt):
    """The head's coordinates, given the body's."""
    return body @ placed(x, y, radius, tilt)
