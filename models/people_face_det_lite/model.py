"""face_det_lite, narrowed: a dense MobileNetV3-like backbone with squeeze-and-excitation, an additive pyramid, a context head, and
on a grid of stride 8 a heat map, four distances and five landmarks. The parameters' names are the published model's."""

import torch
import torch.nn.functional as F
from torch import nn

STRIDE, LANDMARKS = 8, 5
MEAN, STD = 0.442, 0.280  # of the grey value in 0..1; taken off inside the network
# kernel (5 means two stacked 3x3), expansion, outputs, squeeze-and-excitation, stride; the kept maps are after blocks 2, 7 and 8
BLOCKS = ((3, 8, 8, False, 2), (3, 32, 16, False, 2), (3, 48, 16, False, 1), (5, 48, 24, True, 2), (5, 72, 24, True, 1),
          (5, 72, 24, True, 1), (5, 72, 40, True, 1), (5, 80, 40, True, 1), (5, 96, 56, True, 2))


def conv(inputs, outputs, kernel=1, stride=1):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


class CBA(nn.Module):
    """Convolution, BatchNorm, ReLU."""

    def __init__(self, kernel, inputs, outputs):
        super().__init__()
        self.conv, self.bn = conv(inputs, outputs, kernel), nn.BatchNorm2d(outputs)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


class SE(nn.Module):
    """Scales each channel by a gate computed from all channels' means."""

    def __init__(self, width):
        super().__init__()
        self.se = nn.Sequential(nn.Conv2d(width, width // 4, 1, bias=False), nn.BatchNorm2d(width // 4), nn.ReLU(),
                                nn.Conv2d(width // 4, width, 1, bias=False), nn.BatchNorm2d(width), nn.Sigmoid())

    def forward(self, x):
        return x * self.se(x.mean((2, 3), keepdim=True))


class Block(nn.Module):
    """1x1 up, dense 3x3 (two of them for kernel 5), gate, and at stride 1 the input added."""

    def __init__(self, kernel, inputs, expansion, outputs, gate, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, expansion), nn.BatchNorm2d(expansion)
        self.conv2, self.bn2 = conv(expansion, outputs, 3, stride if kernel == 3 else 1), nn.BatchNorm2d(outputs)
        self.deep, self.stride = kernel == 5, stride
        if self.deep:
            self.conv3, self.bn3 = conv(outputs, outputs, 3, stride), nn.BatchNorm2d(outputs)
        self.se = SE(outputs) if gate else None
        self.shortcut = nn.Sequential(conv(inputs, outputs), nn.BatchNorm2d(outputs)) if stride == 1 and inputs != outputs else nn.Sequential()

    def forward(self, x):
        out = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        if self.deep:
            out = F.relu(self.bn3(self.conv3(out)))
        if self.se is not None:
            out = self.se(out)
        return out + self.shortcut(x) if self.stride == 1 else out


class Backbone(nn.Module):
    def __init__(self, stem=8):
        super().__init__()
        self.conv1, self.bn1 = conv(1, stem, 3, 2), nn.BatchNorm2d(stem)
        widths = [stem] + [block[2] for block in BLOCKS]
        self.bneck = nn.Sequential(*(Block(k, inputs, *rest) for inputs, (k, *rest) in zip(widths, BLOCKS)))

    def forward(self, x):
        x, kept = F.relu(self.bn1(self.conv1(x))), []
        for index, block in enumerate(self.bneck):
            x = block(x)
            if index in (2, 7, 8):
                kept.append(x)
        return kept


class Up(nn.Module):
    """Twice the size by nearest neighbours, then a 3x3."""

    def __init__(self, width):
        super().__init__()
        self.conv = CBA(3, width, width)

    def forward(self, x):
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class Context(nn.Module):
    """Two reaches beyond a 3x3: one and two more 3x3."""

    def __init__(self, inputs, width):
        super().__init__()
        self.inconv, self.upconv = CBA(3, inputs, width), CBA(3, width, width)
        self.downconv, self.downconv2 = CBA(3, width, width), CBA(3, width, width)

    def forward(self, x):
        x = self.inconv(x)
        return self.upconv(x), self.downconv2(self.downconv(x))


class Detect(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.upconv, self.context = CBA(3, width, width // 2), Context(width, width // 4)

    def forward(self, x):
        return torch.cat((self.upconv(x), *self.context(x)), 1)


class Output(nn.Module):
    def __init__(self, inputs, outputs, bias=0.0):
        super().__init__()
        self.head = nn.Conv2d(inputs, outputs, 1)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.constant_(self.head.bias, bias)

    def forward(self, x):
        return self.head(x)


class FaceDetLite(nn.Module):
    """batch x 1 x H x W grey in 0..1, H and W multiples of 32, to raw `heatmap`, `bbox` (l, t, r, b in cells) and `landmark`
    (five x, five y, in cells from the cell)."""

    def __init__(self, width=24):
        super().__init__()
        self.bb = Backbone()
        s8, s16, s32 = (BLOCKS[index][2] for index in (2, 7, 8))
        self.conv3, self.connect1, self.connect2 = CBA(1, s32, width), CBA(1, s8, width), CBA(1, s16, width)
        self.up0, self.up1, self.detect = Up(width), Up(width), Detect(width)
        self.center, self.box, self.landmark = Output(width, 1, -4.0), Output(width, 4, 1.5), Output(width, 2 * LANDMARKS)

    def forward(self, x):
        c8, c16, c32 = self.bb((x - MEAN) * (1 / STD))
        t16 = self.up0(self.conv3(c32)) + self.connect2(c16)
        f = self.detect(self.up1(t16) + self.connect1(c8))
        return self.center(f), self.box(f), self.landmark(f)
