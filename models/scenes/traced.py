"""A canvas that remembers who owns which pixel, so that boxes are those of what is really seen."""

import cv2
import numpy as np

from canvas import Canvas, ellipse_points


class TracedCanvas(Canvas):
    """A canvas with a map of owners: the shapes drawn while `owner` is k (0..255) take their pixels for k.

    The paper is larger than the picture by `margin` finished pixels on every side, so that what lies beyond the frame still
    counts when the visible share of an object is taken. Coordinates are those of the picture.
    """

    def __init__(self, picture, margin, over=2):
        height, width = picture.shape[:2]
        self.width, self.height, self.over = width + 2 * margin, height + 2 * margin, over
        self.margin, self.owner, self.ink = margin, 0, None
        self.pixels = np.zeros((self.height * over, self.width * over, 3), np.uint8)
        grown = cv2.resize(picture, None, fx=over, fy=over, interpolation=cv2.INTER_LINEAR)
        edge = margin * over
        self.pixels[edge:-edge, edge:-edge] = grown
        self.owners = np.zeros(self.pixels.shape[:2], np.uint8)
        self.draw_in(np.eye(3))

    def _fixed(self, points):
        points = np.asarray(points, np.float64).reshape(-1, 2) @ self.transform[:2, :2].T + self.transform[:2, 2]
        return np.round(((points + self.margin) * self.over - 0.5) * 16).astype(np.int32)

    def polygon(self, points, colour):
        fixed = [self._fixed(points)]
        cv2.fillPoly(self.pixels, fixed, colour, cv2.LINE_AA, 4)
        cv2.fillPoly(self.owners, fixed, self.owner, cv2.LINE_8, 4)

    def line(self, points, colour, width, closed=False):
        fixed, thick = [self._fixed(points)], self._thick(width)
        cv2.polylines(self.pixels, fixed, closed, colour, thick, cv2.LINE_AA, 4)
        cv2.polylines(self.owners, fixed, closed, self.owner, thick, cv2.LINE_8, 4)

    def shape(self, points, colour):
        """A filled outline, with a line around it where the drawer uses ink."""
        self.polygon(points, colour)
        if self.ink is not None and self.unit * self.over > 20:
            self.line(points, self.ink, self.ink_width, closed=True)

    def oval(self, centre, radii, colour, angle=0.0):
        """A filled ellipse, inked where the drawer uses ink."""
        self.shape(ellipse_points(centre, radii, angle, count=28), colour)

    def limb(self, points, colour, width):
        """A thick line with round ends, inked where the drawer uses ink."""
        if self.ink is not None and self.unit * self.over > 20:
            self.line(points, self.ink, width + 2 * self.ink_width)
        self.line(points, colour, width)

    def draw_in(self, transform, unit_ink=0.008):
        """Sets the coordinates of the next shapes; unit_ink is the width of ink lines in them."""
        self.use(transform)
        self.ink_width = unit_ink

    def seen(self):
        """The owners inside the frame."""
        edge = self.margin * self.over
        return self.owners[edge:-edge, edge:-edge]

    def counts(self):
        """How many pixels each owner has on the whole paper, 256 numbers."""
        return histogram(self.owners)

    def finish(self):
        edge = self.margin * self.over
        inner = self.pixels[edge:-edge, edge:-edge]
        return cv2.resize(inner, None, fx=1 / self.over, fy=1 / self.over, interpolation=cv2.INTER_AREA)


def histogram(values):
    """How often each of 0..255 is there; many times faster than numpy's bincount, exact below 2^24."""
    return cv2.calcHist([values], [0], None, [256], [0, 256]).ravel().astype(np.int64)


def placed(x, y, scale=1.0, turn=0.0, mirror=False):
    """The matrix that draws a unit figure at (x, y): first mirrored, then scaled, then turned by radians, then moved."""
    cosine, sine = np.cos(turn) * scale, np.sin(turn) * scale
    flip = -1.0 if mirror else 1.0
    return np.array([(cosine * flip, -sine, x), (sine * flip, cosine, y), (0, 0, 1)])
