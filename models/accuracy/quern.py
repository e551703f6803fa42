"""Quern's own quantization, as the command line does it."""

import subprocess


def quantized(program, model, calibration, count, out):
    """Writes the quantized model: `quern quantize` with every default, the model's task record, and the folder's pictures."""
    record = model.onnx.parent / "task.json"
    subprocess.run([str(program), "quantize", str(model.onnx), "-o", str(out), "--data", str(calibration), "--samples", str(count),
                    "--task", str(record), "--quiet"], check=True)
    return out
