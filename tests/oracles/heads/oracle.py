"""Heads computed the plain way, one number at a time, to compare the engine's with. Shares no code with it.

Made again with:
    python3 tests/oracles/heads/oracle.py > tests/oracles/heads/golden.json
"""

import json
import math

CLASSES, WIDTH, BATCH = 5, 6, 4
Y = [0, 3, 4, 2]
W = [[math.cos(0.7 * k + 0.2 * j * k) for j in range(1, WIDTH + 1)] for k in range(1, CLASSES + 1)]
X = [[W[Y[i]][j] + 0.5 * math.sin(1.3 * (i + 1) + 0.9 * (j + 1)) for j in range(WIDTH)] for i in range(BATCH)]
# the centres beside the first: row k, centre s
OTHERS = [[[math.sin(0.5 * (k + 1) + 1.1 * (s + 1) * (j + 1)) for j in range(WIDTH)] for s in range(2)] for k in range(CLASSES)]


def cos(a, b):
    return sum(p * q for p, q in zip(a, b)) / math.sqrt(sum(p * p for p in a) * sum(q * q for q in b))


def ce(logits):
    losses = []
    for row, y in zip(logits, Y):
        top = max(row)
        losses.append(top + math.log(sum(math.exp(z - top) for z in row)) - row[y])
    return sum(losses) / len(losses)


def head(of_target, of_other, scale, sign=1.0, cosine=None):
    """of_target(cos_y), of_other(cos_j, cos_y), both before the scale."""
    rows = []
    for i in range(BATCH):
        x = [sign * v for v in X[i]]
        c = [cosine(x, k) if cosine else cos(x, W[k]) for k in range(CLASSES)]
        cy = c[Y[i]]
        rows.append([scale * (of_target(cy) if k == Y[i] else of_other(c[k], cy)) for k in range(CLASSES)])
    return ce(rows)


def arc(c, m):
    theta = math.acos(c)
    return math.cos(theta + m) if theta + m < math.pi else c - m * math.sin(math.pi - m)


def psi(c, m):
    theta = math.acos(c)
    k = math.floor(m * theta / math.pi)
    return (-1) ** k * math.cos(m * theta) - 2 * k


def sv(target, scale, t, sign=1.0):
    # the published form: exp(s cos) times h = exp(s (t - 1) (cos + 1))
    def other(c, cy):
        h = math.exp(scale * (t - 1) * (c + 1)) if c > target(cy) else 1.0
        return c + math.log(h) / scale

    return head(target, other, scale, sign)


def mv(target, margin, scale, raise_, sign=1.0, easy=True):
    used = lambda cy: (target(cy) if cy > 0 or not easy else cy)
    return head(used, lambda c, cy: raise_(c) if c > target(cy) else c, scale, sign)


def curricular(t):
    seen = [cos(X[i], W[Y[i]]) for i in range(BATCH)]
    t = 0.1 * sum(seen) / BATCH + 0.9 * t
    value = head(lambda c: arc(c, 0.5), lambda c, cy: c * (t + c) if c > math.cos(math.acos(cy) + 0.5) else c, 16.0)
    return value, t


def subcentre(x, k):
    return max([cos(x, W[k])] + [cos(x, centre) for centre in OTHERS[k]])


def angle_of(cy):
    return math.acos(cy)


out = {}
for name, sign in (("near", 1.0), ("far", -1.0)):
    out[f"sv_plain_{name}"] = sv(lambda c: c, 4.0, 1.2, sign)
    out[f"sv_am_{name}"] = sv(lambda c: c - 0.35, 4.0, 1.2, sign)
    out[f"sv_arc_{name}"] = sv(lambda c: arc(c, 0.5), 4.0, 1.2, sign)
    out[f"mv_am_fixed_{name}"] = mv(lambda c: c - 0.35, 0.35, 4.0, lambda c: c + 0.2, sign)
    out[f"mv_am_adaptive_{name}"] = mv(lambda c: c - 0.35, 0.35, 4.0, lambda c: 1.2 * c + 0.2, sign)
    out[f"mv_arc_fixed_{name}"] = mv(lambda c: math.cos(math.acos(c) + 0.35), 0.35, 4.0, lambda c: c + 0.2, sign)
    out[f"mv_arc_hard_{name}"] = mv(lambda c: math.cos(math.acos(c) + 0.35), 0.35, 4.0, lambda c: 1.2 * c + 0.2, sign, easy=False)
    out[f"sphereface_r_v0_{name}"] = head(lambda c: psi(c, 1.7), lambda c, _: c, 4.0, sign)
    out[f"sphereface_r_v1_{name}"] = head(lambda c: math.cos(min(1.7 * math.acos(c), math.pi)), lambda c, _: c, 4.0, sign)
    out[f"sphereface_r_v2_{name}"] = head(lambda c: c, lambda c, _: math.cos(math.acos(c) / 1.7), 4.0, sign)
    out[f"subcentre_{name}"] = head(lambda c: arc(c, 0.5), lambda c, _: c, 8.0, sign, subcentre)
    out[f"filtered_{name}"] = head(lambda c: arc(c, 0.5), lambda c, _: 0.0 if c > 0.2 else c, 8.0, sign)
value, t = curricular(0.25)
out["curricular_second"], out["curricular_t"] = value, t
json.dump(out, __import__("sys").stdout, indent=1)
print()
