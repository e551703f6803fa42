"""MobileNetV2 (Sandler et al., 2018): inverted residuals with depthwise convolutions, BatchNorm and ReLU6.

The paper's table 2 for small pictures: the total stride is 16, not 32, and stages repeat less often, 13 blocks instead of 17.

Names of the state follow torchvision's: features.N.conv...., classifier.1.
"""

import torch
from torch import nn

# expansion, channels, repeats, stride of the first
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 2, 2), (6, 64, 3, 2), (6, 96, 2, 1), (6, 160, 2, 1), (6, 320, 1, 1))


def narrowed(channels, width):
    """Channels times the width, rounded to a multiple of 8, never more than a tenth below."""
    rounded = max(8, int(channels * width + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels * width else rounded


def conv_bn_relu6(inputs, outputs, kernel=1, stride=1, groups=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
                         nn.BatchNorm2d(outputs), nn.ReLU6())


class InvertedResidual(nn.Module):
    """Widen (1x1), filter each channel (3x3 depthwise), narrow (1x1, linear); added to the input where shapes allow."""

    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        hidden = inputs * expansion
        layers = [conv_bn_relu6(inputs, hidden)] if expansion != 1 else []
        layers += [conv_bn_relu6(hidden, hidden, 3, stride, hidden), nn.Conv2d(hidden, outputs, 1, bias=False),
                   nn.BatchNorm2d(outputs)]
        self.conv = nn.Sequential(*layers)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.conv(x) if self.residual else self.conv(x)


class MobileNetV2(nn.Module):
    """Pictures n x 3 x h x w, normalised, to logits n x classes."""

    def __init__(self, classes, width=0.35, last=640, dropout=0.1):
        super().__init__()
        channels = narrowed(32, width)
        features = [conv_bn_relu6(3, channels, 3, 2)]
        for expansion, wide, repeats, stride in STAGES:
            outputs = narrowed(wide, width)
            for repeat in range(repeats):
                features.append(InvertedResidual(channels, outputs, stride if repeat == 0 else 1, expansion))
                channels = outputs
        features.append(conv_bn_relu6(channels, last))
        self.features = nn.Sequential(*features)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(last, classes))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
        nn.init.normal_(self.classifier[1].weight, 0, 0.01)

    def forward(self, x):
        return self.classifier(torch.flatten(self.pool(self.features(x)), 1))
