"""NanoDet-Plus for three classes: ShuffleNetV2, GhostPAN with an extra level, one head a level. The parameters' names are the
published model's (docs/tasks.md describes the decoding); only the widths differ."""

import torch
import torch.nn.functional as F
from torch import nn

from training.depthwise import Depthwise

STRIDES = (8, 16, 32, 64)
BINS = 8  # a distance is a distribution over 0..7 strides
SLOPE = 0.1


def leaky():
    return nn.LeakyReLU(SLOPE, inplace=True)


def conv(inputs, outputs, kernel=1, stride=1, groups=1):
    """A convolution without bias, padded to keep (or, at stride 2, halve) the size."""
    if groups > 1:
        return Depthwise(inputs, kernel, stride)
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


def sizes(x):
    """Channels, height and width as plain numbers, so that an export has them as constants and only the batch stays open."""
    return tuple(int(size) for size in x.shape[1:])


def shuffled(x, training):
    """Channel 2 i + g takes channel g * half + i. While training it is written the way that keeps channels last in memory."""
    channels, height, width = sizes(x)
    if training:
        x = x.permute(0, 2, 3, 1).reshape(-1, height, width, 2, channels // 2).transpose(3, 4)
        return x.reshape(-1, height, width, channels).permute(0, 3, 1, 2)
    return x.reshape(-1, 2, channels // 2, height, width).transpose(1, 2).reshape(-1, channels, height, width)


class ShuffleBlock(nn.Module):
    """A unit of ShuffleNetV2: at stride 1 half of the channels pass by; at stride 2 both branches see all."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        half = outputs // 2
        self.stride, self.half = stride, half
        into = inputs if stride == 2 else half
        self.branch1 = nn.Sequential(conv(inputs, inputs, 3, 2, inputs), nn.BatchNorm2d(inputs), conv(inputs, half),
                                     nn.BatchNorm2d(half), leaky()) if stride == 2 else nn.Sequential()
        self.branch2 = nn.Sequential(conv(into, half), nn.BatchNorm2d(half), leaky(), conv(half, half, 3, stride, half),
                                     nn.BatchNorm2d(half), conv(half, half), nn.BatchNorm2d(half), leaky())

    def forward(self, x):
        if self.stride == 2:
            return shuffled(torch.cat((self.branch1(x), self.branch2(x)), 1), self.training)
        passing, worked = x.split(self.half, 1)
        return shuffled(torch.cat((passing, self.branch2(worked)), 1), self.training)


class ShuffleNetV2(nn.Module):
    """The backbone; gives the maps of strides 8, 16 and 32."""

    def __init__(self, stem, widths, repeats=(4, 8, 4)):
        super().__init__()
        self.conv1 = nn.Sequential(conv(3, stem, 3, 2), nn.BatchNorm2d(stem), leaky())
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs = stem
        for index, (outputs, count) in enumerate(zip(widths, repeats)):
            blocks = [ShuffleBlock(inputs, outputs, 2)] + [ShuffleBlock(outputs, outputs, 1) for _ in range(count - 1)]
            setattr(self, f"stage{index + 2}", nn.Sequential(*blocks))
            inputs = outputs

    def forward(self, x):
        x = self.maxpool(self.conv1(x))
        c2 = self.stage2(x)
        c3 = self.stage3(c2)
        return c2, c3, self.stage4(c3)


class ConvModule(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv, self.bn, self.act = conv(inputs, outputs), nn.BatchNorm2d(outputs), leaky()

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))


class DepthwiseConvModule(nn.Module):
    """5x5 depthwise, then 1x1, each with BatchNorm and activation."""

    def __init__(self, width, stride=1):
        super().__init__()
        self.depthwise, self.pointwise = conv(width, width, 5, stride, width), conv(width, width)
        self.dwnorm, self.pwnorm, self.act = nn.BatchNorm2d(width), nn.BatchNorm2d(width), leaky()

    def forward(self, x):
        x = self.act(self.dwnorm(self.depthwise(x)))
        return self.act(self.pwnorm(self.pointwise(x)))


class GhostModule(nn.Module):
    """Half of the channels by a 1x1, the other half by a cheap depthwise 3x3 of those."""

    def __init__(self, inputs, outputs, act):
        super().__init__()
        half = outputs // 2
        self.primary_conv = nn.Sequential(conv(inputs, half), nn.BatchNorm2d(half), leaky() if act else nn.Sequential())
        self.cheap_operation = nn.Sequential(conv(half, half, 3, 1, half), nn.BatchNorm2d(half), leaky() if act else nn.Sequential())

    def forward(self, x):
        x = self.primary_conv(x)
        return torch.cat((x, self.cheap_operation(x)), 1)


class GhostBottleneck(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.ghost1, self.ghost2 = GhostModule(inputs, outputs, True), GhostModule(outputs, outputs, False)
        self.shortcut = nn.Sequential(conv(inputs, inputs, 5, 1, inputs), nn.BatchNorm2d(inputs), conv(inputs, outputs), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return self.ghost2(self.ghost1(x)) + self.shortcut(x)


class GhostBlocks(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.blocks = nn.Sequential(GhostBottleneck(inputs, outputs))

    def forward(self, x):
        return self.blocks(x)


def doubled(x):
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


class GhostPAN(nn.Module):
    """The neck: down from coarse to fine, up again, and one level beyond."""

    def __init__(self, inputs, width):
        super().__init__()
        self.reduce_layers = nn.ModuleList(ConvModule(channels, width) for channels in inputs)
        self.top_down_blocks = nn.ModuleList(GhostBlocks(2 * width, width) for _ in range(2))
        self.downsamples = nn.ModuleList(DepthwiseConvModule(width, 2) for _ in range(2))
        self.bottom_up_blocks = nn.ModuleList(GhostBlocks(2 * width, width) for _ in range(2))
        self.extra_lvl_in_conv = nn.ModuleList([DepthwiseConvModule(width, 2)])
        self.extra_lvl_out_conv = nn.ModuleList([DepthwiseConvModule(width, 2)])

    def forward(self, maps):
        r2, r3, r4 = (reduce(x) for reduce, x in zip(self.reduce_layers, maps))
        t3 = self.top_down_blocks[0](torch.cat((doubled(r4), r3), 1))
        p2 = self.top_down_blocks[1](torch.cat((doubled(t3), r2), 1))
        p3 = self.bottom_up_blocks[0](torch.cat((self.downsamples[0](p2), t3), 1))
        p4 = self.bottom_up_blocks[1](torch.cat((self.downsamples[1](p3), r4), 1))
        return p2, p3, p4, self.extra_lvl_in_conv[0](r4) + self.extra_lvl_out_conv[0](p4)


class Project(nn.Module):
    """Holds 0..7, whose mean under a softmax is a distance in strides."""

    def __init__(self):
        super().__init__()
        self.register_buffer("project", torch.arange(BINS, dtype=torch.float32))


class Head(nn.Module):
    """Per level two depthwise modules and one 1x1: class logits, then four distributions (left, top, right, bottom)."""

    def __init__(self, classes, width):
        super().__init__()
        self.cls_convs = nn.ModuleList(nn.Sequential(DepthwiseConvModule(width), DepthwiseConvModule(width)) for _ in STRIDES)
        self.gfl_cls = nn.ModuleList(nn.Conv2d(width, classes + 4 * BINS, 1) for _ in STRIDES)
        self.distribution_project = Project()
        for layer in self.gfl_cls:
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)
            nn.init.constant_(layer.bias[:classes], -4.6)  # a score of 0.01: nearly every cell is empty

    def forward(self, maps):
        levels = [last(convs(x)) for convs, last, x in zip(self.cls_convs, self.gfl_cls, maps)]
        return [level.reshape(-1, sizes(level)[0], sizes(level)[1] * sizes(level)[2]) for level in levels]


class NanoDetPlus(nn.Module):
    """batch x 3 x H x W (BGR, normalised) to batch x cells x (classes + 32): scores, or logits in training, then distributions."""

    def __init__(self, classes=3, stem=24, widths=(48, 96, 192), neck=64):
        super().__init__()
        self.classes = classes
        self.backbone, self.fpn, self.head = ShuffleNetV2(stem, widths), GhostPAN(widths, neck), Head(classes, neck)
        for module in self.modules():
            if isinstance(module, nn.Conv2d) and module.bias is None:
                nn.init.kaiming_normal_(module.weight, a=SLOPE, mode="fan_out", nonlinearity="leaky_relu")
                if module.groups > 1:
                    nn.init.normal_(module.weight, std=(2.0 / module.weight[0].numel()) ** 0.5)

    def forward(self, x):
        x = torch.cat(self.head(self.fpn(self.backbone(x))), 2).permute(0, 2, 1)
        if self.training:
            return x
        scores, bins = x.split((self.classes, 4 * BINS), 2)
        return torch.cat((scores.sigmoid(), bins), 2)
