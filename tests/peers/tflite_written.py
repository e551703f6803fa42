#!/usr/bin/env python3
"""Holds the TFLite files that Quern writes against LiteRT's reference kernels.

    tflite_written.py REWRITE QUERN WHAT…        (needs numpy and ai-edge-litert; REWRITE is the test program of that name)

WHAT is a model (.tflite or .onnx), which is read, prepared and written; or MODEL=DATA[=OPTIONS], a float model that `quern quantize` makes a
full-integer file of, with calibration data and further options. Each file must load in LiteRT and give, with its reference kernels, the bytes that
`quern run --arithmetic fixed` gives; files with float arithmetic within 1e-4 of the largest number (their exponentials come from other libraries),
or, where what is rounded to codes comes of such arithmetic, within one step. A quantized original read and written must still give its bytes; those
of ONNX under `float`, since a mixture of uint8 and int8 is written as int8, and under `fixed` TFLite's resizes and concatenations of the two differ.
"""
import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

SEED, FLOAT_APART = 31, 1e-4
FLOAT_PARTS = {"LOGISTIC", "EXP", "DIV", "TANH", "SOFTMAX", "SQRT", "POW", "LOG"}


def call(*args):
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no message"])[-1])
    return done.stdout


def litert(path):
    interpreter = Interpreter(str(path), num_threads=1, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    return interpreter


def feeds_of(interpreter):
    rng = np.random.default_rng(SEED)
    feeds = {}
    for d in interpreter.get_input_details():
        if np.issubdtype(d["dtype"], np.integer):
            info = np.iinfo(d["dtype"])
            feeds[d["name"]] = rng.integers(info.min, info.max + 1, d["shape"]).astype(d["dtype"])
        else:
            feeds[d["name"]] = rng.uniform(0, 1, d["shape"]).astype(np.float32)
    return feeds


def run_litert(interpreter, feeds):
    for d in interpreter.get_input_details():
        interpreter.set_tensor(d["index"], feeds[d["name"]])
    interpreter.invoke()
    return {d["name"]: interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()}


def run_quern(quern, model, feeds, scratch, rule="fixed"):
    args = [quern, "run", model, "--arithmetic", rule, "--output-dir", Path(scratch) / "out", "--json"]
    for i, (name, array) in enumerate(feeds.items()):
        np.save(Path(scratch) / f"in{i}.npy", array)
        args += ["--input", f"{name}={Path(scratch) / f'in{i}.npy'}"]
        if model.suffix == ".onnx":
            args += ["--shape", f"{name}:{'x'.join(map(str, array.shape))}"]
    return {o["name"]: np.load(o["file"]) for o in json.loads(call(*args))["outputs"]}


def mixed(interpreter):
    """Whether what is stored anywhere comes of float arithmetic beyond sums and products."""
    return any(op["op_name"] in FLOAT_PARTS and interpreter._get_tensor_details(op["outputs"][0], 0)["dtype"] == np.float32
               for op in interpreter._get_ops_details())


def distance(theirs, ours, loose):
    """What is wrong with ours (False: nothing), and how far it is in words."""
    if theirs.shape != ours.shape or theirs.dtype != ours.dtype:
        return True, f"{theirs.dtype} {theirs.shape} is {ours.dtype} {ours.shape}"
    if not np.issubdtype(theirs.dtype, np.floating):
        steps = np.abs(theirs.astype(np.int64) - ours.astype(np.int64))
        most = int(steps.max(initial=0))
        return most > (1 if loose else 0), "equal" if most == 0 else f"{int((steps > 0).sum())} of {steps.size} differ, by {most} at most"
    apart = float(np.abs(theirs - ours).max() / max(np.abs(theirs).max(), 1e-30))
    return apart > FLOAT_APART, f"apart {apart:.1e} of the largest"


def judge(label, theirs, ours, loose=False):
    failed = 0
    for name, expected in theirs.items():
        wrong, words = (True, "is missing") if name not in ours else distance(expected, ours[name], loose)
        failed += wrong
        print(f"{'FAILED' if wrong else 'ok    '} {label} {name}: {words}")
    return failed


def check_written(quern, label, path, scratch):
    interpreter = litert(path)
    feeds = feeds_of(interpreter)
    return judge(label, run_litert(interpreter, feeds), run_quern(quern, path, feeds, scratch), mixed(interpreter))


def check_rewritten(rewrite, quern, path, scratch):
    target = Path(scratch) / "written.tflite"
    call(rewrite, path, target)
    failed = check_written(quern, path.name, target, scratch)
    feeds, rule = feeds_of(litert(target)), "float" if path.suffix == ".onnx" else "fixed"
    before, after = (run_quern(quern, model, feeds, scratch, rule) for model in (path, target))
    return failed + judge(f"{path.name} as it was", before, after)


def check_quantized(quern, what, scratch):
    model, data, *options = what.split("=", 2)
    target = Path(scratch) / "quantized.tflite"
    call(quern, "quantize", model, "-o", target, "--data", data, *shlex.split(options[0] if options else ""))
    return check_written(quern, f"{Path(model).name} quantized", target, scratch)


def main():
    rewrite, quern, failed = Path(sys.argv[1]), Path(sys.argv[2]), 0
    for what in sys.argv[3:]:
        with tempfile.TemporaryDirectory(prefix="quern-tflite-") as scratch:
            try:
                failed += check_quantized(quern, what, scratch) if "=" in what else check_rewritten(rewrite, quern, Path(what), scratch)
            except Exception as error:  # every model is judged; one that breaks is a failure, not the end
                failed += 1
                print(f"FAILED {what.split('=')[0]}: {error}")
    print(f"tflite_written: {'no failure' if failed == 0 else f'{failed} failed'}")
    return 1 if failed else 0


sys.exit(main())
