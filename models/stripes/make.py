#!/usr/bin/env python3
"""Makes the tiny model that ships until larger ones do: which way do the stripes run?

    python3 models/stripes/make.py          (needs numpy, pillow and onnx; writes beside itself)

A convolution of fixed oriented derivatives, a depthwise blur, a global average, and a linear head fitted in closed form
(ridge regression) on pictures drawn here from a seed. Written as float ONNX and as int8 ONNX (Q/DQ, per-channel weights), with
six labelled sample pictures. Everything is reproducible from SEED.
"""
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

SEED, SIDE = 7, 64
CLASSES = ["horizontal", "vertical", "rising", "falling", "plain"]
ANGLES = {"horizontal": 90.0, "vertical": 0.0, "rising": 45.0, "falling": 135.0}
HERE = Path(__file__).resolve().parent


def draw(rng, name, side=SIDE):
    """One picture: coloured stripes of a random period and phase under noise, uneven light and a few blots; or none."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    fore, back = rng.uniform(40, 255, 3), rng.uniform(0, 120, 3)
    if name == "plain":
        wave = np.full((side, side), rng.uniform(0, 1), np.float32)
    else:
        angle = np.deg2rad(ANGLES[name] + rng.uniform(-9, 9))
        period = rng.uniform(5, 12) * side / SIDE
        phase = rng.uniform(0, 2 * np.pi)
        wave = 0.5 + 0.5 * np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / period + phase)
    light = 1 + rng.uniform(-0.4, 0.4) * (x / side - 0.5) + rng.uniform(-0.4, 0.4) * (y / side - 0.5)
    p = (wave[..., None] * fore + (1 - wave[..., None]) * back) * light[..., None]
    for _ in range(rng.integers(0, 4)):
        cy, cx, r = rng.uniform(0, side, 2).tolist() + [rng.uniform(2, side / 8)]
        p[(y - cy) ** 2 + (x - cx) ** 2 < r * r] = rng.uniform(0, 255, 3)
    p += rng.normal(0, 10, p.shape)
    return np.clip(np.rint(p), 0, 255).astype(np.uint8)


def oriented_kernels():
    """8 x 3 x 3 x 3: derivative along four directions, both signs, on the sum of the three colours."""
    gx = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32) / 8
    d1 = np.array([[-2, -1, 0], [-1, 0, 1], [0, 1, 2]], np.float32) / 8
    pairs = [gx, -gx, gx.T, -gx.T, d1, -d1, np.fliplr(d1), -np.fliplr(d1)]
    return np.repeat(np.stack(pairs)[:, None], 3, axis=1).astype(np.float32)


def blur_kernels():
    k = np.outer([1, 2, 1], [1, 2, 1]).astype(np.float32) / 16
    return np.repeat(k[None, None], 8, axis=0)


def convolve(x, w, stride, groups):
    """x [N,C,H,W], pad 1."""
    n, c, h, _ = x.shape
    p = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    out = (h + 2 - 3) // stride + 1
    cols = np.stack([p[:, :, i:i + stride * (out - 1) + 1:stride, j:j + stride * (out - 1) + 1:stride] for i in range(3) for j in range(3)], 2)
    if groups == 1:
        return np.einsum("ncklm,ock->nolm", cols, w.reshape(w.shape[0], c, 9))
    return np.einsum("ncklm,ck->nclm", cols, w.reshape(c, 9))


def stages(x):
    """The values whose ranges the int8 model needs, in order."""
    a = np.maximum(convolve(x, oriented_kernels(), 1, 1), 0)
    b = np.clip(convolve(a, blur_kernels(), 2, 8), 0, 6)
    return a, b, b.mean(axis=(2, 3))


def fit_head(rng):
    names = [CLASSES[i % 5] for i in range(600)]
    x = np.stack([draw(rng, n) for n in names]).astype(np.float32).transpose(0, 3, 1, 2) / 255
    a, b, f = stages(x)
    scale = f.std()
    design = np.concatenate([f / scale, np.ones((len(f), 1))], 1)
    # Energies tell directions apart by ratio; 1 for the class, 0 for the others, then sharpened.
    target = np.eye(5)[[CLASSES.index(n) for n in names]]
    w = np.linalg.solve(design.T @ design + 1e-3 * np.eye(9), design.T @ target) * 12
    logits = design @ w
    accuracy = float((logits.argmax(1) == target.argmax(1)).mean())
    ranges = [x, a, b, f, logits]
    return (w[:8] / scale).T.astype(np.float32), w[8].astype(np.float32), accuracy, ranges


def tensors(pairs):
    return [numpy_helper.from_array(np.asarray(v), n) for n, v in pairs]


def float_model(head, bias):
    nodes = [
        helper.make_node("Conv", ["image", "edges.weight"], ["edges"], "edges", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["edges"], ["edges_relu"], "edges_relu"),
        helper.make_node("Conv", ["edges_relu", "blur.weight"], ["blur"], "blur", pads=[1, 1, 1, 1], strides=[2, 2], group=8),
        helper.make_node("Clip", ["blur", "zero", "six"], ["blur_relu6"], "blur_relu6"),
        helper.make_node("GlobalAveragePool", ["blur_relu6"], ["energy"], "energy"),
        helper.make_node("Flatten", ["energy"], ["features"], "features"),
        helper.make_node("Gemm", ["features", "head.weight", "head.bias"], ["logits"], "head", transB=1),
        helper.make_node("Softmax", ["logits"], ["scores"], "scores", axis=1),
    ]
    constants = tensors([("edges.weight", oriented_kernels()), ("blur.weight", blur_kernels()), ("zero", np.float32(0)), ("six", np.float32(6)),
                         ("head.weight", head), ("head.bias", bias)])
    return finish(nodes, constants, "stripes_float")


def finish(nodes, constants, name):
    graph = helper.make_graph(nodes, name, [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, SIDE, SIDE])],
                              [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", 5])], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="quern models/stripes/make.py")
    model.ir_version = 8
    onnx.checker.check_model(model)
    onnx.save(model, HERE / f"{name}.onnx")


class Quantized:
    """Collects nodes and constants of a Q/DQ model."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, name, value):
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def activation(self, name, values):
        """QuantizeLinear and DequantizeLinear on uint8 over the range of `values`; returns the scale."""
        low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
        scale = np.float32((high - low) / 255)
        names = [self.constant(name + ".scale", scale), self.constant(name + ".zero", np.uint8(round(-low / float(scale))))]
        self.nodes.append(helper.make_node("QuantizeLinear", [name, *names], [name + ".q"], name + ".quantize"))
        self.nodes.append(helper.make_node("DequantizeLinear", [name + ".q", *names], [name + ".dq"], name + ".dequantize"))
        return scale

    def weight(self, name, value, input_scale, bias=None):
        """int8 weights per output channel, int32 bias; returns the names of the dequantized constants."""
        flat = np.abs(value.reshape(len(value), -1)).max(1)
        scale = (flat / 127).astype(np.float32)
        q = np.clip(np.rint(value / scale.reshape(-1, *[1] * (value.ndim - 1))), -127, 127).astype(np.int8)
        self.nodes.append(helper.make_node("DequantizeLinear", [self.constant(name + ".q", q), self.constant(name + ".scale", scale), self.constant(name + ".zero", np.zeros(len(scale), np.int8))], [name + ".dq"], name + ".dequantize", axis=0))
        if bias is None:
            return [name + ".dq"]
        s = (scale * input_scale).astype(np.float32)
        b = np.rint(bias / s).astype(np.int32)
        self.nodes.append(helper.make_node("DequantizeLinear", [self.constant(name + ".bias.q", b), self.constant(name + ".bias.scale", s), self.constant(name + ".bias.zero", np.zeros(len(s), np.int32))], [name + ".bias.dq"], name + ".bias.dequantize", axis=0))
        return [name + ".dq", name + ".bias.dq"]


def int8_model(head, bias, ranges):
    q = Quantized()
    x, a, b, f, logits = ranges
    s_image = q.activation("image", x)
    q.nodes.append(helper.make_node("Conv", ["image.dq", *q.weight("edges.weight", oriented_kernels(), s_image)], ["edges"], "edges", pads=[1, 1, 1, 1]))
    q.nodes.append(helper.make_node("Relu", ["edges"], ["edges_relu"], "edges_relu"))
    s_edges = q.activation("edges_relu", a)
    q.nodes.append(helper.make_node("Conv", ["edges_relu.dq", *q.weight("blur.weight", blur_kernels(), s_edges)], ["blur"], "blur", pads=[1, 1, 1, 1], strides=[2, 2], group=8))
    q.nodes.append(helper.make_node("Clip", ["blur", q.constant("zero", np.float32(0)), q.constant("six", np.float32(6))], ["blur_relu6"], "blur_relu6"))
    q.activation("blur_relu6", b)
    q.nodes.append(helper.make_node("GlobalAveragePool", ["blur_relu6.dq"], ["energy"], "energy"))
    q.activation("energy", f)
    q.nodes.append(helper.make_node("Flatten", ["energy.dq"], ["features"], "features"))
    s_features = q.activation("features", f)
    q.nodes.append(helper.make_node("Gemm", ["features.dq", *q.weight("head.weight", head, s_features, bias)], ["logits"], "head", transB=1))
    q.activation("logits", logits)
    q.nodes.append(helper.make_node("Softmax", ["logits.dq"], ["scores"], "scores", axis=1))
    finish(q.nodes, q.constants, "stripes_int8")


def main():
    rng = np.random.default_rng(SEED)
    head, bias, accuracy, ranges = fit_head(rng)
    float_model(head, bias)
    int8_model(head, bias, ranges)
    (HERE / "labels.txt").write_text("\n".join(CLASSES) + "\n")
    (HERE / "pictures").mkdir(exist_ok=True)
    for i, name in enumerate([*CLASSES, "rising"]):
        Image.fromarray(draw(rng, name, 160)).save(HERE / "pictures" / f"{i + 1}_{name}.jpg", quality=88)
    print(f"fitted on 600 pictures, {accuracy:.1%} of them right")


main()
