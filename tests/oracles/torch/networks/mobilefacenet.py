"""MobileFaceNet: names and layers of insightface's `mobilefacenet.py`, whose scale 1 is the network of the paper."""

from torch import nn

from .images import scaled

# Whether the last batch norm is affine, whether the last linear layer has a bias, epsilons of 2-d norms and of the last one.
FORMS = {"classic": (True, False, 1e-5, 1e-5), "tface": (False, False, 1e-5, 1e-5), "mxnet": (True, True, 1e-3, 2e-5)}
# insightface's two: how many times the channels between units, units of each stage.
SCALED = {"mbf": (2, (1, 4, 6, 2)), "mbf_large": (4, (2, 8, 12, 4))}


class ConvBlock(nn.Module):
    def __init__(self, inputs, outputs, kernel=1, stride=1, padding=0, groups=1, activation=True, eps=1e-5):
        super().__init__()
        conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
        self.layers = nn.Sequential(conv, nn.BatchNorm2d(outputs, eps), *([nn.PReLU(outputs)] if activation else []))

    def forward(self, x):
        return self.layers(x)


class DepthWise(nn.Module):
    def __init__(self, inputs, outputs, inside, stride, eps, residual=False):
        super().__init__()
        self.residual = residual
        self.layers = nn.Sequential(
            ConvBlock(inputs, inside, eps=eps),
            ConvBlock(inside, inside, 3, stride, 1, inside, eps=eps),
            ConvBlock(inside, outputs, activation=False, eps=eps),
        )

    def forward(self, x):
        return x + self.layers(x) if self.residual else self.layers(x)


class Residual(nn.Module):
    def __init__(self, channels, count, inside, eps):
        super().__init__()
        self.layers = nn.Sequential(*[DepthWise(channels, channels, inside, 1, eps, residual=True) for _ in range(count)])

    def forward(self, x):
        return self.layers(x)


class GDC(nn.Module):
    """A window over the whole last map, and a linear layer."""

    def __init__(self, embedding, window, affine, bias, eps, last_eps):
        super().__init__()
        self.layers = nn.Sequential(
            ConvBlock(512, 512, window, groups=512, activation=False, eps=eps),
            nn.Flatten(),
            nn.Linear(512, embedding, bias=bias),
            nn.BatchNorm1d(embedding, last_eps, affine=affine),
        )

    def forward(self, x):
        return self.layers(x)


class MobileFaceNet(nn.Module):
    def __init__(self, embedding, window, form, scale, blocks):
        super().__init__()
        affine, bias, eps, last_eps = form
        narrow, wide = 64 * scale, 128 * scale
        one = lambda: ConvBlock(narrow, narrow, 3, 1, 1, 64, eps=eps)
        self.layers = nn.ModuleList(
            [
                ConvBlock(3, narrow, 3, 2, 1, eps=eps),
                one() if blocks[0] == 1 else Residual(narrow, blocks[0], 128, eps),
                DepthWise(narrow, narrow, 128, 2, eps),
                Residual(narrow, blocks[1], 128, eps),
                DepthWise(narrow, wide, 256, 2, eps),
                Residual(wide, blocks[2], 256, eps),
                DepthWise(wide, wide, 512, 2, eps),
                Residual(wide, blocks[3], 256, eps),
            ]
        )
        self.conv_sep = ConvBlock(wide, 512, eps=eps)
        self.features = GDC(embedding, window, affine, bias, eps, last_eps)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.features(self.conv_sep(x))


def build(sides=(112, 112), embedding=128, variant="classic"):
    scale, blocks = SCALED.get(variant, (1, (1, 4, 6, 2)))
    network = MobileFaceNet(embedding, -(-sides[0] // 16), FORMS.get(variant, FORMS["classic"]), scale, blocks)
    return network, scaled(127.5, 127.5 if variant in SCALED else 128)
