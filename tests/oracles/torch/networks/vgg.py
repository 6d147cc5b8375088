"""VGG-16 of VGGFace: names and layers of its PyTorch ports, without the classifier."""

from torch import nn
from torch.nn import functional

from .images import scaled

STAGES = [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)]


class Vgg16(nn.Module):
    def __init__(self, places, dropout):
        super().__init__()
        inputs = 3
        for stage, (count, outputs) in enumerate(STAGES, 1):
            for at in range(1, count + 1):
                setattr(self, f"conv_{stage}_{at}", nn.Conv2d(inputs, outputs, 3, 1, 1))
                inputs = outputs
        self.fc6 = nn.Linear(512 * places, 4096)
        self.fc7 = nn.Linear(4096, 4096)
        self.dropout = dropout

    def forward(self, x):
        for stage, (count, _) in enumerate(STAGES, 1):
            for at in range(1, count + 1):
                x = getattr(self, f"conv_{stage}_{at}")(x).relu()
            x = functional.max_pool2d(x, 2, 2)
        x = functional.dropout(self.fc6(x.flatten(1)).relu(), self.dropout, self.training)
        return functional.dropout(self.fc7(x).relu(), self.dropout, self.training)


def build(sides=(224, 224), dropout=0.5):
    return Vgg16((sides[0] // 32) * (sides[1] // 32), dropout), scaled([93.5940, 104.7624, 129.1863], 1, "bgr")
