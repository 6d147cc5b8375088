"""Light CNN: names and layers of the authors' `light_cnn.py` and of FaceX-Zoo's form of it, without the classifiers."""

import torch
from torch import nn
from torch.nn import functional

from .images import grey, scaled


class Mfm(nn.Module):
    """The larger of two halves of the channels."""

    def __init__(self, inputs, outputs, kernel=None):
        super().__init__()
        self.filter = nn.Conv2d(inputs, 2 * outputs, kernel, 1, kernel // 2) if kernel else nn.Linear(inputs, 2 * outputs)

    def forward(self, x):
        return torch.maximum(*self.filter(x).chunk(2, 1))


class Group(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv_a = Mfm(inputs, inputs, 1)
        self.conv = Mfm(inputs, outputs, 3)

    def forward(self, x):
        return self.conv(self.conv_a(x))


class ResBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = Mfm(channels, channels, 3)
        self.conv2 = Mfm(channels, channels, 3)

    def forward(self, x):
        return self.conv2(self.conv1(x)) + x


class Nine(nn.Module):
    def __init__(self, places, dropout):
        super().__init__()
        pool = lambda: nn.MaxPool2d(2, 2, ceil_mode=True)
        groups = [Group(48, 96), pool(), Group(96, 192), pool(), Group(192, 128), Group(128, 128), pool()]
        self.features = nn.Sequential(Mfm(1, 48, 5), pool(), *groups)
        self.fc1 = Mfm(128 * places, 256)
        self.dropout = dropout

    def forward(self, x):
        return functional.dropout(self.fc1(self.features(x).flatten(1)), self.dropout, self.training)


class TwentyNine(nn.Module):
    def __init__(self, form, places, dropout):
        super().__init__()
        self.both = form == "29v2"
        self.dropout = dropout
        self.conv1 = Mfm(3 if form == "29_facex_zoo" else 1, 48, 5)
        for at, (inputs, outputs) in enumerate([(48, 96), (96, 192), (192, 128), (128, 128)], 1):
            setattr(self, f"block{at}", nn.Sequential(*[ResBlock(inputs) for _ in range(at)]))
            setattr(self, f"group{at}", Group(inputs, outputs))
        if form == "29":
            self.fc = Mfm(128 * places, 256)
        elif form == "29v2":
            self.fc = nn.Linear(128 * places, 256)
        else:
            norms = nn.BatchNorm2d(128), nn.BatchNorm1d(512)
            self.output_layer = nn.Sequential(norms[0], nn.Dropout(dropout), nn.Flatten(), nn.Linear(128 * places, 512), norms[1])

    def pool(self, x):
        largest = functional.max_pool2d(x, 2, 2, ceil_mode=True)
        return largest + functional.avg_pool2d(x, 2, 2, ceil_mode=True) if self.both else largest

    def forward(self, x):
        x = self.pool(self.conv1(x))
        x = self.pool(self.group1(self.block1(x)))
        x = self.pool(self.group2(self.block2(x)))
        x = self.group3(self.block3(x))
        x = self.pool(self.group4(self.block4(x)))
        if hasattr(self, "output_layer"):
            return self.output_layer(x)
        return functional.dropout(self.fc(x.flatten(1)), self.dropout, self.training)


def build(form, sides=(128, 128), dropout=0.5):
    places = (sides[0] // 16) * (sides[1] // 16)
    network = Nine(places, dropout) if form == "9" else TwentyNine(form, places, dropout)
    return network, scaled(127.5, 127.5) if form == "29_facex_zoo" else grey
