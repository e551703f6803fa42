"""The plates that carry the symbols: outline, border, paint, and where on the plate the symbol goes.

A plate is drawn into the square -1..1, x right, y down.
"""

from dataclasses import dataclass

import numpy as np

from canvas import ellipse_points, rounded_box_points

RED, BLUE, GREEN = (196, 30, 38), (22, 84, 168), (20, 118, 72)
YELLOW, ORANGE, BROWN = (246, 196, 30), (240, 130, 35), (112, 72, 42)
WHITE, BLACK, GREY = (240, 240, 236), (28, 28, 30), (70, 74, 80)


def _regular(sides, turn, reach):
    return ellipse_points((0, 0), (reach, reach), 0, turn, turn + 2 * np.pi * (sides - 1) / sides, sides)


OUTLINES = {
    "disc": lambda part: ellipse_points((0, 0), (part, part)),
    "octagon": lambda part: _regular(8, np.pi / 8, part * 1.06),
    "diamond": lambda part: [(0, -part), (part, 0), (0, part), (-part, 0)],
    "square": lambda part: rounded_box_points(-0.94 * part, -0.94 * part, 0.94 * part, 0.94 * part, 0.14),
    "upright": lambda part: rounded_box_points(-0.78 * part, -part, 0.78 * part, part, 0.12),
    "up": lambda part: [(0, 0.12 - 1.1 * part), (1.02 * part, 0.12 + 0.68 * part), (-1.02 * part, 0.12 + 0.68 * part)],
    "down": lambda part: [(0, -0.12 + 1.1 * part), (1.02 * part, -0.12 - 0.68 * part), (-1.02 * part, -0.12 - 0.68 * part)],
}

# Where the symbol's square -1..1 goes: half its size and how far down its centre is.
ROOM = {
    "disc": (0.62, 0.0), "octagon": (0.84, 0.0), "diamond": (0.53, 0.0), "square": (0.72, 0.0), "upright": (0.64, 0.0),
    "up": (0.42, 0.26), "down": (0.42, -0.26),
}


@dataclass(frozen=True)
class Plate:
    """A kind of plate: outline, colours of border, ground and ink, the border's width as a part of the half size."""

    outline: str
    ground: tuple
    ink: tuple
    border: tuple | None = None
    border_width: float = 0.0

    def draw(self, canvas, paint):
        """Draws the plate; paint maps a nominal colour to the colour of this copy."""
        outline = OUTLINES[self.outline]
        canvas.polygon(outline(1.0), paint(self.border or self.ground))
        if self.border:
            canvas.polygon(outline(1.0 - self.border_width), paint(self.ground))

    def rim(self):
        """The outer outline."""
        return OUTLINES[self.outline](1.0)


STOP = (Plate("octagon", RED, WHITE, WHITE, 0.07), Plate("octagon", RED, WHITE))
YIELD = (Plate("down", WHITE, RED, RED, 0.36), Plate("down", WHITE, RED, RED, 0.26), Plate("down", YELLOW, RED, RED, 0.32))
NO_ENTRY = (Plate("disc", RED, WHITE), Plate("disc", RED, WHITE, WHITE, 0.07))
SPEED = (Plate("disc", WHITE, BLACK, RED, 0.2), Plate("disc", WHITE, BLACK, RED, 0.14), Plate("disc", YELLOW, BLACK, RED, 0.18),
         Plate("upright", WHITE, BLACK, BLACK, 0.06), Plate("disc", BLACK, YELLOW, RED, 0.16))
ORDER = (Plate("disc", BLUE, WHITE), Plate("disc", BLUE, WHITE, WHITE, 0.07), Plate("square", BLUE, WHITE),
         Plate("diamond", YELLOW, BLACK, BLACK, 0.06), Plate("square", GREEN, WHITE, WHITE, 0.06), Plate("disc", WHITE, BLACK, RED, 0.16))
SQUARES = (Plate("square", BLUE, WHITE), Plate("square", BLUE, WHITE, WHITE, 0.06), Plate("square", GREEN, WHITE, WHITE, 0.05),
           Plate("upright", BLUE, WHITE), Plate("square", WHITE, BLUE, BLUE, 0.08))
WARNING = (Plate("up", WHITE, BLACK, RED, 0.24), Plate("up", YELLOW, BLACK, RED, 0.22), Plate("diamond", YELLOW, BLACK, BLACK, 0.05),
           Plate("diamond", ORANGE, BLACK, BLACK, 0.06), Plate("square", BLUE, WHITE), Plate("disc", WHITE, BLACK, RED, 0.16))
PLACES = (Plate("square", BLUE, WHITE), Plate("square", GREEN, WHITE), Plate("square", BROWN, WHITE, WHITE, 0.05),
          Plate("square", WHITE, BLACK, BLACK, 0.06), Plate("disc", BLUE, WHITE), Plate("square", GREY, YELLOW),
          Plate("diamond", YELLOW, BLACK, BLACK, 0.05))
