"""The networks of the benchmark as their PyTorch authors write them: MobileFaceNet (spec 5.3) and insightface's iresnet."""

from torch import nn


def unit(inputs, outputs, kernel=1, stride=1, padding=0, groups=1, activation=True):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([nn.PReLU(outputs)] if activation else []))


class DepthWise(nn.Module):
    def __init__(self, inputs, outputs, stride, expansion, residual=False):
        super().__init__()
        self.residual = residual
        self.body = nn.Sequential(
            unit(inputs, expansion),
            unit(expansion, expansion, 3, stride, 1, expansion),
            unit(expansion, outputs, activation=False),
        )

    def forward(self, x):
        return x + self.body(x) if self.residual else self.body(x)


def mobilefacenet(embedding=128):
    return nn.Sequential(
        unit(3, 64, 3, 2, 1),
        unit(64, 64, 3, 1, 1, 64),
        DepthWise(64, 64, 2, 128),
        *[DepthWise(64, 64, 1, 128, residual=True) for _ in range(4)],
        DepthWise(64, 128, 2, 256),
        *[DepthWise(128, 128, 1, 256, residual=True) for _ in range(6)],
        DepthWise(128, 128, 2, 512),
        *[DepthWise(128, 128, 1, 256, residual=True) for _ in range(2)],
        unit(128, 512),
        unit(512, 512, 7, groups=512, activation=False),
        nn.Flatten(),
        nn.Linear(512, embedding, bias=False),
        nn.BatchNorm1d(embedding),
    )


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.prelu = nn.PReLU(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn3(self.conv2(self.prelu(self.bn2(self.conv1(self.bn1(x))))))
        return y + (x if self.downsample is None else self.downsample(x))


def iresnet18():
    layers, inputs = [nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64)], 64
    for outputs in (64, 128, 256, 512):
        layers += [BasicBlock(inputs, outputs, 2), BasicBlock(outputs, outputs, 1)]
        inputs = outputs
    last = nn.BatchNorm1d(512)
    last.weight.requires_grad = False
    return nn.Sequential(*layers, nn.BatchNorm2d(512), nn.Flatten(), nn.Linear(512 * 7 * 7, 512), last)


NETWORKS = {"mobilefacenet": mobilefacenet, "iresnet18": iresnet18}
