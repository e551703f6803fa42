"""A depthwise convolution whose gradients take the fast kernels of oneDNN.

oneDNN's own depthwise kernel for the gradient of the weights takes filters up to 3 wide, and the one for the gradient of the input
does not take bfloat16 at stride 2; PyTorch falls back to kernels that are 10 to 80 times slower. Both are a matter of asking differently.
"""

import torch
import torch.nn.functional as F
from torch import nn

WIDEST = 3  # columns of a filter that the fast kernel takes


def input_gradient(gradient, weight, shape, stride):
    """What reaches the input: the gradient, spread to the input's size, under the mirrored filter."""
    if stride > 1:
        spread = torch.zeros(shape, dtype=gradient.dtype).contiguous(memory_format=torch.channels_last)
        spread[:, :, ::stride, ::stride] = gradient
        gradient = spread
    return F.conv2d(gradient, weight.flip(2, 3), padding=weight.shape[2] // 2, groups=weight.shape[0])


def columns_gradient(gradient, x, weight, stride, padding):
    """The gradient of the weights as PyTorch has it; padding is (rows, columns)."""
    return torch.ops.aten.convolution_backward(gradient, x, weight, None, [stride] * 2, padding, [1, 1], False, [0, 0],
                                               weight.shape[0], [False, True, False])[1]


def weight_gradient(gradient, x, weight, stride):
    """The gradient of the weights, three columns of the filter at a time."""
    side, pad = weight.shape[2], weight.shape[2] // 2
    if side <= WIDEST:
        return columns_gradient(gradient, x, weight, stride, [pad, pad])
    padded, width = F.pad(x, (pad, pad)), (gradient.shape[3] - 1) * stride + WIDEST
    parts = []
    for first in (*range(0, side - WIDEST, WIDEST), side - WIDEST):
        seen = padded[..., first:first + width].contiguous(memory_format=torch.channels_last)
        part = columns_gradient(gradient, seen, weight[..., :WIDEST].contiguous(), stride, [pad, 0])
        parts.append(part[..., WIDEST * len(parts) - first:])
    return torch.cat(parts, 3)


class Gradients(torch.autograd.Function):
    """Forward as usual, backward by the two functions above."""

    @staticmethod
    def forward(ctx, x, weight, stride):
        ctx.save_for_backward(x, weight)
        ctx.stride = stride
        return F.conv2d(x, weight, None, stride, weight.shape[2] // 2, 1, weight.shape[0])

    @staticmethod
    def backward(ctx, gradient):
        x, weight = ctx.saved_tensors
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        return input_gradient(gradient, weight, x.shape, ctx.stride), weight_gradient(gradient, x, weight, ctx.stride), None


class Depthwise(nn.Conv2d):
    """nn.Conv2d of as many groups as channels, square and odd, without bias, padded by half of its side."""

    def __init__(self, channels, kernel, stride):
        super().__init__(channels, channels, kernel, stride, kernel // 2, groups=channels, bias=False)

    def forward(self, x):
        if not (self.training and torch.is_grad_enabled()):
            return super().forward(x)
        if torch.is_autocast_enabled("cpu"):
            x = x.to(torch.get_autocast_dtype("cpu"))
        return Gradients.apply(x, self.weight.to(x.dtype), self.stride[0])
