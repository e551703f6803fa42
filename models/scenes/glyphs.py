"""Letters and digits as strokes. A glyph is a list of polylines in a box of x -0.5..0.5 and y -1 (top) .. 1 (bottom)."""

import numpy as np

from canvas import ellipse_points


def _arc(centre, radii, start, end):
    return ellipse_points(centre, radii, 0, np.radians(start), np.radians(end), 20)


STROKES = {
    "0": [_arc((0, 0), (0.5, 1), 0, 360)],
    "3": [np.concatenate([_arc((-0.02, -0.5), (0.46, 0.5), -160, 85), _arc((-0.02, 0.48), (0.52, 0.52), -85, 160)])],
    "5": [np.concatenate([[(0.42, -1), (-0.36, -1), (-0.44, -0.12)], _arc((0, 0.32), (0.5, 0.68), -140, 152)])],
    "8": [_arc((0, -0.5), (0.42, 0.5), 0, 360), _arc((0, 0.48), (0.5, 0.52), 0, 360)],
    "S": [np.concatenate([_arc((0, -0.5), (0.48, 0.5), -25, -265), _arc((0, 0.5), (0.48, 0.5), -85, 155)])],
    "T": [[(-0.55, -1), (0.55, -1)], [(0, -1), (0, 1)]],
    "O": [_arc((0, 0), (0.5, 1), 0, 360)],
    "P": [np.concatenate([[(-0.4, 1), (-0.4, -1)], [(-0.05, -1)], _arc((0, -0.45), (0.5, 0.55), -90, 90), [(-0.4, 0.1)]])],
    "H": [[(-0.45, -1), (-0.45, 1)], [(0.45, -1), (0.45, 1)], [(-0.45, 0), (0.45, 0)]],
}


def write(canvas, text, centre, height, width, gap, thickness, colour):
    """Writes text about a centre. height, width and gap of a glyph and its thickness are in the canvas's own coordinates."""
    step = width + gap
    left = centre[0] - step * (len(text) - 1) / 2
    for place, letter in enumerate(text):
        for stroke in STROKES[letter]:
            points = np.asarray(stroke, np.float64) * (width - thickness, (height - thickness) / 2)
            canvas.line(points + (left + place * step, centre[1]), colour, thickness)
