"""Reading and writing config/targets/*.json from Python. docs/npu_targets.md is the schema."""
import json
import os
from pathlib import Path

from npu_estimate import Rules

ROOT = Path(__file__).resolve().parent.parent
TARGETS = ROOT / "config/targets"
WIDTH = 120
SHARED = {"macs_per_cycle.int8", "macs_per_cycle.int16", "depthwise_gmac_per_s", "vector_gb_per_s", "dma.gb_per_s", "scratch.bytes"}


def lines_of(value, indent=0):
    """JSON with one item a line where a line would be too long, and short objects and lists in one line."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or not value or (len(flat) + indent <= WIDTH and indent > 0):
        return flat
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        items = [f"{pad}{json.dumps(k)}: {lines_of(v, indent + 2)}" for k, v in value.items()]
        return "{\n" + ",\n".join(items) + "\n" + " " * indent + "}"
    return "[\n" + ",\n".join(pad + lines_of(v, indent + 2) for v in value) + "\n" + " " * indent + "]"


def replace_file(path, text):
    half = Path(f"{path}.tmp")
    half.write_text(text)
    os.replace(half, path)


def write(path, profile):
    replace_file(path, lines_of(profile) + "\n")


def load(name):
    return json.loads((TARGETS / f"{name}.json").read_text())


def get(profile, figure):
    value = profile
    for word in figure.split("."):
        value = value[word]
    return value


def put(profile, figure, value):
    *outer, last = figure.split(".")
    for word in outer:
        profile = profile[word]
    profile[last] = value


def mode_of(profile, mode):
    return next(m for m in profile["modes"] if m["id"] == mode)


def figure_in(profile, mode, figure):
    """A figure of a mode: what the mode states, or the profile's with the mode's share."""
    row = mode_of(profile, mode)
    if figure in row.get("figures", {}):
        return row["figures"][figure]
    value = get(profile, figure)
    if figure not in SHARED or row.get("share", 1) == 1:
        return value
    shared = value * row["share"]
    return int(shared + 0.5) if isinstance(value, int) else shared


def set_figure(profile, mode, figure, value):
    """Writes a figure of a mode where it is stated; through the mode's share when the profile states it for all."""
    row = mode_of(profile, mode)
    if figure in row.get("figures", {}):
        row["figures"][figure] = value
    else:
        put(profile, figure, value / row.get("share", 1) if figure in SHARED else value)


def rules_of(profile, mode):
    def figure(name):
        return figure_in(profile, mode, name)
    peak = figure("clock_mhz") * 1e6 * figure("macs_per_cycle.int8")
    rules = profile["rules"]
    return Rules(figure("granule.channels_in"), figure("granule.channels_out"), figure("scratch.bytes"), peak,
                 figure("dma.latency_us"), figure("overhead.run_us"), profile["overhead"]["counted"] == "level",
                 rules["fold_kernel_row"], rules["fuse_add"], frozenset(rules["lookup_pass"]))
