#!/usr/bin/env python3
"""Holds Quern's 16-bit values under the rule `float` against ONNX Runtime's, operator by operator.

    int16_qdq.py QUERN        (needs numpy, onnx and onnxruntime; run it with an interpreter that has them)

Small Q/DQ models with random shapes and scales: int16 and uint16 values in both domains, alone and beside int8. ONNX Runtime computes the operator
in float between the pairs, and so does Quern: every stored number is the same. Products are sums of integers for Quern and of floats for ONNX Runtime; they
may be one step apart.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

SEED, CASES = 31, 6
TYPES = {np.int8: TensorProto.INT8, np.int16: TensorProto.INT16, np.uint16: TensorProto.UINT16}


class File:
    def __init__(self, rng, domain):
        self.rng, self.domain, self.nodes, self.constants, self.inputs = rng, domain, [], [], []

    def constant(self, name, array):
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def pair(self, name, dtype, scale, zero):
        return [self.constant(f"{name}_s", np.float32(scale)), self.constant(f"{name}_z", np.array(zero, dtype))]

    def node(self, kind, inputs, output, dtype=np.int8, **attributes):
        pairs = kind in ("QuantizeLinear", "DequantizeLinear")
        domain = self.domain if pairs and dtype is not np.int8 else ""
        self.nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **attributes))
        return output

    def stored_input(self, name, dtype, shape, scale, zero=0):
        self.inputs.append(helper.make_tensor_value_info(name, TYPES[dtype], shape))
        return self.node("DequantizeLinear", [name, *self.pair(name, dtype, scale, zero)], f"{name}_dq", dtype)

    def weights(self, name, shape, scale):
        self.constant(name, self.rng.integers(-127, 128, shape).astype(np.int8))
        return self.node("DequantizeLinear", [name, *self.pair(name, np.int8, scale, 0)], f"{name}_dq")

    def bias(self, name, count, scale):
        self.constant(name, self.rng.integers(-(1 << 22), 1 << 22, [count]).astype(np.int32))
        return self.node("DequantizeLinear", [name, *self.pair(name, np.int32, scale, 0)], f"{name}_dq")

    def finish(self, real, dtype, shape, scale, zero=0):
        self.node("QuantizeLinear", [real, *self.pair("y", dtype, scale, zero)], "y", dtype)
        output = helper.make_tensor_value_info("y", TYPES[dtype], shape)
        graph = helper.make_graph(self.nodes, "g", self.inputs, [output], self.constants)
        imports = [helper.make_opsetid("", 17 if self.domain else 21)] + ([helper.make_opsetid(self.domain, 1)] if self.domain else [])
        model = helper.make_model(graph, opset_imports=imports)
        model.ir_version = 8 if self.domain else 10
        return model.SerializeToString()


def scale(rng):
    return float(np.float32(np.exp(rng.uniform(np.log(1e-5), np.log(1e-3)))))


def other(rng, dtype):
    """Another type beside `dtype`, its zero point, and how much coarser its steps are."""
    return (dtype, 32768 if dtype is np.uint16 else 0, 1.0) if rng.integers(2) else (np.int8, int(rng.integers(-9, 9)), 256.0)


def binary(kind):
    def make(f, rng, dtype):
        shape, s = [1, 3, 5, int(rng.integers(1, 40))], scale(rng)
        zero = 32768 if dtype is np.uint16 else 0
        a = f.stored_input("a", dtype, shape, s, zero)
        b_type, b_zero, coarser = other(rng, dtype)
        b = f.stored_input("b", b_type, shape[-1:], s * coarser, b_zero)
        y_type, y_zero, y_coarser = other(rng, dtype)
        y = s * y_coarser * (s * 32767 if kind == "Mul" else 1.3)
        return f.finish(f.node(kind, [a, b], "r"), y_type, shape, y, y_zero)

    return make


def unary(kind, wide_scale=None, **attributes):
    def make(f, rng, dtype):
        shape = [2, int(rng.integers(1, 200))]
        zero = 32768 if dtype is np.uint16 else 0
        x = f.stored_input("x", dtype, shape, 3e-4, zero)
        y_type, y_zero, coarser = other(rng, dtype)
        return f.finish(f.node(kind, [x], "r", **attributes), y_type, shape, (wide_scale or 3e-4) * coarser, y_zero)

    return make


def concat(f, rng, dtype):
    zero, s = (32768 if dtype is np.uint16 else 0), scale(rng)
    parts = [f.stored_input(f"x{i}", dtype, [2, int(rng.integers(1, 9))], s * rng.uniform(0.5, 2), zero) for i in range(3)]
    width = sum(i.type.tensor_type.shape.dim[1].dim_value for i in f.inputs)
    return f.finish(f.node("Concat", parts, "r", axis=1), dtype, [2, width], s, zero)


def conv(f, rng, dtype, depthwise=False):
    channels = int(rng.integers(1, 20))
    out = channels if depthwise else int(rng.integers(1, 20))
    s, w = scale(rng), 0.01
    zero = 32768 if dtype is np.uint16 else 0
    x = f.stored_input("x", dtype, [1, channels, 7, 6], s, zero)
    weights = f.weights("w", [out, 1 if depthwise else channels, 3, 3], w)
    bias = f.bias("b", out, float(np.float32(s) * np.float32(w)))
    y_type, y_zero, coarser = other(rng, dtype)
    real = f.node("Conv", [x, weights, bias], "r", pads=[1, 1, 1, 1], group=channels if depthwise else 1)
    return f.finish(real, y_type, [1, out, 7, 6], s * w * 42 * 3 * np.sqrt(1 if depthwise else channels) * coarser, y_zero)


def max_pool(f, rng, dtype):
    channels, zero = int(rng.integers(1, 20)), (32768 if dtype is np.uint16 else 0)
    x = f.stored_input("x", dtype, [1, channels, 7, 6], 1e-3, zero)
    return f.finish(f.node("MaxPool", [x], "r", kernel_shape=[2, 2]), dtype, [1, channels, 6, 5], 1e-3, zero)


# name, maker, the greatest difference in steps
OPERATORS = [
    ("Add", binary("Add"), 0),
    ("Sub", binary("Sub"), 0),
    ("Mul", binary("Mul"), 0),
    ("Relu", unary("Relu"), 0),
    ("LeakyRelu", unary("LeakyRelu", alpha=0.1), 0),
    ("MaxPool", max_pool, 0),
    ("Concat", concat, 0),
    ("Sigmoid", unary("Sigmoid", 1 / 32768), 1),
    ("Tanh", unary("Tanh", 1 / 32768), 1),
    ("Softmax", unary("Softmax", 1 / 32768, axis=1), 1),
    ("Conv", conv, 1),
    ("Conv depthwise", lambda f, rng, dtype: conv(f, rng, dtype, True), 1),
]


def feeds_of(session, rng):
    kinds = {"tensor(int8)": np.int8, "tensor(int16)": np.int16, "tensor(uint16)": np.uint16}
    bounds = {i.name: np.iinfo(kinds[i.type]) for i in session.get_inputs()}
    return {i.name: rng.integers(bounds[i.name].min, bounds[i.name].max + 1, i.shape).astype(kinds[i.type]) for i in session.get_inputs()}


def ours(quern, content, feeds):
    with tempfile.TemporaryDirectory(prefix="quern-peers-") as scratch:
        Path(f"{scratch}/m.onnx").write_bytes(content)
        words = [quern, "run", f"{scratch}/m.onnx", "--output-dir", f"{scratch}/out", "-q"]
        for name, array in feeds.items():
            np.save(f"{scratch}/{name}.npy", array)
            words += ["--input", f"{name}={scratch}/{name}.npy"]
        subprocess.run(words, check=True)
        return np.load(f"{scratch}/out/y.npy")


def main():
    quern, failed = sys.argv[1], 0
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    for name, make, steps in OPERATORS:
        rng, wrong, numbers, furthest = np.random.default_rng(SEED), 0, 0, 0
        for case in range(CASES):
            content = make(File(rng, ["", "com.microsoft"][case % 2]), rng, [np.int16, np.int16, np.uint16][case % 3])
            session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
            feeds = feeds_of(session, rng)
            wanted = session.run(None, feeds)[0]
            apart = np.abs(ours(quern, content, feeds).astype(np.int64) - wanted)
            wrong, numbers, furthest = wrong + int((apart > 0).sum()), numbers + wanted.size, max(furthest, int(apart.max()))
        failed += furthest > steps
        print(f"{'ok    ' if furthest <= steps else 'FAILED'} {name}: {wrong} of {numbers} differ, by at most {furthest}", flush=True)
    print(f"int16_qdq: {'no failure' if failed == 0 else f'{failed} failed'} (seed {SEED})")
    return 1 if failed else 0


sys.exit(main())
