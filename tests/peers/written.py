#!/usr/bin/env python3
"""Holds the ONNX files that Quern writes against the ones they were made from, both run by ONNX Runtime.

    written.py REWRITE MODEL.onnx…        (needs numpy, onnx and onnxruntime; REWRITE is the test program of that name)

Each model is read, prepared and written; onnx.checker must accept the file, and ONNX Runtime must give the original's outputs from it with graph
optimizations off and on: floats within 1e-4 of the largest, quantized models at a cosine of at least 0.9999. Quantized kernels are asked for
precision, as in qdq.py. Originals with QLinear operators are compared with optimizations only: without them the written file is computed in
float, whose ties fall otherwise here and there, and a deep network makes much of that.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

SEED, FLOAT_APART, LEAST_COSINE = 31, 1e-4, 0.9999
LEVELS = {"off": onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL, "on": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL}


def session_of(path, level):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.graph_optimization_level = LEVELS[level]
    options.add_session_config_entry("session.x64quantprecision", "1")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def feeds_of(session):
    rng = np.random.default_rng(SEED)
    shapes = {i.name: [d if isinstance(d, int) else 1 for d in i.shape] for i in session.get_inputs()}
    return {name: rng.uniform(0, 1, shape).astype(np.float32) for name, shape in shapes.items()}


def has(model, word):
    return any(word in node.op_type for node in model.graph.node)


def distance(quantized, theirs, ours):
    """What is wrong with ours (0: nothing), and how far it is in words."""
    a, b = theirs.astype(np.float64).ravel(), ours.astype(np.float64).ravel()
    if quantized:
        cosine = float(a @ b / max(np.sqrt((a @ a) * (b @ b)), 1e-30))
        return cosine < LEAST_COSINE, f"cosine {cosine:.7f}, {100 * float((a == b).mean()):.2f} % equal"
    apart = float(np.abs(a - b).max() / max(np.abs(a).max(), 1e-30))
    return apart > FLOAT_APART, f"apart {apart:.1e} of the largest"


def check(rewrite, path, scratch):
    target = Path(scratch) / "written.onnx"
    subprocess.run([rewrite, str(path), str(target)], check=True)
    onnx.checker.check_model(str(target), full_check=True)
    model = onnx.load(str(path))
    quantized, failed = has(model, "QuantizeLinear") or has(model, "QLinear"), 0
    for level in ["on"] if has(model, "QLinear") else LEVELS:
        original = session_of(path, level)
        session, feeds = session_of(target, level), feeds_of(original)
        names = [o.name for o in original.get_outputs()]
        assert [o.name for o in session.get_outputs()] == names, "outputs changed names"
        for name, theirs, ours in zip(names, original.run(None, feeds), session.run(None, feeds)):
            wrong, words = distance(quantized, theirs, ours)
            wrong = wrong or theirs.shape != ours.shape or theirs.dtype != ours.dtype
            failed += wrong
            print(f"{'FAILED' if wrong else 'ok    '} {path.name} {name}, optimizations {level}: {words}")
    return failed


def main():
    rewrite, failed = sys.argv[1], 0
    with tempfile.TemporaryDirectory(prefix="quern-written-") as scratch:
        for path in map(Path, sys.argv[2:]):
            failed += check(rewrite, path, scratch)
    print(f"written: {'no failure' if failed == 0 else f'{failed} failed'}")
    return 1 if failed else 0


sys.exit(main())
