#!/usr/bin/env python3
"""Tests the command line by its text.

    transcripts.py QUERN [CASE…]        (default: every cases/*.txt beside this file)

A case holds commands and what they print:

    $ quern inspect models/stripes/stripes_float.onnx
    …stdout, then stderr…
    [exit 0]

Commands run in a scratch folder with models/ linked into it. Times, machine-dependent words and the scratch folder are replaced by fixed ones.
QUERN_BLESS=1 rewrites the cases with what was printed; read the difference before you commit it.
"""
import difflib
import io
import os
import re
import shlex
import struct
import subprocess
import sys
import tarfile
import tempfile
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
REPLACEMENTS = [
    (re.compile(r"\d+\.\d+ ms"), "# ms"),
    (re.compile(r"\d+\.\d s$", re.M), "# s"),
    (re.compile(r"^(search .* )\d+\.\d$", re.M), r"\1#"),
    (re.compile(r'("(?:decode|prepare|infer|finish|infer_median_ms|ms)": )[-0-9.e]+'), r"\1#"),
    (re.compile(r"\((reference|avx2|avxvnni|avx512|avx512vnni|avx512vbmi|amx), \d+ threads?"), "(ISA, N threads"),
    (re.compile(r'("(?:isa|threads|total_ms)": )[^,\n]+'), r"\1#"),
    (re.compile(r'("(?:seconds|sqnr_db|sqnr_db_before|sqnr_db_after|cosine|relative_l2|drop)": )[-0-9.e]+'), r"\1#"),
    (re.compile(r'("sha256": )"[0-9a-f]{64}"'), r"\1#"),
    (re.compile(r"^kernels: .*$", re.M), "kernels: #"),
]

CONFIGURATION = """input_path: "models/stripes/stripes_float.onnx"
output_path: "stripes.joint"
src_input_tensors { color_space: TENSOR_COLOR_SPACE_RGB }
dst_input_tensors: { color_space: TENSOR_COLOR_SPACE_RGB tensor_layout:NATIVE }
neuwizard_conf {
  operator_conf { input_conf_items { attributes { input_modifications { affine_preprocess { slope: 1 slope_divisor: 255 } } } } }
  dataset_conf_calibration { path: "models/stripes/pictures" size: 4 observer_method: OBSVR_METHOD_MIN_MAX }
  evaluation_conf { score_compare_per_layer: true }
}
"""


def commands(text):
    """The commands of a case, in order."""
    return [line[2:] for line in text.splitlines() if line.startswith("$ ")]


def comment(text):
    """The lines before the first command: what the case is about."""
    return text[: text.index("$ ")] if "$ " in text else ""


def run(command, quern, folder):
    words = shlex.split(command)
    if words[0] != "quern":
        raise ValueError(f"not a quern command: {command}")
    done = subprocess.run([quern, *words[1:]], cwd=folder, capture_output=True, text=True, timeout=60, env={**os.environ, "NO_COLOR": "1"})
    out = (done.stdout + done.stderr).replace(str(folder), "SCRATCH")
    for pattern, word in REPLACEMENTS:
        out = pattern.sub(word, out)
    return out if not out or out.endswith("\n") else out + "\n", done.returncode


def png_header(width, height):
    """A PNG whose header promises more than its few bytes hold."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def npy(descr, shape, item_bytes):
    """Zeros in numpy's file form."""
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    count = 1
    for extent in shape:
        count *= extent
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + bytes(count * item_bytes)


def pack(path, pictures, broken):
    """A tar of pictures and one entry that is none."""
    with tarfile.open(path, "w") as tar:
        for number, picture in enumerate(pictures):
            tar.add(picture, f"{number:02d}.jpg")
        entry = tarfile.TarInfo("99.jpg")
        entry.size = len(broken)
        tar.addfile(entry, io.BytesIO(broken))


def transcript(text, quern):
    with tempfile.TemporaryDirectory(prefix="quern-cli-") as scratch:
        folder = Path(scratch)
        (folder / "models").symlink_to(ROOT / "models")
        (folder / "not_a_picture.png").write_bytes(b"this is no picture")
        (folder / "not_a_model.onnx").write_bytes(b"hello\n")
        (folder / "hundred_megapixels.png").write_bytes(png_header(10000, 10000))
        (folder / "doubles.npy").write_bytes(npy("<f8", (1, 3, 64, 64), 8))
        (folder / "stripes.json").write_text('{"task":"classify","preprocess":"mean=0 std=255","labels":["horizontal","vertical","rising","falling","plain"]}')
        (folder / "slip.json").write_text('{"task":"classify","lables":["a"]}')
        names = ["horizontal", "vertical", "rising", "falling", "plain"]
        shown = {p.name: names.index(p.stem.split("_")[1]) for p in (ROOT / "models/stripes/pictures").iterdir()}
        (folder / "truth.txt").write_text("".join(f"{file} {index} {names[index]}\n" for file, index in sorted(shown.items())))
        (folder / "mistaken.txt").write_text("3_rising.jpg 4 plain\n./5_plain.jpg 4 plain\npictures/6_rising.jpg 2 climbing\n")
        (folder / "wrong.txt").write_text("1_horizontal.jpg 1\n7_absent.jpg 0\n")
        (folder / "boxes.json").write_text('{"images":[{"id":1,"file_name":"1_horizontal.jpg"}],"categories":[{"id":1,"name":"unicorn"}],"annotations":[]}')
        (folder / "stripes.prototxt").write_text(CONFIGURATION)
        (folder / "slip.prototxt").write_text(CONFIGURATION.replace("size:", "sise:"))
        wide = "operator_conf { operator_conf_items { selector { op_name: \"%s\" } attributes { input_feature_type: UINT16 } }"
        (folder / "wide.prototxt").write_text(CONFIGURATION.replace("operator_conf {", wide % "blur"))
        (folder / "wide_nowhere.prototxt").write_text(CONFIGURATION.replace("operator_conf {", wide % "nowhere"))
        (folder / "wrong_table.txt").write_text("value nowhere int8 0.1 0\n")
        (folder / "empty").mkdir()
        pictures = sorted((ROOT / "models/stripes/pictures").iterdir())
        pack(folder / "one_broken.tar", pictures + pictures, b"\xff\xd8\xff\xe0 cut short")
        pack(folder / "half_broken.tar", pictures[:1], b"\xff\xd8\xff\xe0 cut short")
        (folder / "small.npy").write_bytes(npy("<f4", (1, 3, 32, 32), 4))
        (folder / "recipe.json").write_text('{"rules": [{"kind": "Conv", "weights": "per-tensor"}]}')
        (folder / "slip_recipe.json").write_text('{"rules": [{"kind": "Cnov", "weights": "per-tensor"}]}')
        lines = [comment(text)]
        for command in commands(text):
            out, status = run(command, quern, folder)
            lines.append(f"$ {command}\n{out}[exit {status}]\n\n")
        leftovers = sorted(p.name for p in folder.rglob("*.tmp-*"))
        lines += [f"left behind: {name}\n" for name in leftovers]
    return "".join(lines).rstrip("\n") + "\n"


def main():
    quern = str(Path(sys.argv[1]).resolve())
    cases = [Path(a) for a in sys.argv[2:]] or sorted((HERE / "cases").glob("*.txt"))
    failed = 0
    for case in cases:
        expected = case.read_text()
        got = transcript(expected, quern)
        if got == expected:
            continue
        if os.environ.get("QUERN_BLESS"):
            case.write_text(got)
            continue
        failed += 1
        sys.stdout.writelines(difflib.unified_diff(expected.splitlines(True), got.splitlines(True), f"{case.name} (expected)", f"{case.name} (printed)"))
    print(f"transcripts: {len(cases) - failed} passed, {failed} failed")
    return 1 if failed or not cases else 0


sys.exit(main())
