#!/usr/bin/env python3
"""Holds Quern's 16-bit activations under the rule `fixed` against LiteRT's reference kernels, operator by operator.

    int16.py QUERN        (needs numpy, flatbuffers and ai-edge-litert; run it with an interpreter that has them)

Small int16x8 .tflite files with random shapes and scales are made here; both engines get the same random input, and every stored number has to be
the same. Biases are int64 or absent: LiteRT reads an int32 bias as if it were int64. What LiteRT computes by tables of its own (LOGISTIC, TANH, SOFTMAX) Quern computes in float; those are held within a few steps.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as tfl
from ai_edge_litert.interpreter import Interpreter, OpResolverType

SEED, CASES = 31, 12
TYPES = {np.int8: tfl.TensorType.INT8, np.int16: tfl.TensorType.INT16, np.int32: tfl.TensorType.INT32, np.int64: tfl.TensorType.INT64, np.float32: tfl.TensorType.FLOAT32}
SAME, VALID = tfl.Padding.SAME, tfl.Padding.VALID
NONE, RELU, RELU6 = tfl.ActivationFunctionType.NONE, tfl.ActivationFunctionType.RELU, tfl.ActivationFunctionType.RELU6


class File:
    """One operator and its tensors."""

    def __init__(self):
        self.model = tfl.ModelT()
        self.model.version, self.model.buffers, self.model.operatorCodes = 3, [tfl.BufferT()], []
        self.graph = tfl.SubGraphT()
        self.graph.tensors, self.graph.operators, self.graph.name = [], [], b"main"
        self.model.subgraphs, self.model.description = [self.graph], b"one operator"

    def tensor(self, name, dtype, shape, scales=None, zero=0, data=None, axis=0):
        t = tfl.TensorT()
        t.name, t.type, t.shape = name.encode(), TYPES[dtype], list(shape)
        t.buffer = 0
        if data is not None:
            buffer = tfl.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data, dtype).tobytes(), np.uint8)
            self.model.buffers.append(buffer)
            t.buffer = len(self.model.buffers) - 1
        if scales is not None:
            q = tfl.QuantizationParametersT()
            q.scale = np.atleast_1d(np.asarray(scales, np.float32))
            q.zeroPoint, q.quantizedDimension = np.full(len(q.scale), zero, np.int64), axis
            t.quantization = q
        self.graph.tensors.append(t)
        return len(self.graph.tensors) - 1

    def op(self, code, inputs, output, options_type=0, options=None, version=4):
        c = tfl.OperatorCodeT()
        c.builtinCode, c.deprecatedBuiltinCode, c.version = code, min(code, 127), version
        self.model.operatorCodes.append(c)
        o = tfl.OperatorT()
        o.opcodeIndex, o.inputs, o.outputs = 0, inputs, [output]
        o.builtinOptionsType, o.builtinOptions = options_type, options
        self.graph.operators.append(o)
        self.graph.inputs = [i for i in inputs if i >= 0 and self.graph.tensors[i].buffer == 0]
        self.graph.outputs = [output]

    def bytes(self):
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def scale(rng, low, high):
    return float(np.float32(np.exp(rng.uniform(np.log(low), np.log(high)))))


def weights_of(rng, f, shape, axis, channels, per_channel):
    scales = [scale(rng, 1e-3, 2e-2) for _ in range(channels if per_channel else 1)]
    return f.tensor("w", np.int8, shape, scales, 0, rng.integers(-127, 128, shape), axis), np.array(scales, np.float32)


def product(rng, f, x, x_scale, weights, channels, depth, bias_types=(np.int64,)):
    """Bias and output of a product: the output's scale lets its values spread over the type."""
    index, scales = weights
    bias_type = bias_types[int(rng.integers(len(bias_types)))]
    inputs = [x, index]
    if bias_type is not None:
        grid = [float(np.float32(x_scale) * s) for s in scales]
        inputs.append(f.tensor("b", bias_type, [channels], grid, 0, rng.integers(-(1 << 22), 1 << 22, channels)))
    spread = 42 * np.sqrt(depth) * rng.choice([0.4, 1.0, 3.0])
    return inputs, float(np.float32(x_scale * scales.mean() * spread))


def conv(rng, f, depthwise=False):
    channels = int(rng.integers(1, 20))
    out = channels if depthwise else int(rng.integers(1, 20))
    k = int(rng.choice([1, 3]))
    x_scale = scale(rng, 1e-5, 1e-3)
    x = f.tensor("x", np.int16, [1, 7, 6, channels], x_scale)
    shape, axis = ([1, k, k, out], 3) if depthwise else ([out, k, k, channels], 0)
    weights = weights_of(rng, f, shape, axis, out, True)
    inputs, y_scale = product(rng, f, x, x_scale, weights, out, k * k * (1 if depthwise else channels), (None, np.int64) if depthwise else (np.int64,))
    stride = int(rng.choice([1, 2]))
    y = f.tensor("y", np.int16, [1, -(-7 // stride), -(-6 // stride), out], y_scale)
    o = tfl.DepthwiseConv2DOptionsT() if depthwise else tfl.Conv2DOptionsT()
    o.padding, o.strideH, o.strideW, o.dilationHFactor, o.dilationWFactor = SAME, stride, stride, 1, 1
    o.fusedActivationFunction = int(rng.choice([NONE, RELU, RELU6]))
    if depthwise:
        o.depthMultiplier = 1
        f.op(tfl.BuiltinOperator.DEPTHWISE_CONV_2D, inputs, y, tfl.BuiltinOptions.DepthwiseConv2DOptions, o, 5)
    else:
        f.op(tfl.BuiltinOperator.CONV_2D, inputs, y, tfl.BuiltinOptions.Conv2DOptions, o, 6)


def fully_connected(rng, f):
    depth, out = int(rng.integers(1, 300)), int(rng.integers(1, 20))
    x_scale = scale(rng, 1e-5, 1e-3)
    x = f.tensor("x", np.int16, [2, depth], x_scale)
    weights = weights_of(rng, f, [out, depth], 0, out, bool(rng.integers(2)))
    inputs, y_scale = product(rng, f, x, x_scale, weights, out, depth, (None, np.int64))
    y = f.tensor("y", np.int16, [2, out], y_scale)
    o = tfl.FullyConnectedOptionsT()
    o.fusedActivationFunction = int(rng.choice([NONE, RELU]))
    f.op(tfl.BuiltinOperator.FULLY_CONNECTED, inputs, y, tfl.BuiltinOptions.FullyConnectedOptions, o, 11)


def batch_matmul(rng, f):
    rows, depth, columns = (int(n) for n in rng.integers(1, 40, 3))
    a, b = scale(rng, 1e-5, 1e-3), scale(rng, 1e-5, 1e-3)
    inputs = [f.tensor("a", np.int16, [2, rows, depth], a), f.tensor("b", np.int16, [2, depth, columns], b)]
    y = f.tensor("y", np.int16, [2, rows, columns], float(np.float32(a * b * 18000 * np.sqrt(depth) * rng.choice([0.4, 1.0, 3.0]))))
    o = tfl.BatchMatMulOptionsT()
    f.op(tfl.BuiltinOperator.BATCH_MATMUL, inputs, y, tfl.BuiltinOptions.BatchMatMulOptions, o, 4)


def transpose_conv(rng, f):
    channels, out = int(rng.integers(1, 9)), int(rng.integers(1, 9))
    x_scale = scale(rng, 1e-5, 1e-3)
    shape = f.tensor("shape", np.int32, [4], None, 0, np.array([1, 10, 8, out]))
    x = f.tensor("x", np.int16, [1, 5, 4, channels], x_scale)
    weights = weights_of(rng, f, [out, 3, 3, channels], 0, out, True)
    inputs, y_scale = product(rng, f, x, x_scale, weights, out, 4 * channels)
    y = f.tensor("y", np.int16, [1, 10, 8, out], y_scale)
    o = tfl.TransposeConvOptionsT()
    o.padding, o.strideH, o.strideW, o.fusedActivationFunction = SAME, 2, 2, NONE
    f.op(tfl.BuiltinOperator.TRANSPOSE_CONV, [shape, inputs[1], x] + inputs[2:], y, tfl.BuiltinOptions.TransposeConvOptions, o, 5)


def binary(rng, f, code, options_type, options):
    shape = [1, 3, 5, int(rng.integers(1, 40))]
    other = shape if rng.integers(2) else [1, 1, 1, shape[3]]
    a, b = scale(rng, 1e-5, 1e-3), scale(rng, 1e-5, 1e-3)
    inputs = [f.tensor("a", np.int16, shape, a), f.tensor("b", np.int16, other, b)]
    y = (a * b * 32767 if code == tfl.BuiltinOperator.MUL else max(a, b)) * float(rng.choice([0.5, 1.0, 1.7]))
    y = f.tensor("y", np.int16, shape, y)
    options.fusedActivationFunction = int(rng.choice([NONE, RELU]))
    if hasattr(options, "potScaleInt16"):
        options.potScaleInt16 = False
    f.op(code, inputs, y, options_type, options, 5 if code == tfl.BuiltinOperator.SUB else 4)


def extremum(rng, f, code):
    shape = [1, 3, 5, int(rng.integers(1, 40))]
    s = scale(rng, 1e-5, 1e-3)
    inputs = [f.tensor("a", np.int16, shape, s), f.tensor("b", np.int16, shape, s)]
    f.op(code, inputs, f.tensor("y", np.int16, shape, s), tfl.BuiltinOptions.MaximumMinimumOptions, tfl.MaximumMinimumOptionsT(), 4)


def pool(rng, f, code):
    shape = [1, 7, 6, int(rng.integers(1, 40))]
    s = scale(rng, 1e-5, 1e-3)
    o = tfl.Pool2DOptionsT()
    o.padding, o.strideH, o.strideW, o.filterHeight, o.filterWidth = SAME, 2, 2, int(rng.integers(2, 4)), int(rng.integers(2, 4))
    o.fusedActivationFunction = int(rng.choice([NONE, RELU]))
    f.op(code, [f.tensor("x", np.int16, shape, s)], f.tensor("y", np.int16, [1, 4, 3, shape[3]], s), tfl.BuiltinOptions.Pool2DOptions, o, 3)


def mean(rng, f):
    shape = [1, int(rng.integers(1, 9)), int(rng.integers(1, 9)), int(rng.integers(1, 40))]
    s = scale(rng, 1e-5, 1e-3)
    axes = f.tensor("axes", np.int32, [2], None, 0, np.array([1, 2]))
    o = tfl.ReducerOptionsT()
    o.keepDims = bool(rng.integers(2))
    y_shape = [1, 1, 1, shape[3]] if o.keepDims else [1, shape[3]]
    y_scale = s * float(rng.choice([0.5, 1.0]))
    f.op(tfl.BuiltinOperator.MEAN, [f.tensor("x", np.int16, shape, s), axes], f.tensor("y", np.int16, y_shape, y_scale), tfl.BuiltinOptions.ReducerOptions, o, 3)


def concat(rng, f):
    s = scale(rng, 1e-5, 1e-3)
    parts = [int(rng.integers(1, 9)) for _ in range(3)]
    inputs = [f.tensor(f"x{i}", np.int16, [1, 2, 3, n], s) for i, n in enumerate(parts)]
    o = tfl.ConcatenationOptionsT()
    o.axis, o.fusedActivationFunction = 3, NONE
    f.op(tfl.BuiltinOperator.CONCATENATION, inputs, f.tensor("y", np.int16, [1, 2, 3, sum(parts)], s), tfl.BuiltinOptions.ConcatenationOptions, o, 3)


def unary(rng, f, code, options_type=0, options=None, y_scale=None):
    shape = [2, int(rng.integers(1, 200))]
    s = scale(rng, 1e-4, 1e-3) if y_scale is None else scale(rng, 1e-4, 4e-4)
    y = s * float(rng.choice([0.5, 1.0, 2.0])) if y_scale is None else y_scale
    f.op(code, [f.tensor("x", np.int16, shape, s)], f.tensor("y", np.int16, shape, y), options_type, options, 1)


def leaky(rng, f):
    o = tfl.LeakyReluOptionsT()
    o.alpha = float(rng.uniform(0.01, 0.5))
    unary(rng, f, tfl.BuiltinOperator.LEAKY_RELU, tfl.BuiltinOptions.LeakyReluOptions, o)


def requantize(rng, f, source, target):
    shape = [2, int(rng.integers(1, 200))]
    s = scale(rng, 1e-3, 1e-2)
    ratio = (1 if source is target else 256 if target is np.int16 else 1 / 256) * float(rng.choice([0.7, 1.0, 2.3]))
    zero = int(rng.integers(-20, 20))
    x = f.tensor("x", source, shape, s, zero if source is np.int8 else 0)
    y = f.tensor("y", target, shape, s / ratio, zero if target is np.int8 else 0)
    f.op(tfl.BuiltinOperator.QUANTIZE, [x], y, tfl.BuiltinOptions.QuantizeOptions, tfl.QuantizeOptionsT(), 3)


def from_float(rng, f):
    shape = [2, int(rng.integers(1, 200))]
    x = f.tensor("x", np.float32, shape)
    f.op(tfl.BuiltinOperator.QUANTIZE, [x], f.tensor("y", np.int16, shape, scale(rng, 1e-5, 1e-4)), tfl.BuiltinOptions.QuantizeOptions, tfl.QuantizeOptionsT(), 3)


def to_float(rng, f):
    shape = [2, int(rng.integers(1, 200))]
    x = f.tensor("x", np.int16, shape, scale(rng, 1e-5, 1e-4))
    f.op(tfl.BuiltinOperator.DEQUANTIZE, [x], f.tensor("y", np.float32, shape), tfl.BuiltinOptions.DequantizeOptions, tfl.DequantizeOptionsT(), 3)


def resize(rng, f):
    channels, s = int(rng.integers(1, 9)), scale(rng, 1e-5, 1e-3)
    size = [int(rng.integers(1, 13)), int(rng.integers(1, 13))]
    o = tfl.ResizeBilinearOptionsT()
    o.alignCorners, o.halfPixelCenters = [(False, False), (True, False), (False, True)][int(rng.integers(3))]
    to = f.tensor("size", np.int32, [2], None, 0, np.array(size))
    f.op(tfl.BuiltinOperator.RESIZE_BILINEAR, [f.tensor("x", np.int16, [1, 5, 4, channels], s), to], f.tensor("y", np.int16, [1, *size, channels], s),
         tfl.BuiltinOptions.ResizeBilinearOptions, o, 4)


def softmax(rng, f):
    o = tfl.SoftmaxOptionsT()
    o.beta = 1.0
    unary(rng, f, tfl.BuiltinOperator.SOFTMAX, tfl.BuiltinOptions.SoftmaxOptions, o, 1 / 32768)


B, O = tfl.BuiltinOperator, tfl.BuiltinOptions
# name, maker, the greatest difference in steps
OPERATORS = [
    ("CONV_2D", conv, 0),
    ("DEPTHWISE_CONV_2D", lambda r, f: conv(r, f, True), 0),
    ("TRANSPOSE_CONV", transpose_conv, 0),
    ("FULLY_CONNECTED", fully_connected, 0),
    ("BATCH_MATMUL", batch_matmul, 0),
    ("ADD", lambda r, f: binary(r, f, B.ADD, O.AddOptions, tfl.AddOptionsT()), 0),
    ("SUB", lambda r, f: binary(r, f, B.SUB, O.SubOptions, tfl.SubOptionsT()), 0),
    ("MUL", lambda r, f: binary(r, f, B.MUL, O.MulOptions, tfl.MulOptionsT()), 0),
    ("MAXIMUM", lambda r, f: extremum(r, f, B.MAXIMUM), 0),
    ("MINIMUM", lambda r, f: extremum(r, f, B.MINIMUM), 0),
    ("MAX_POOL_2D", lambda r, f: pool(r, f, B.MAX_POOL_2D), 0),
    ("AVERAGE_POOL_2D", lambda r, f: pool(r, f, B.AVERAGE_POOL_2D), 0),
    ("MEAN", mean, 0),
    ("CONCATENATION", concat, 0),
    ("RELU", lambda r, f: unary(r, f, B.RELU), 0),
    ("RELU6", lambda r, f: unary(r, f, B.RELU6), 0),
    ("LEAKY_RELU", leaky, 0),
    ("QUANTIZE int8 to int16", lambda r, f: requantize(r, f, np.int8, np.int16), 0),
    ("QUANTIZE int16 to int8", lambda r, f: requantize(r, f, np.int16, np.int8), 0),
    ("QUANTIZE int16 to int16", lambda r, f: requantize(r, f, np.int16, np.int16), 0),
    ("QUANTIZE float to int16", from_float, 0),
    ("DEQUANTIZE", to_float, 0),
    ("RESIZE_BILINEAR", resize, 0),
    ("LOGISTIC", lambda r, f: unary(r, f, B.LOGISTIC, y_scale=1 / 32768), 2),
    ("TANH", lambda r, f: unary(r, f, B.TANH, y_scale=1 / 32768), 4),
    ("SOFTMAX", softmax, 10),
]


def random_input(rng, detail):
    if detail["dtype"] == np.float32:
        return rng.uniform(-4, 4, detail["shape"]).astype(np.float32)
    info = np.iinfo(detail["dtype"])
    array = rng.integers(info.min, info.max + 1, detail["shape"]).astype(detail["dtype"])
    if info.bits == 16:
        array = np.maximum(array, -32767)
    return array


def theirs(content, rng):
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    feeds = {}
    for detail in interpreter.get_input_details():
        feeds[detail["name"]] = random_input(rng, detail)
        interpreter.set_tensor(detail["index"], feeds[detail["name"]])
    interpreter.invoke()
    return feeds, interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def ours(quern, content, feeds):
    with tempfile.TemporaryDirectory(prefix="quern-peers-") as scratch:
        Path(f"{scratch}/m.tflite").write_bytes(content)
        words = [quern, "run", f"{scratch}/m.tflite", "--arithmetic", "fixed", "--output-dir", f"{scratch}/out", "-q"]
        for name, array in feeds.items():
            np.save(f"{scratch}/{name}.npy", array)
            words += ["--input", f"{name}={scratch}/{name}.npy"]
        subprocess.run(words, check=True)
        return np.load(f"{scratch}/out/y.npy")


def main():
    quern, failed = sys.argv[1], 0
    for name, make, steps in OPERATORS:
        rng, wrong, numbers, furthest = np.random.default_rng(SEED), 0, 0, 0
        for _ in range(CASES):
            f = File()
            make(rng, f)
            feeds, wanted = theirs(f.bytes(), rng)
            got = ours(quern, f.bytes(), feeds)
            apart = np.abs(got.astype(np.float64) - wanted.astype(np.float64))
            wrong += int((apart > 0).sum())
            numbers += wanted.size
            furthest = max(furthest, float(apart.max()))
        failed += furthest > steps
        print(f"{'ok    ' if furthest <= steps else 'FAILED'} {name}: {wrong} of {numbers} differ, by at most {furthest:g}", flush=True)
    print(f"int16: {'no failure' if failed == 0 else f'{failed} failed'} (seed {SEED})")
    return 1 if failed else 0


sys.exit(main())
