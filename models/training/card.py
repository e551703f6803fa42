"""MODEL.md, the card of a model, and task.json, its task record; and the interval of an accuracy."""

import json
import math
from pathlib import Path


def wilson(right, count, z=1.96):
    """The Wilson score interval of a proportion (95 % for z = 1.96), as two parts of 1."""
    part, square = right / count, z * z / count
    middle = (part + square / 2) / (1 + square)
    half = z / (1 + square) * math.sqrt(part * (1 - part) / count + square / (4 * count))
    return middle - half, middle + half


def write_task(path, task, preprocess, labels, **more):
    """The task record: what the outputs mean, how a picture becomes the input, and the classes' names in order."""
    Path(path).write_text(json.dumps({"task": task, "preprocess": preprocess, "labels": list(labels), **more}, indent=2) + "\n")


def write_card(path, title, summary, rows):
    """A card: a title, a paragraph, and a table of (what, value)."""
    lines = [f"# {title}", "", summary, "", "| | |", "|---|---|", *(f"| {what} | {value} |" for what, value in rows), ""]
    Path(path).write_text("\n".join(lines))
