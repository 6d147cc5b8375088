"""SphereFace's network: names and layers of its PyTorch ports, without the classifier."""

from torch import nn

from .images import scaled

UNITS = {20: (1, 2, 4, 1), 64: (3, 8, 16, 3)}


class SphereNet(nn.Module):
    def __init__(self, units, embedding, places):
        super().__init__()
        self.units = units
        inputs = 3
        for stage, (count, outputs) in enumerate(zip(units, (64, 128, 256, 512)), 1):
            for at in range(1, 2 * count + 2):
                setattr(self, f"conv{stage}_{at}", nn.Conv2d(inputs, outputs, 3, 2 if at == 1 else 1, 1))
                setattr(self, f"relu{stage}_{at}", nn.PReLU(outputs))
                inputs = outputs
        self.fc5 = nn.Linear(512 * places, embedding)

    def piece(self, name, x):
        return getattr(self, f"relu{name}")(getattr(self, f"conv{name}")(x))

    def forward(self, x):
        for stage, count in enumerate(self.units, 1):
            x = self.piece(f"{stage}_1", x)
            for at in range(2, 2 * count + 1, 2):
                x = x + self.piece(f"{stage}_{at + 1}", self.piece(f"{stage}_{at}", x))
        return self.fc5(x.flatten(1))


def build(sides=(112, 96), depth=20, embedding=512):
    places = -(-sides[0] // 16) * -(-sides[1] // 16)
    return SphereNet(UNITS[depth], embedding, places), scaled(127.5, 128, "bgr")
