"""Improved ResNet, with and without squeeze and excitation: names and layers of `model_irse.py`, TFace's and face.evoLVe's."""

from torch import nn

from .images import scaled

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 14, 3), 101: (3, 13, 30, 3), 152: (3, 8, 36, 3)}


class SEModule(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // reduction, 1, bias=False)
        self.fc2 = nn.Conv2d(channels // reduction, channels, 1, bias=False)

    def forward(self, x):
        gate = self.fc2(self.fc1(x.mean((2, 3), keepdim=True)).relu())
        return x * gate.sigmoid()


class Unit(nn.Module):
    def __init__(self, inputs, outputs, stride, form, wide, se):
        super().__init__()
        if inputs == outputs:
            self.shortcut_layer = nn.MaxPool2d(1, stride)
        else:
            self.shortcut_layer = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        conv = lambda io, kernel, stride=1: nn.Conv2d(*io, kernel, stride, kernel // 2, bias=False)
        if wide:
            narrow = outputs // 4
            layers = [nn.BatchNorm2d(inputs), conv((inputs, narrow), 1), nn.BatchNorm2d(narrow), nn.PReLU(narrow)]
            layers += [conv((narrow, narrow), 3), nn.BatchNorm2d(narrow), nn.PReLU(narrow)]
            layers += [conv((narrow, outputs), 1, stride), nn.BatchNorm2d(outputs)]
        else:
            between = [nn.BatchNorm2d(outputs)] if form == "tface" else []
            layers = [nn.BatchNorm2d(inputs), conv((inputs, outputs), 3), *between, nn.PReLU(outputs)]
            layers += [conv((outputs, outputs), 3, stride), nn.BatchNorm2d(outputs)]
        self.res_layer = nn.Sequential(*layers)
        if se:
            self.res_layer.add_module("se_block" if form == "tface" else str(len(layers)), SEModule(outputs))

    def forward(self, x):
        return self.res_layer(x) + self.shortcut_layer(x)


class Backbone(nn.Module):
    def __init__(self, depth, form, se, embedding, places, dropout):
        super().__init__()
        wide = depth == 152 and form == "tface"
        self.input_layer = nn.Sequential(nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64))
        units, inputs = [], 64
        for count, outputs in zip(BLOCKS[depth], (256, 512, 1024, 2048) if wide else (64, 128, 256, 512)):
            for at in range(count):
                units.append(Unit(inputs, outputs, 2 if at == 0 else 1, form, wide, se))
                inputs = outputs
        self.output_layer = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.Dropout(dropout),
            nn.Flatten(),
            nn.Linear(inputs * places, embedding),
            nn.BatchNorm1d(embedding, affine=form == "evolve"),
        )
        self.body = nn.Sequential(*units)

    def forward(self, x):
        return self.output_layer(self.body(self.input_layer(x)))


def build(depth, sides=(112, 112), form="tface", se=False, embedding=512, colour="rgb", dropout=None):
    places = -(-sides[0] // 16) * -(-sides[1] // 16)
    dropout = {"tface": 0.4, "evolve": 0.5}[form] if dropout is None else dropout
    return Backbone(depth, form, se, embedding, places, dropout), scaled(127.5, 127.5, colour)
