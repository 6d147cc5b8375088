"""The distribution distillation loss in PyTorch, as its released code computes it (spec 1.3, 1.4)."""

import torch
from torch.nn.functional import normalize

WIDTH = 128
NODES = torch.arange(1000) / 1000


def wave(rows, a, b, c):
    i, j = torch.arange(1, rows + 1, dtype=torch.float64)[:, None], torch.arange(1, WIDTH + 1, dtype=torch.float64)
    return torch.sin(a * i + b * j + c * i * j).float()


def steps(students: int, pairs: int):
    """Forward and backward of one teacher and so many students on the embeddings of src/engine/src/bench/distillation.rs."""
    branches = []
    for at in range(students + 1):
        left = wave(pairs, 0.9 + 0.1 * at, 0.5, 0.3)
        right = left + 0.3 * wave(pairs, 1.7 + 0.1 * at, 0.2, 1.1)
        branches.append([x.requires_grad_() for x in (left, right, wave(pairs, 0.37 + 0.1 * at, 0.11, 0.73))])

    def step():
        for branch in branches:
            for x in branch:
                x.grad = None
        value = loss(branches)
        value.backward()
        return value.item()

    return step


def loss(branches):
    positive, negative = zip(*[similarities(*branch) for branch in branches])
    apart = lambda sets: sum(divergence(histogram(sets[0]), histogram(of)) for of in sets[1:])
    order = sum(n.mean() - p.mean() for p in positive for n in negative)
    return 0.1 * apart(positive) + 0.02 * apart(negative) + 0.5 * order


def similarities(left, right, others):
    positive = (normalize(left) * normalize(right)).sum(1)
    others = normalize(others)
    return positive[positive > 0], (others @ others.T).triu(1).max(1).values


def histogram(values):
    sums = torch.exp(-50 * (values[:, None] - NODES) ** 2).sum(0)
    return sums / sums.sum()


def divergence(p, q):
    return ((p + 1e-9) * ((p + 1e-9).log() - (q + 1e-9).log())).sum()
