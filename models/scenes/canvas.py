"""A canvas to draw antialiased shapes on, in the coordinates of whoever draws.

The canvas keeps `over` times the pixels in each direction and draws with sub-pixel coordinates; `finish` averages them down.
Points are (x, y), x to the right, y down; colours are (red, green, blue) of 0..255.
"""

import cv2
import numpy as np

cv2.setNumThreads(1)

SHIFT = 4  # bits of sub-pixel coordinates handed to OpenCV


def ellipse_points(centre, radii, angle=0.0, start=0.0, end=2 * np.pi, count=40):
    """Points on an ellipse or an arc of it; angles in radians, clockwise on the screen."""
    t = np.linspace(start, end, count)
    x, y = radii[0] * np.cos(t), radii[1] * np.sin(t)
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.column_stack([centre[0] + cosine * x - sine * y, centre[1] + sine * x + cosine * y])


def rounded_box_points(x0, y0, x1, y1, radius, count=6):
    """The outline of a box with round corners."""
    radius = min(radius, (x1 - x0) / 2, (y1 - y0) / 2)
    corners = (((x1 - radius, y0 + radius), -0.5), ((x1 - radius, y1 - radius), 0.0),
               ((x0 + radius, y1 - radius), 0.5), ((x0 + radius, y0 + radius), 1.0))
    return np.concatenate([ellipse_points(centre, (radius, radius), 0, turn * np.pi, (turn + 0.5) * np.pi, count)
                           for centre, turn in corners])


def blob_points(rng, centre, radii, roughness=0.25, count=14):
    """The outline of an irregular blob, such as a leaf mass or a puddle."""
    reach = 1 + roughness * rng.uniform(-1, 1, count)
    t = np.arange(count) * (2 * np.pi / count) + rng.uniform(0, 1)
    return np.column_stack([centre[0] + radii[0] * reach * np.cos(t), centre[1] + radii[1] * reach * np.sin(t)])


class Canvas:
    """A picture under the brush. `transform` (3x3, affine) takes the drawer's coordinates to pixels of the finished picture."""

    def __init__(self, width, height, colour=(0, 0, 0), over=2, transform=None):
        self.width, self.height, self.over = width, height, over
        self.pixels = np.empty((height * over, width * over, len(colour)), np.uint8)
        self.pixels[:] = colour
        self.use(transform)

    @classmethod
    def on(cls, picture, over=2):
        """A canvas that starts as a copy of a picture."""
        canvas = cls.__new__(cls)
        canvas.width, canvas.height, canvas.over = picture.shape[1], picture.shape[0], over
        canvas.pixels = cv2.resize(picture, None, fx=over, fy=over, interpolation=cv2.INTER_LINEAR)
        canvas.use(None)
        return canvas

    def use(self, transform=None):
        """Sets the coordinates in which the next shapes are given; None: pixels of the finished picture."""
        self.transform = np.eye(3) if transform is None else np.asarray(transform, np.float64)
        self.unit = float(np.sqrt(abs(np.linalg.det(self.transform[:2, :2]))))

    def _fixed(self, points):
        points = np.asarray(points, np.float64).reshape(-1, 2) @ self.transform[:2, :2].T + self.transform[:2, 2]
        return np.round((points * self.over - 0.5) * (1 << SHIFT)).astype(np.int32)

    def _thick(self, width):
        return max(1, int(round(width * self.unit * self.over)))

    def polygon(self, points, colour):
        """A filled polygon."""
        cv2.fillPoly(self.pixels, [self._fixed(points)], colour, cv2.LINE_AA, SHIFT)

    def polygons(self, outlines, colour):
        """Filled outlines at once; where an even number overlap there is a hole."""
        cv2.fillPoly(self.pixels, [self._fixed(points) for points in outlines], colour, cv2.LINE_AA, SHIFT)

    def line(self, points, colour, width, closed=False):
        """A polyline of some width with round ends."""
        cv2.polylines(self.pixels, [self._fixed(points)], closed, colour, self._thick(width), cv2.LINE_AA, SHIFT)

    def box(self, x0, y0, x1, y1, colour, radius=0.0):
        """A filled box, with round corners if radius > 0."""
        self.polygon(rounded_box_points(x0, y0, x1, y1, radius) if radius > 0 else [(x0, y0), (x1, y0), (x1, y1), (x0, y1)],
                     colour)

    def block(self, x0, y0, x1, y1, colour):
        """A filled upright box at whole pixels, in pixels of the finished picture: fast, for the many boxes of a wall."""
        x0, y0, x1, y1 = (max(0, round(c * self.over)) for c in (x0, y0, x1, y1))
        self.pixels[y0:y1, x0:x1] = colour

    def disc(self, centre, radius, colour):
        """A filled circle."""
        self.polygon(ellipse_points(centre, (radius, radius)), colour)

    def ellipse(self, centre, radii, colour, angle=0.0):
        """A filled ellipse, turned by angle radians."""
        self.polygon(ellipse_points(centre, radii, angle), colour)

    def ring(self, centre, radius, colour, width, start=0.0, end=2 * np.pi):
        """A circle's line, or an arc of it."""
        self.line(ellipse_points(centre, (radius, radius), 0, start, end), colour, width)

    def finish(self):
        """The picture, averaged down to its own size."""
        return cv2.resize(self.pixels, (self.width, self.height), interpolation=cv2.INTER_AREA)


def over(below, above, cover):
    """Puts a picture over another, where it covers: cover is uint8, height x width, 255 where the upper hides the lower."""
    x, y, width, height = cv2.boundingRect(cover)
    if width == 0:
        return below
    part = (slice(y, y + height), slice(x, x + width))
    weight = cover[part].astype(np.float32) * np.float32(1 / 255)
    result = below.copy()
    result[part] = cv2.blendLinear(np.ascontiguousarray(above[part]), np.ascontiguousarray(below[part]), weight, 1 - weight)
    return result
