"""Verification and identification of templates computed the plain way, to compare `ddl::eval` with. Shares no code with it: pooling is written as insightface's
`eval_ijbc.py` has it (`image2template_feature`), the points of the ROC curve are
scikit-learn's, and open sets are judged by the rule of insightface's `ijb_evals.py` (`evaluation_1N`).

Made again with (any recent versions will do):
    pip install numpy scikit-learn && python3 tests/oracles/templates/oracle.py > tests/oracles/templates/golden.json
"""

import json
import sys

import numpy as np
from sklearn.metrics import roc_auc_score, roc_curve

FACES, DIM, PEOPLE, TEMPLATES = 90, 24, 9, 27
FARS = (0.01, 0.05, 0.1, 0.3)


def features():
    """Rows of very different lengths; face i is of person i mod 9."""
    i, k = np.arange(FACES)[:, None], np.arange(DIM)[None, :]
    person = i % PEOPLE
    x = (4 * ((i * i * 37 + k * 101 + i * k * 13) % 257) + 2 * ((person * 71 + k * 29 + person * k * 7) % 257)) / 384 - 2
    return (x * (1 + i % 7)).astype(np.float32)


face = np.arange(FACES)
template = 5 + 3 * (face % TEMPLATES)  # 9 divides 27: a template shows one person
medium = (face * 11) % 4
score = 0.25 + (face % 5) / 8
ids = np.unique(template)
pairs = [(a, b) for at, a in enumerate(ids) for b in ids[at + 1 :]]
same = np.array([((a - 5) // 3) % PEOPLE == ((b - 5) // 3) % PEOPLE for a, b in pairs])


def pooled(unit, weighted):
    x = features().astype(np.float64)
    if unit:
        x = x / np.sqrt(np.sum(x**2, -1, keepdims=True))
    if weighted:
        x = x * score[:, None]
    out = np.zeros((len(ids), DIM))
    for count, t in enumerate(ids):
        (ind_t,) = np.where(template == t)
        norm_feats, media = x[ind_t], medium[ind_t]
        media_norm_feats = []
        for u, ct in zip(*np.unique(media, return_counts=True)):
            (ind_m,) = np.where(media == u)
            media_norm_feats += [norm_feats[ind_m]] if ct == 1 else [np.mean(norm_feats[ind_m], axis=0, keepdims=True)]
        out[count] = np.sum(np.array(media_norm_feats), axis=0)
    return out / np.sqrt(np.sum(out**2, -1, keepdims=True))


def product(a, b):
    return np.sum(a * b, -1)


def rates(t, score=product, **how):
    place = {tid: at for at, tid in enumerate(ids)}
    s = np.array([score(t[place[a]], t[place[b]]) for a, b in pairs])
    fpr, tpr, _ = roc_curve(same, s)
    fpr, tpr = np.flipud(fpr), np.flipud(tpr)
    nearest = [tpr[min(zip(abs(fpr - far), range(len(fpr))))[1]] for far in FARS]
    genuine, impostor = s[same], s[~same]
    conservative = [max((genuine >= c).mean() for c in np.append(s, 2.0) if (impostor >= c).mean() <= far + 1e-12) for far in FARS]
    return {
        **how,
        "nearest": nearest,
        "conservative": conservative,
        "auc": roc_auc_score(same, s),
        "gap": genuine.mean() - impostor.mean(),
    }


# Two galleries, by places of templates; the first has two templates of person 0. Of the probes people 7 and 8 are in neither.
GALLERIES = ([0, 1, 2, 3, 9], [4, 5, 6])
PROBES = range(10, TEMPLATES)
FPIRS = (0.1, 0.3, 0.5)


def search(gallery, unit, weighted):
    t = pooled(unit, weighted)
    people = sorted({g % PEOPLE for g in gallery})
    ranks, mates, others, strangers = [], [], [], []
    for probe in PROBES:
        best = {person: max(float(np.dot(t[probe], t[g])) for g in gallery if g % PEOPLE == person) for person in people}
        mate = best.pop(probe % PEOPLE, None)
        if mate is None:
            strangers.append(max(best.values()))
            continue
        ranks.append(1 + sum(other >= mate for other in best.values()))
        mates.append(mate)
        others.append(max(best.values()))
    strangers.sort(reverse=True)
    thresholds = [strangers[max(int(len(strangers) * fpir) - 1, 0)] for fpir in FPIRS]
    return {
        "unit": unit,
        "weighted": weighted,
        "mated": len(mates),
        "strangers": len(strangers),
        "ranks": [sum(rank <= k for rank in ranks) / len(ranks) for k in (1, 2, 3)],
        "tpir": [sum(m > o and m > threshold for m, o in zip(mates, others)) / len(mates) for threshold in thresholds],
    }


def learned(unit, content):
    """Multicolumn's qualities, as the authors' script for IJB-B pools media and templates by them."""
    x = features().astype(np.float64)
    logistic = lambda z: 1 / (1 + np.exp(-z))
    k = np.arange(2 * DIM)
    alpha = logistic(x @ (0.05 * np.sin(0.9 * k[:DIM] + 0.2)) + 0.3)
    out = np.zeros((len(ids), DIM))
    for count, t in enumerate(ids):
        read, taken, quality = [], [], []
        for m in np.unique(medium[template == t]):
            (ind,) = np.where((template == t) & (medium == m))
            share = alpha[ind] / alpha[ind].sum()
            read.append(share @ x[ind])
            units = x[ind] / np.linalg.norm(x[ind], axis=1, keepdims=True)
            taken.append(share @ units / np.linalg.norm(share @ units) if unit else read[-1])
            quality.append(alpha[ind].mean())
        read, taken, quality = np.array(read), np.array(taken), np.array(quality)
        if content:
            whole = quality @ read / quality.sum()
            both = np.concatenate([read, np.repeat(whole[None], len(read), 0)], 1)
            quality = quality * logistic(both @ (0.04 * np.cos(0.6 * k)) - 0.2)
        out[count] = quality @ taken / quality.sum()
    return out / np.linalg.norm(out, axis=1, keepdims=True)


LANDMARKS, HIDDEN = 3, 5
LOCAL = DIM // LANDMARKS


def largest(unit):
    """Of each number the largest of a template's faces, whatever their media: what a comparator network compares."""
    x = features().astype(np.float64)
    if unit:
        x = x / np.linalg.norm(x, axis=1, keepdims=True)
    return np.array([x[template == t].max(0) for t in ids])


def compared(a, b):
    """Twice the probability of one person, less 1."""
    h, i = np.arange(HIDDEN)[:, None], np.arange(2 * LOCAL + LANDMARKS)[None, :]
    weight, bias = 0.6 * np.sin(0.9 * h * i + 0.7 * i + 0.4 * h), 0.2 * np.cos(1.1 * h[:, 0])
    score, logit = 1.5 * np.cos(0.8 * h[:, 0] + 0.1), 0.0
    unit = lambda x: x / np.linalg.norm(x)
    for k, one in enumerate(np.eye(LANDMARKS)):
        own = slice(k * LOCAL, (k + 1) * LOCAL)
        for first, second in [(a, b), (b, a)]:
            both = np.concatenate([unit(first[own]), unit(second[own]), one])
            logit += (score @ np.maximum(weight @ both + bias, 0) - 0.3) / (2 * LANDMARKS)
    return 2 / (1 + np.exp(-logit)) - 1


ways = [(u, w) for u in (False, True) for w in (False, True)]
golden = {"fars": FARS, "genuine": int(same.sum()), "impostor": int((~same).sum()), "rates": [rates(pooled(u, w), unit=u, weighted=w) for u, w in ways]}
golden |= {"fpirs": FPIRS, "searches": [[search(gallery, u, w) for u, w in ways] for gallery in GALLERIES]}
golden["learned"] = [rates(learned(u, c), unit=u, content=c) for u in (False, True) for c in (False, True)]
golden["compared"] = [rates(largest(u), compared, unit=u) for u in (False, True)]
json.dump(golden, sys.stdout, default=float)
print()
