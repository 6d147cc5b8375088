"""ddl's own small network."""

from torch import nn

from .images import scaled


class Stage(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False)
        self.bn = nn.BatchNorm2d(outputs)
        self.prelu = nn.PReLU(outputs)

    def forward(self, x):
        return self.prelu(self.bn(self.conv(x)))


class Tiny(nn.Module):
    def __init__(self, embedding, width):
        super().__init__()
        inputs = 3
        for at in range(1, 5):
            setattr(self, f"stage{at}", Stage(inputs, at * width))
            inputs = at * width
        self.fc = nn.Linear(4 * inputs, embedding, bias=False)
        self.bn = nn.BatchNorm1d(embedding)

    def forward(self, x):
        x = self.stage4(self.stage3(self.stage2(self.stage1(x))))
        return self.bn(self.fc(nn.functional.adaptive_avg_pool2d(x, 2).flatten(1)))


def build(sides=(64, 64), embedding=64, side=None, width=24):
    return Tiny(embedding, width), scaled(127.5, 127.5)
