#!/usr/bin/env python3
"""Holds the full-integer TFLite files that Quern makes of float models against the int8 files their vendors made of the same ones.

    vendor_pairs.py QUERN ASSETS [NAME…]        (needs numpy, Pillow and ai-edge-litert)

Every pair of a float model and its vendor's int8 file that the assets hold: both int8 files are run by LiteRT's reference kernels on pictures that
Quern's calibration has not seen, and compared with the float model, run by LiteRT too: SQNR in dB an output, over all pictures. Ours must be at
least the vendor's in the mean over outputs. Calibration: calib_coco20 and the tiny_* pictures of calib_imagenet_mlperf20; judged on its test_*
pictures and on images_face, images_classify and misc's two persons, each whole and as its left and right half. What the vendors calibrated with is
theirs to know. Extra options for `quern quantize` may be given in QUANTIZE_OPTIONS.
"""
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from PIL import Image

# Float file, vendor's file, and the real numbers of a byte b: (b - mean) / std, in the range of the vendor's input.
PAIRS = {
    "vww96": ("misc/mlperf_tiny_vww96_fp32.tflite", "misc/mlperf_tiny_vww96_int8.tflite", 0.0, 255.0),
    "resnet8": ("misc/mlperf_tiny_resnet8_cifar10_fp32.tflite", "misc/mlperf_tiny_resnet8_cifar10_int8.tflite", 0.0, 1.0),
    "blazeface": ("face/blazeface_front_fp32.tflite", "face/blazeface_front_int8.tflite", 127.5, 127.5),
    "yunet": ("face/yunet_120x160_float32.tflite", "face/yunet_120x160_full_integer_quant.tflite", 0.0, 255.0),
}
CALIBRATE = ["calib_coco20/*.jpg", "calib_imagenet_mlperf20/tiny_*.jpeg"]
JUDGE = ["calib_imagenet_mlperf20/test_*.jpeg", "images_face/*", "images_classify/*", "misc/*person_96.bmp"]
SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp"}


def pictures(assets, patterns):
    return [Image.open(path).convert("RGB") for pattern in patterns for path in sorted(assets.glob(pattern)) if path.suffix in SUFFIXES]


def parts(picture):
    w, h = picture.size
    return [picture, picture.crop((0, 0, w // 2, h)), picture.crop((w - w // 2, 0, w, h))]


class Model:
    def __init__(self, path):
        self.it = Interpreter(str(path), num_threads=2, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
        self.it.allocate_tensors()
        self.input = self.it.get_input_details()[0]

    def run(self, real):
        """Outputs as real numbers, by shape."""
        scale, zero = self.input["quantization"]
        dtype = self.input["dtype"]
        if scale:
            info = np.iinfo(dtype)
            real = np.clip(np.rint(real / np.float32(scale)) + zero, info.min, info.max)
        self.it.set_tensor(self.input["index"], real.astype(dtype))
        self.it.invoke()
        return {tuple(d["shape"]): self.real(d) for d in self.it.get_output_details()}

    def real(self, detail):
        scale, zero = detail["quantization"]
        stored = self.it.get_tensor(detail["index"]).astype(np.float64)
        return (stored - zero) * scale if scale else stored


def array(picture, shape, mean, std):
    resized = np.asarray(picture.resize((shape[2], shape[1]), Image.BILINEAR), dtype=np.float32)
    return ((resized - np.float32(mean)) / np.float32(std))[None]


def sqnr(reference, candidate, reals):
    signal, noise = {}, {}
    for real in reals:
        ours, theirs = candidate.run(real), reference.run(real)
        for shape, expected in theirs.items():
            signal[shape] = signal.get(shape, 0) + float((expected ** 2).sum())
            noise[shape] = noise.get(shape, 0) + float(((expected - ours[shape]) ** 2).sum())
    return {shape: 10 * np.log10(signal[shape] / max(noise[shape], 1e-30)) for shape in signal}


def quantized(quern, path, samples, scratch):
    data, out = scratch / "data", scratch / "ours.tflite"
    data.mkdir()
    for i, sample in enumerate(samples):
        np.save(data / f"{i:03}.npy", sample)
    subprocess.run([quern, "quantize", path, "-o", out, "--data", data, *shlex.split(os.environ.get("QUANTIZE_OPTIONS", ""))],
                   check=True, stdout=subprocess.DEVNULL)
    return Model(out)


def check(name, quern, assets):
    floats, ints, mean, std = PAIRS[name]
    reference, vendor = Model(assets / floats), Model(assets / ints)
    shape = reference.input["shape"]
    samples = [array(p, shape, mean, std) for p in pictures(assets, CALIBRATE)]
    reals = [array(part, shape, mean, std) for p in pictures(assets, JUDGE) for part in parts(p)]
    with tempfile.TemporaryDirectory(prefix="quern-pairs-") as scratch:
        ours = quantized(quern, assets / floats, samples, Path(scratch))
        mine, theirs = sqnr(reference, ours, reals), sqnr(reference, vendor, reals)
    for output in mine:
        print(f"{name:<10} {'x'.join(map(str, output)):<12} {len(reals):>3} pictures   vendor {theirs[output]:6.2f} dB   ours {mine[output]:6.2f} dB")
    gain = float(np.mean(list(mine.values())) - np.mean(list(theirs.values())))
    print(f"{'ok    ' if gain >= 0 else 'FAILED'} {name}: {gain:+.2f} dB in the mean over outputs", flush=True)
    return gain < 0


def main():
    quern, assets, names = sys.argv[1], Path(sys.argv[2]), sys.argv[3:] or list(PAIRS)
    failed = sum(check(name, quern, assets) for name in names)
    print(f"vendor_pairs: {'no failure' if failed == 0 else f'{failed} failed'}")
    return 1 if failed else 0


sys.exit(main())
