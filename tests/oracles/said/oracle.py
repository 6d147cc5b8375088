"""What NumPy and scikit-learn say of drawn embeddings: lengths, nearest neighbours, means of people, clusters.

Made again with (numpy 2, scikit-learn 1.7; in a virtual environment):
    python tests/oracles/said/oracle.py > tests/oracles/said/golden.json
"""

import json

import numpy as np
from sklearn.cluster import DBSCAN, KMeans, kmeans_plusplus
from sklearn.metrics.pairwise import cosine_distances

IMAGES, WIDTH, PEOPLE = 90, 8, 15


def least(distances, allowed):
    """The least distance of each row to an allowed other one; none where there is none."""
    allowed = allowed & ~np.eye(len(distances), dtype=bool)
    held = np.where(allowed, distances, np.inf).min(axis=1)
    return [None if np.isinf(it) else float(it) for it in held]


def typical(points, k, least):
    """The middle one of 20 tries, each the best of 20 starts from plain k-means++, as a multiple of the least sum of squares."""
    def start(seed):
        centres, _ = kmeans_plusplus(points, k, random_state=seed, n_local_trials=1)
        return KMeans(k, init=centres, n_init=1, tol=1e-9).fit(points).inertia_

    tries = np.array([start(seed) for seed in range(400)]).reshape(20, 20).min(axis=1)
    return float(np.median(tries) / least)


draw = np.random.default_rng(7)
person = np.arange(IMAGES) % PEOPLE
centres = draw.normal(size=(PEOPLE, WIDTH)) * 2
rows = (centres[person] + draw.normal(size=(IMAGES, WIDTH)) * draw.choice([0.2, 1.2], size=(IMAGES, 1))).astype(np.float32)
exact = rows.astype(np.float64)
unit = exact / np.linalg.norm(exact, axis=1, keepdims=True)
distances = cosine_distances(unit)
same = person[:, None] == person[None, :]
means = np.stack([unit[person == it].mean(axis=0) for it in range(PEOPLE)])[person]

inertia = {k: float(KMeans(k, n_init=200, random_state=0, tol=1e-9).fit(unit).inertia_) for k in [2, 5, 15]}

print(json.dumps({
    "width": WIDTH,
    "rows": [float(it) for it in rows.ravel()],
    "person": person.tolist(),
    "norm": np.linalg.norm(exact, axis=1).tolist(),
    "anybody": least(distances, np.ones_like(same)),
    "same": least(distances, same),
    "others": least(distances, ~same),
    "to_mean": [float(1 - a @ b / np.linalg.norm(b)) for a, b in zip(unit, means)],
    "dbscan": {f"{d} {n}": DBSCAN(eps=d, min_samples=n, metric="cosine").fit(unit).labels_.tolist() for d, n in [(0.05, 3), (0.1, 4), (0.3, 3)]},
    # the least sum of squares that many starts find, and how near 20 of them come
    "inertia": inertia,
    "typical": {k: typical(unit, k, least) for k, least in inertia.items()},
}))
