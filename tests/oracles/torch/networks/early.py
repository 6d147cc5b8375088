"""DeepID's network and DeepFace's, whose layers do not share their weights everywhere. No public code: the names are ddl's."""

import torch
from torch import nn
from torch.nn import functional

from .images import scaled


class Local(nn.Module):
    """A window of its own weights at each place of the map that comes out, or at each square of `shared` x `shared` places."""

    def __init__(self, inputs, outputs, kernel, stride, sides, shared=1):
        super().__init__()
        self.kernel, self.stride, self.inputs = kernel, stride, inputs
        rows, columns = (torch.arange(side) // shared for side in sides)
        self.region = rows[:, None] * (int(columns[-1]) + 1) + columns  # [height, width]
        regions = int(self.region[-1, -1]) + 1
        self.weight = nn.Parameter(torch.zeros(regions, outputs, inputs * kernel * kernel))
        self.bias = nn.Parameter(torch.zeros(regions, outputs))

    def forward(self, x):
        windows = x.unfold(2, self.kernel, self.stride).unfold(3, self.kernel, self.stride)  # [n, inputs, height, width, kernel, kernel]
        weight = self.weight.unflatten(2, (self.inputs, self.kernel, self.kernel))[self.region]
        return torch.einsum("nchwij,hwocij->nohw", windows, weight) + self.bias[self.region].permute(2, 0, 1)


class DeepId(nn.Module):
    def __init__(self, sides, embedding):
        super().__init__()
        third = [((side - 3) // 2 - 2) // 2 - 2 for side in sides]
        pooled = [side // 2 for side in third]
        fourth = [side - 1 for side in pooled]
        self.conv1 = nn.Conv2d(3, 20, 4)
        self.conv2 = nn.Conv2d(20, 40, 3)
        self.conv3 = Local(40, 60, 3, 1, third, shared=2)
        self.conv4 = Local(60, 80, 2, 1, fourth)
        self.fc = nn.ModuleDict(
            {
                "pool3": nn.Linear(60 * pooled[0] * pooled[1], embedding),
                "conv4": nn.Linear(80 * fourth[0] * fourth[1], embedding),
            }
        )

    def forward(self, x):
        for conv in (self.conv1, self.conv2, self.conv3):
            x = functional.max_pool2d(conv(x).relu(), 2, 2)
        fourth = self.conv4(x).relu()
        return (self.fc["pool3"](x.flatten(1)) + self.fc["conv4"](fourth.flatten(1))).relu()


class DeepFace(nn.Module):
    def __init__(self, embedding, width, dropout):
        super().__init__()
        self.c1 = nn.Conv2d(3, 32, 11)
        self.c3 = nn.Conv2d(32, width, 9)
        self.l4 = Local(width, width, 9, 1, (55, 55))
        self.l5 = Local(width, width, 7, 2, (25, 25))
        self.l6 = Local(width, width, 5, 1, (21, 21))
        self.f7 = nn.Linear(width * 21 * 21, embedding)
        self.dropout = dropout

    def forward(self, x):
        x = functional.max_pool2d(self.c1(x).relu(), 3, 2, ceil_mode=True)
        for layer in (self.c3, self.l4, self.l5, self.l6):
            x = layer(x).relu()
        return functional.dropout(self.f7(x.flatten(1)).relu(), self.dropout, self.training)


def build_deepid(sides, form="deepid", embedding=160):
    return DeepId(sides, embedding), scaled(0, 255)


def build_deepface(sides=(152, 152), embedding=4096, width=16, dropout=0.5):
    return DeepFace(embedding, width, dropout), scaled(0, 255)
