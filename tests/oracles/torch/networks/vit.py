"""Vision transformer for faces: names and layers of insightface's `vit.py`."""

import torch
from torch import nn

from .images import scaled

SIZES = {"t": (256, 12, 8), "s": (512, 12, 8), "b": (512, 24, 8)}  # width, depth, heads


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        split = lambda part: part.unflatten(2, (self.heads, -1)).transpose(1, 2)  # [n, heads, tokens, each]
        q, k, v = map(split, self.qkv(x).chunk(3, 2))
        seen = (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1) @ v
        return self.proj(seen.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    def __init__(self, width, inside):
        super().__init__()
        self.fc1 = nn.Linear(width, inside)
        self.act = nn.ReLU6()
        self.fc2 = nn.Linear(inside, width)

    def forward(self, x):
        return self.fc2(self.act(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width, heads, inside):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.mlp = Mlp(width, inside)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self, width, patch):
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, patch)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class VisionTransformer(nn.Module):
    """Without dropped paths. With `seen` tokens, training shows each image's first ones of `shuffle` `[n, tokens]` to the blocks."""

    def __init__(self, width, depth, heads, patch, count, inside, embedding, seen):
        super().__init__()
        self.seen, self.shuffle = seen, None
        if seen < count:
            self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.patch_embed = PatchEmbed(width, patch)
        self.pos_embed = nn.Parameter(torch.zeros(1, count, width))
        self.blocks = nn.ModuleList([Block(width, heads, inside) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)
        self.feature = nn.Sequential(
            nn.Linear(width * count, width, bias=False),
            nn.BatchNorm1d(width, 2e-5),
            nn.Linear(width, embedding, bias=False),
            nn.BatchNorm1d(embedding, 2e-5),
        )

    def forward(self, x):
        x = self.patch_embed(x) + self.pos_embed
        masks = self.training and hasattr(self, "mask_token")
        at = lambda places: places.unsqueeze(-1).expand(-1, -1, x.shape[-1])
        if masks:
            x = x.gather(1, at(self.shuffle[:, : self.seen]))
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        if masks:
            hidden = self.mask_token.repeat(len(x), self.shuffle.shape[1] - self.seen, 1)
            x = torch.cat([x, hidden], 1).gather(1, at(self.shuffle.argsort(1)))
        return self.feature(x.flatten(1))


def build(size, sides=(112, 112), embedding=512, width=None, depth=None, heads=None, patch=9, mlp=4.0, drop_path=0.0, mask_ratio=0.0):
    if drop_path:
        raise ValueError("no path is dropped here")
    width, depth, heads = (said or own for said, own in zip((width, depth, heads), SIZES[size]))
    count = (sides[0] // patch) * (sides[1] // patch)
    seen = int(count * (1 - mask_ratio))
    return VisionTransformer(width, depth, heads, patch, count, int(width * mlp), embedding, seen), scaled(127.5, 127.5)
