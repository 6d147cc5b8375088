"""ResNet-50 and SE-ResNet-50 of VGGFace2 and Hopenet: names and layers of the former's PyTorch ports and of the authors' `hopenet.py`."""

import torch
from torch import nn

from .images import scaled

STAGES = [(3, 64), (4, 128), (6, 256), (3, 512)]


class Bottleneck(nn.Module):
    def __init__(self, inputs, inside, stride, first, se):
        super().__init__()
        outputs, strides = 4 * inside, (stride, 1) if first else (1, stride)
        self.conv1 = nn.Conv2d(inputs, inside, 1, strides[0], bias=False)
        self.bn1 = nn.BatchNorm2d(inside)
        self.conv2 = nn.Conv2d(inside, inside, 3, strides[1], 1, bias=False)
        self.bn2 = nn.BatchNorm2d(inside)
        self.conv3 = nn.Conv2d(inside, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.se = se
        if se:
            self.conv4 = nn.Conv2d(outputs, outputs // 16, 1)
            self.conv5 = nn.Conv2d(outputs // 16, outputs, 1)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn1(self.conv1(x)).relu()
        y = self.bn2(self.conv2(y)).relu()
        y = self.bn3(self.conv3(y))
        if self.se:
            y = y * self.conv5(self.conv4(y.mean((2, 3), keepdim=True)).relu()).sigmoid()
        return (y + (x if self.downsample is None else self.downsample(x))).relu()


class ResNet50(nn.Module):
    """With the stride of a stage on the first convolution of its first block, as Caffe has it, or on the second, as torchvision does."""

    def __init__(self, pool, first, se=False):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = pool
        inputs = 64
        for stage, (count, inside) in enumerate(STAGES, 1):
            units = []
            for at in range(count):
                units.append(Bottleneck(inputs, inside, 2 if at == 0 and stage > 1 else 1, first, se))
                inputs = 4 * inside
            setattr(self, f"layer{stage}", nn.Sequential(*units))

    def forward(self, x):
        x = self.maxpool(self.bn1(self.conv1(x)).relu())
        return self.layer4(self.layer3(self.layer2(self.layer1(x)))).mean((2, 3))


class Hopenet(ResNet50):
    def __init__(self):
        super().__init__(nn.MaxPool2d(3, 2, 1), first=False)
        self.fc_yaw = nn.Linear(2048, 66)
        self.fc_pitch = nn.Linear(2048, 66)
        self.fc_roll = nn.Linear(2048, 66)
        self.fc_finetune = nn.Linear(2048 + 3, 3)  # part of published weights; nothing uses it

    def forward(self, x):
        x = super().forward(x)
        bins = torch.arange(66, dtype=x.dtype)
        angles = [(logits(x).softmax(1) * bins).sum(1) * 3 - 99 for logits in (self.fc_yaw, self.fc_pitch, self.fc_roll)]
        return torch.stack(angles, 1)


def build(sides=(224, 224), se=False):
    network = ResNet50(nn.MaxPool2d(3, 2, ceil_mode=True), first=True, se=se)
    return network, scaled([91.4953, 103.8827, 131.0912], 1, "bgr")


def build_hopenet(sides=(224, 224)):
    imagenet = [[255 * x for x in of] for of in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
    return Hopenet(), scaled(*imagenet)
