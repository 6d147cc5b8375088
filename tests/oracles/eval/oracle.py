"""Face-recognition metrics computed the plain way, to compare `ddl::eval` with. Shares no code and no idea of an algorithm with it.

Made again with (any recent versions will do):
    pip install numpy scipy scikit-learn statsmodels && python3 tests/oracles/eval/oracle.py > tests/oracles/eval/golden.json
"""

import heapq
import json
import math
import sys

import numpy as np
from scipy import stats
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from sklearn.metrics import roc_auc_score, roc_curve
from statsmodels.stats.proportion import proportion_confint

rng = np.random.default_rng(3)
FOLDS, PER_KIND = 10, 60


def scores():
    """Pairs in folds, scores rounded so that many tie."""
    fold, same, score = [], [], []
    for f in range(FOLDS):
        for kind, mean, sd in ((True, 0.45, 0.18), (False, 0.02, 0.13)):
            fold += [f] * PER_KIND
            same += [kind] * PER_KIND
            score += list(np.round(np.clip(rng.normal(mean, sd, PER_KIND), -1, 1), 3))
    order = rng.permutation(len(fold))
    return np.array(fold)[order], np.array(same)[order], np.array(score)[order]


def insightface(fold, same, d):
    thresholds = np.arange(0, 4, 0.01)
    accuracies, chosen = [], []
    for f in range(FOLDS):
        train, test = fold != f, fold == f
        acc = [np.mean((d[train] < t) == same[train]) for t in thresholds]
        t = thresholds[int(np.argmax(acc))]
        chosen.append(t)
        accuracies.append(np.mean((d[test] < t) == same[test]))
    return {"mean": np.mean(accuracies), "std": np.std(accuracies), "thresholds": chosen, "folds": accuracies}


def facex_zoo(fold, same, s):
    accuracies, chosen = [], []
    for f in range(FOLDS):
        train, test = fold != f, fold == f
        low, high = s[train].min(), s[train].max()
        thresholds = low + (high - low) / 1000 * np.arange(1, 1001)
        j = [np.mean(s[train & same] > t) - np.mean(s[train & ~same] > t) for t in thresholds]
        t = thresholds[int(np.argmax(j))]
        chosen.append(t)
        accuracies.append((np.sum(s[test & same] > t) + np.sum(s[test & ~same] < t)) / test.sum())
    return {"mean": np.mean(accuracies), "std": np.std(accuracies, ddof=1) / np.sqrt(FOLDS), "thresholds": chosen}


def val(fold, same, d, target):
    thresholds = np.arange(0, 4, 0.001)
    values, fars = [], []
    for f in range(FOLDS):
        train, test = fold != f, fold == f
        far = np.array([np.mean(d[train & ~same] < t) for t in thresholds])
        t = np.interp(target, far, thresholds) if far.max() >= target else 0.0
        values.append(np.mean(d[test & same] < t))
        fars.append(np.mean(d[test & ~same] < t))
    return {"far": target, "val": np.mean(values), "std": np.std(values), "measured_far": np.mean(fars)}


def tar(same, s, target):
    genuine, impostor = s[same], s[~same]
    best = max(((genuine >= t).mean() for t in np.append(s, 2.0) if (impostor >= t).mean() <= target + 1e-12))
    # the IJB scripts: the corners of the curve, the measured FAR nearest to the target. scikit-learn's own `drop_intermediate` also keeps points
    # inside of a straight line where several impostors tie; without such ties both are the same.
    fpr, tpr, _ = roc_curve(same, s, drop_intermediate=False)
    flat, steep = np.diff(tpr) == 0, np.diff(fpr) == 0
    inside = np.r_[False, (flat[1:] & flat[:-1]) | (steep[1:] & steep[:-1]), False]
    fpr, tpr = np.flipud(fpr[~inside]), np.flipud(tpr[~inside])
    nearest = tpr[min(zip(abs(fpr - target), range(len(fpr))))[1]]
    return {"far": target, "conservative": best, "nearest": nearest, "linear": float(np.interp(target, *roc_curve(same, s)[:2]))}


def at_thresholds(same, s):
    """Thresholds in whole steps of 1e-4, told by the first half of the folds and used on the second."""
    s = np.rint(s * 1e4).astype(int)
    here, there = fold < FOLDS // 2, fold >= FOLDS // 2
    rows = []
    for far in (0.05, 0.01, 0.1):
        t = next(t for t in range(-10_000, 10_001) if np.mean(s[here & ~same] >= t) <= far)
        rows.append([far, t / 1e4, np.mean(s[there & ~same] >= t), np.mean(s[there & same] < t)])
    return rows


def delong(genuine, impostor):
    wins = (genuine[:, None] > impostor[None, :]) + 0.5 * (genuine[:, None] == impostor[None, :])
    return np.sqrt(wins.mean(1).var(ddof=1) / len(genuine) + wins.mean(0).var(ddof=1) / len(impostor))


def features(n, d, people):
    i, k = np.arange(n)[:, None], np.arange(d)[None, :]
    label = np.arange(n) % people
    x = ((i * 37 + k * 101 + i * k * 13) % 257 + (label[:, None] * 71 + k * 29 + label[:, None] * k * 7) % 257) / 128 - 2
    return x.astype(np.float32), label


def all_pairs():
    x, label = features(240, 24, 30)
    u = x.astype(np.float64)
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    a, b = np.triu_indices(len(u), 1)
    s, same = (u @ u.T)[a, b], label[a] == label[b]
    targets = [1e-1, 1e-2, 1e-3, 1e-4]
    return {
        "n_genuine": int(same.sum()),
        "n_impostor": int((~same).sum()),
        "auc": roc_auc_score(same, s),
        "gap": s[same].mean() - s[~same].mean(),
        "d_prime": (s[same].mean() - s[~same].mean()) / np.sqrt((s[same].var(ddof=1) + s[~same].var(ddof=1)) / 2),
        "tar": [[t, tar(same, s, t)["conservative"]] for t in targets],
    }


def identification():
    x, label = features(240, 24, 30)
    u = x.astype(np.float64)
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    gallery, probes = np.arange(0, 20), np.arange(30, 240)  # ten of the thirty people are not in the gallery
    s = u[probes] @ u[gallery].T
    known = np.isin(label[probes], label[gallery])
    mate = label[probes][:, None] == label[gallery][None, :]
    mate_score = np.where(mate, s, -9).max(1)
    other = np.where(mate, -9, s).max(1)
    rank = 1 + (np.where(mate, -9, s) >= mate_score[:, None]).sum(1)
    out = {"cmc": [[k, (rank[known] <= k).mean()] for k in (1, 5, 10)], "tpir": []}
    strangers = np.sort(other[~known])[::-1]
    for f in (0.05, 0.1, 0.5):
        t = strangers[max(int(len(strangers) * f) - 1, 0)]
        out["tpir"].append([f, ((mate_score > other) & (mate_score > t))[known].mean()])
    out["recall"] = ijb_1n(u, label, np.arange(0, 30), np.arange(30, 240))
    out["pooled"] = ijb_evals(u, label, [np.arange(0, 12), np.arange(12, 30)], np.r_[30:150, 160:240])
    return out


def ijb_1n(u, label, gallery, probes):
    """`evaluation` of insightface's `ijb_1n.py`: one gallery image of each person, every probe has its mate there."""
    similarity = u[probes] @ u[gallery].T
    mask = [int(np.flatnonzero(label[gallery] == label[p])[0]) for p in probes]
    positive = similarity[np.arange(len(probes)), mask].copy()
    similarity[np.arange(len(probes)), mask] = -2.0
    negative = similarity[similarity > -2.0]
    rows = []
    for far in (0.01, 0.1, 0.5, 1.0):
        largest = heapq.nlargest(math.ceil(round(len(probes) * far, 9)), negative)
        rows.append([far, np.sum(positive > largest[-1]) / len(probes), len(negative)])
    return rows


def ijb_evals(u, label, galleries, probes):
    """Ranks of `run_model_test_1N` of insightface's `ijb_evals.py`: of both galleries together, and the mean of each one's."""
    counts, means = np.zeros(2), np.zeros(2)
    for gallery in galleries:
        mated = [p for p in probes if label[p] in label[gallery]]
        ranked = [label[gallery][np.argsort(-(u[gallery] @ u[p]))] for p in mated]
        hits = np.array([sum(label[p] in order[:k] for p, order in zip(mated, ranked)) for k in (1, 5)])
        counts += hits
        means += hits / len(mated) / len(galleries)
    return {"rank": (counts / len(probes)).tolist(), "mean": means.tolist()}


fold, same, s = scores()
d = 2 - 2 * s
genuine, impostor = s[same], s[~same]
fpr, tpr, _ = roc_curve(same, s, drop_intermediate=False)
a, b = np.array([0.901, 0.885, 0.893, 0.9]), np.array([0.913, 0.889, 0.902, 0.904])
t_test = stats.ttest_rel(b, a).confidence_interval(0.95)
golden = {
    "fold": fold.tolist(),
    "same": same.tolist(),
    "cosine": s.tolist(),
    "insightface": insightface(fold, same, d),
    "facex_zoo": facex_zoo(fold, same, s),
    "val": [val(fold, same, d, t) for t in (1e-2, 5e-2)],
    "tar": [tar(same, s, t) for t in (2e-3, 4.5e-3, 1e-2, 3e-2, 0.1, 0.5)],
    "at_thresholds": at_thresholds(same, s),
    "eer": brentq(lambda x: 1 - x - float(interp1d(fpr, tpr)(x)), 0, 1, xtol=1e-14) if len(np.unique(fpr)) == len(fpr) else None,
    "auc": roc_auc_score(same, s),
    "auc_mann_whitney": stats.mannwhitneyu(genuine, impostor).statistic / len(genuine) / len(impostor),
    "auc_se": delong(genuine, impostor),
    "gap": genuine.mean() - impostor.mean(),
    "d_prime": (genuine.mean() - impostor.mean()) / np.sqrt((genuine.var(ddof=1) + impostor.var(ddof=1)) / 2),
    "wilson": [[k, n, *proportion_confint(k, n, method="wilson")] for k, n in ((0, 10), (7, 350), (349, 350), (1234, 5000))],
    "t": [[p, df, stats.t.ppf(p, df)] for p in (0.9, 0.975, 0.995) for df in (1, 2, 3, 4, 7, 29, 250)],
    "paired": {"a": a.tolist(), "b": b.tolist(), "mean": (b - a).mean(), "sd": (b - a).std(ddof=1), "low": t_test.low, "high": t_test.high},
    "all_pairs": all_pairs(),
    "identification": identification(),
}
if golden["eer"] is None:  # vertical pieces: take the crossing on the polyline itself
    frr = 1 - tpr
    k = int(np.argmax(fpr >= frr))
    u = (frr[k - 1] - fpr[k - 1]) / ((frr[k - 1] - fpr[k - 1]) + (fpr[k] - frr[k]))
    golden["eer"] = fpr[k - 1] + u * (fpr[k] - fpr[k - 1])
json.dump(golden, sys.stdout, default=float)
print()
