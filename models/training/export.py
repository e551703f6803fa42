"""A trained model as files: ONNX with BatchNorm kept, and a checkpoint of the state. Both are checked after writing."""

import io
import os
import warnings

import numpy as np
import onnx
import torch

OPSET = 17


def save_checkpoint(model, path):
    """PyTorch's zip form: {"state_dict": name -> float32 tensor}."""
    torch.save({"state_dict": {name: tensor.contiguous() for name, tensor in model.state_dict().items()}}, path)


def export_onnx(model, example, path, inputs, outputs):
    """Writes the model in evaluation mode, BatchNorm as its own operators, the first dim of inputs and outputs called `batch`."""
    model = model.eval().to(memory_format=torch.contiguous_format)
    names = [*inputs, *outputs]
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, example.contiguous(), buffer, opset_version=OPSET, dynamo=False, input_names=list(inputs),
                          output_names=list(outputs), dynamic_axes={name: {0: "batch"} for name in names},
                          training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)
    written = onnx.load_from_string(buffer.getvalue())
    onnx.checker.check_model(written, full_check=True)
    check_batch_norm(model, written)
    onnx.save(written, path)


def check_batch_norm(model, written):
    """As many BatchNormalization operators as the model has modules, none in training mode."""
    wanted = sum(isinstance(module, torch.nn.BatchNorm2d) for module in model.modules())
    found = [node for node in written.graph.node if node.op_type == "BatchNormalization"]
    training = [a.i for node in found for a in node.attribute if a.name == "training_mode"]
    if len(found) != wanted or any(training):
        raise RuntimeError(f"export: {len(found)} BatchNormalization operators, expected {wanted}, training modes {set(training)}")


@torch.no_grad()
def largest_difference(model, path, batch):
    """The largest |PyTorch - ONNX Runtime| over all outputs of a batch; None where onnxruntime is not installed."""
    try:
        import onnxruntime
    except ImportError:
        return None
    session = onnxruntime.InferenceSession(os.fspath(path), providers=["CPUExecutionProvider"])
    theirs = session.run(None, {session.get_inputs()[0].name: np.ascontiguousarray(batch.numpy())})
    ours = model.eval()(batch)
    ours = [ours] if torch.is_tensor(ours) else list(ours)
    return max(float(np.abs(mine.numpy() - other).max()) for mine, other in zip(ours, theirs))
