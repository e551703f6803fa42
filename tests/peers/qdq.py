#!/usr/bin/env python3
"""Holds Quern's integers against ONNX Runtime's on Q/DQ models, with ONNX Runtime's exact 8-bit kernels.

    qdq.py QUERN MODEL.onnx…        (needs numpy and onnxruntime; run it with an interpreter that has them)

On processors without VNNI, ONNX Runtime multiplies uint8 by int8 through pmaddubsw, which saturates pairs at 16 bits, unless it is asked
for precision by session.x64quantprecision=1. That is what this compares with: a cosine of at least 0.99999 for every output.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime

SEED, LEAST_COSINE = 31, 0.99999


def peer(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.x64quantprecision", "1")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def feeds_of(session):
    rng = np.random.default_rng(SEED)
    return {i.name: rng.uniform(0, 1, [d if isinstance(d, int) else 1 for d in i.shape]).astype(np.float32) for i in session.get_inputs()}


def quern_outputs(quern, path, feeds, names):
    with tempfile.TemporaryDirectory(prefix="quern-peers-") as scratch:
        words = [quern, "run", str(path), "--output-dir", f"{scratch}/out", "-q"]
        for i, (name, array) in enumerate(feeds.items()):
            np.save(f"{scratch}/in{i}.npy", array)
            words += ["--input", f"{name}={scratch}/in{i}.npy"]
        subprocess.run(words, check=True)
        return [np.load(f"{scratch}/out/{name}.npy") for name in names]


def cosine(a, b):
    a, b = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def main():
    quern, failed = sys.argv[1], 0
    for path in map(Path, sys.argv[2:]):
        session = peer(path)
        names = [o.name for o in session.get_outputs()]
        feeds = feeds_of(session)
        for name, theirs, ours in zip(names, session.run(None, feeds), quern_outputs(quern, path, feeds, names)):
            c = cosine(theirs, ours)
            failed += c < LEAST_COSINE
            print(f"{'ok    ' if c >= LEAST_COSINE else 'FAILED'} {path.name} {name}: cosine {c:.7f}, {100 * float((theirs == ours).mean()):.2f} % equal")
    print(f"qdq: {'no failure' if failed == 0 else f'{failed} failed'}")
    return 1 if failed else 0


sys.exit(main())
