"""What the train scripts share: data in memory, augmentation, schedule, averaged weights, seeds, export, and the card.

Importing it puts `models/scenes` on the path, so that the generators can be imported by name.
"""

import sys
from pathlib import Path

SCENES = Path(__file__).resolve().parent.parent / "scenes"
if str(SCENES) not in sys.path:
    sys.path.insert(0, str(SCENES))
