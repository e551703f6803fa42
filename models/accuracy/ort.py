"""ONNX Runtime: float sessions, and its own static quantization as the yardstick."""

import tempfile
from pathlib import Path

import onnxruntime
from onnxruntime import quantization

# name of a column: per-channel weights or not
QUANTIZERS = {"per-tensor": False, "per-channel": True}


class Feed(quantization.CalibrationDataReader):
    """Prepared inputs, one after the other."""

    def __init__(self, name, tensors):
        self.rows = iter([{name: tensor} for tensor in tensors])

    def get_next(self):
        return next(self.rows, None)


def session(path):
    """A session on the CPU, one thread: results do not depend on the machine's load. Nor on its kind: without this entry, processors
    that lack VNNI get integer kernels whose sums saturate at 16 bits."""
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.x64quantprecision", "1")
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def quantized(path, tensors, per_channel, out):
    """Writes the statically quantized model: QDQ, int8 weights and activations, MinMax, after ORT's own pre-processing (which folds
    BatchNorm into Conv)."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready.onnx"
        quantization.quant_pre_process(str(path), str(ready))
        feed = Feed(session(path).get_inputs()[0].name, tensors)
        quantization.quantize_static(str(ready), str(out), feed, quant_format=quantization.QuantFormat.QDQ, per_channel=per_channel,
                                     weight_type=quantization.QuantType.QInt8, activation_type=quantization.QuantType.QInt8,
                                     calibrate_method=quantization.CalibrationMethod.MinMax)
    return out
