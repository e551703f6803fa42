"""The camera every drawn picture goes through: viewpoint, light, lens, sensor, file.

A picture is a uint8 array of height x width x 3, RGB. Every function takes a numpy Generator first and uses nothing else that is
random, so one seed gives one picture. `strength` runs from 0 (a studio) to 1 (a bad phone in bad weather); the sizes of blur are
in pixels of a 128-pixel picture and grow with the picture.
"""

from dataclasses import dataclass

import cv2
import numpy as np

cv2.setNumThreads(1)


@dataclass(frozen=True)
class Warp:
    """A perspective map from source pixels to target pixels: (x, y, 1) goes to matrix @ (x, y, 1), divided by its third number."""

    matrix: np.ndarray

    def points(self, points):
        """Maps an array of n x 2 points; returns n x 2 float64."""
        points = np.asarray(points, np.float64).reshape(-1, 2)
        mapped = np.column_stack([points, np.ones(len(points))]) @ self.matrix.T
        return mapped[:, :2] / mapped[:, 2:]

    def box(self, box):
        """The upright box (x0, y0, x1, y1) around the mapped corners of a box."""
        x0, y0, x1, y1 = box
        corners = self.points([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
        return (*corners.min(axis=0), *corners.max(axis=0))

    def picture(self, picture, width, height, border=cv2.BORDER_REFLECT_101):
        """The source picture as seen on a target of width x height. Bilinear: draw the source larger than it is shown."""
        return cv2.warpPerspective(picture, self.matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=border)

    def then(self, other):
        """This map followed by another."""
        return Warp(other.matrix @ self.matrix)


def warp_of_corners(source, target):
    """The warp that takes four source points to four target points (n x 2, same order)."""
    return Warp(cv2.getPerspectiveTransform(np.float32(source), np.float32(target)).astype(np.float64))


def viewpoint(rng, width, height, turn=0.15, tilt=0.12, zoom=(0.9, 1.1), shift=0.05):
    """A random view of a flat scene of width x height, kept about its centre.

    turn is the largest roll in radians, tilt the largest push of a corner as a part of the size, zoom the range of scales, shift
    the largest move as a part of the size.
    """
    corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    angle = rng.uniform(-turn, turn)
    cosine, sine = np.cos(angle), np.sin(angle)
    moved = corners + rng.uniform(-tilt, tilt, (4, 2))
    moved = moved @ np.array([(cosine, sine), (-sine, cosine)]) * rng.uniform(*zoom) + rng.uniform(-shift, shift, 2)
    size = np.array([width, height])
    return warp_of_corners((corners + 0.5) * size, (moved + 0.5) * size)


def shade_map(rng, width, height, strength):
    """A float32 map of light: a slope across the picture and, sometimes, the soft or hard edge of a shadow."""
    down, across = np.linspace(-1, 1, height, dtype=np.float32), np.linspace(-1, 1, width, dtype=np.float32)
    slope = rng.uniform(-0.3, 0.3, 2) * strength
    light = 1 + np.float32(slope[0]) * down[:, None] + np.float32(slope[1]) * across[None, :]
    if rng.random() < 0.3 * strength:
        angle, offset = rng.uniform(0, 2 * np.pi), rng.uniform(-0.6, 0.6)
        softness = rng.uniform(0.02, 0.3)
        side = np.float32(np.sin(angle)) * down[:, None] + np.float32(np.cos(angle)) * across[None, :] - np.float32(offset)
        light *= 1 - np.float32(rng.uniform(0.25, 0.6)) * np.clip(side / np.float32(softness) + 0.5, 0, 1)
    return light


def relight(rng, picture, strength=1.0):
    """Gain, gamma, colour cast, haze, a slope of light and shadows."""
    height, width = picture.shape[:2]
    gamma = np.exp(rng.uniform(-0.45, 0.45) * strength)
    table = (np.linspace(0, 1, 256) ** gamma).astype(np.float32)
    value = table[picture]
    gain = np.exp(rng.uniform(-0.7, 0.35) * strength)
    cast = np.exp(rng.normal(0, 0.09, 3) * strength) * gain
    value *= cast.astype(np.float32)
    value *= shade_map(rng, width, height, strength)[:, :, None]
    if rng.random() < 0.25 * strength:
        haze = rng.uniform(0.1, 0.45)
        value *= np.float32(1 - haze)
        value += np.float32(haze * rng.uniform(0.6, 0.9))
    return np.clip(value * 255, 0, 255).astype(np.uint8)


def defocus(rng, picture, strength=1.0):
    """A lens out of focus: Gaussian, sigma up to 1.6 pixels per 128."""
    sigma = rng.uniform(0.2, 1.6) * strength * min(picture.shape[:2]) / 128
    return cv2.GaussianBlur(picture, (0, 0), max(sigma, 0.05))


def motion_blur(rng, picture, strength=1.0):
    """A moving camera: a straight streak up to 7 pixels per 128 long, in any direction."""
    length = max(1.0, rng.uniform(2, 7) * strength * min(picture.shape[:2]) / 128)
    size = int(np.ceil(length)) | 1
    angle = rng.uniform(0, np.pi)
    middle, reach = size / 2 - 0.5, (length - 1) / 2
    ends = np.array([(middle - reach * np.cos(angle), middle - reach * np.sin(angle)),
                     (middle + reach * np.cos(angle), middle + reach * np.sin(angle))])
    kernel = np.zeros((size, size), np.uint8)
    first, last = np.round(ends * 16).astype(int)
    cv2.line(kernel, tuple(map(int, first)), tuple(map(int, last)), 255, 1, cv2.LINE_AA, 4)
    kernel[size // 2, size // 2] = 255
    return cv2.filter2D(picture, -1, kernel.astype(np.float32) / kernel.sum())


def sensor_noise(rng, picture, strength=1.0):
    """Read noise plus shot noise: variance = read^2 + shot * value, in steps of 255; sometimes coloured blotches as well."""
    height, width = picture.shape[:2]
    read, shot = rng.uniform(0, 8) * strength, rng.uniform(0, 1.2) * strength
    value = picture.astype(np.float32)
    sigma = np.sqrt(np.float32(read * read) + np.float32(shot) * np.arange(256, dtype=np.float32))[picture]
    value += sigma * rng.standard_normal(picture.shape, np.float32)
    if rng.random() < 0.3 * strength:
        blotch = rng.standard_normal((max(2, height // 6), max(2, width // 6), 3), np.float32) * np.float32(rng.uniform(2, 8))
        value += cv2.resize(blotch, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.clip(value + 0.5, 0, 255).astype(np.uint8)


def low_resolution(rng, picture, strength=1.0):
    """A sensor with too few pixels: shrunk up to 2.2 times and grown again."""
    height, width = picture.shape[:2]
    factor = 1 + rng.uniform(0, 1.2) * strength
    small = cv2.resize(picture, (max(8, round(width / factor)), max(8, round(height / factor))), interpolation=cv2.INTER_AREA)
    grow = cv2.INTER_LINEAR if rng.random() < 0.5 else cv2.INTER_CUBIC
    return cv2.resize(small, (width, height), interpolation=grow)


def jpeg_damage(rng, picture, strength=1.0):
    """Saved by somebody careless: JPEG of quality 95 down to 20."""
    quality = int(95 - rng.uniform(0, 75) * strength)
    done, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


# In the order of the light's way: each stage with the probability of being met at strength 1.
STAGES = (
    (relight, 0.95),
    (low_resolution, 0.3),
    (defocus, 0.45),
    (motion_blur, 0.25),
    (sensor_noise, 0.75),
    (jpeg_damage, 0.5),
)


def shoot(rng, picture, strength=1.0):
    """The whole way from the scene to the file, every stage by chance."""
    for stage, probability in STAGES:
        if rng.random() < probability * min(1.0, 0.4 + 0.6 * strength):
            picture = stage(rng, picture, strength)
    return picture
