"""Terms computed the plain way, one number at a time, to compare the engine's with. Shares no code with it.

Made again with:
    python3 tests/oracles/terms/oracle.py > tests/oracles/terms/golden.json
"""

import json
import math
import sys

N, WIDTH = 8, 5
Y = [0, 0, 0, 1, 1, 2, 2, 3]
Z = [[math.sin(1.3 * i + 0.7 * j * j + 0.11 * i * i * j) for j in range(1, WIDTH + 1)] for i in range(1, N + 1)]
# centres of four people
C = [[math.cos(0.7 * k + 0.2 * j * k) for j in range(1, WIDTH + 1)] for k in range(1, 5)]
PAIRS = [(i, j) for i in range(N) for j in range(i + 1, N)]


def dot(a, b):
    return sum(p * q for p, q in zip(a, b))


def unit(a):
    return [p / math.sqrt(dot(a, a)) for p in a]


def square(a, b):
    return sum((p - q) ** 2 for p, q in zip(a, b))


def mean(values):
    return sum(values) / len(values)


def ohem(values, keep):
    return mean(sorted(values, reverse=True)[: max(1, math.floor(keep * len(values)))])


def focal(values, gamma):
    return mean([(1 - math.exp(-v)) ** gamma * v for v in values])


U = [unit(z) for z in Z]
out = {}


def contrastive(x, margin, squared=False):
    values = []
    for i, j in PAIRS:
        d2 = square(x[i], x[j])
        short = max(0.0, margin - (d2 if squared else math.sqrt(d2)))
        values.append(0.5 * (d2 if Y[i] == Y[j] else (short if squared else short**2)))
    return values


out["contrastive_raw"] = mean(contrastive(Z, 2.0))
out["contrastive_square"] = mean(contrastive(U, 1.5, squared=True))
out["contrastive_ohem"] = ohem(contrastive(U, 1.5), 0.5)
out["contrastive_focal"] = focal(contrastive(U, 1.5), 2.0)


def marginal(theta, xi):
    return [max(0.0, xi - (1 if Y[i] == Y[j] else -1) * (theta - square(U[i], U[j]))) for i, j in PAIRS]


out["marginal"] = mean(marginal(1.2, 0.3))
out["marginal_narrow"] = mean(marginal(0.9, 0.1))
out["marginal_focal"] = focal(marginal(1.2, 0.3), 2.0)

DISTANCES = {
    "squared": lambda a, b: square(a, b),
    "euclidean": lambda a, b: math.sqrt(square(a, b)),
    "angle": lambda a, b: math.acos(dot(a, b)),
}


def triplets(d):
    for a in range(N):
        for p in range(N):
            if p != a and Y[p] == Y[a]:
                for n in range(N):
                    if Y[n] != Y[a]:
                        yield d(U[a], U[p]) - d(U[a], U[n])


def hardest(d):
    for a in range(N):
        own = [d(U[a], U[p]) for p in range(N) if p != a and Y[p] == Y[a]]
        other = [d(U[a], U[n]) for n in range(N) if Y[n] != Y[a]]
        if own:
            yield max(own) - min(other)


out["triplet_euclidean"] = mean([max(0.0, t + 0.2) for t in triplets(DISTANCES["euclidean"])])
out["triplet_angle"] = mean([max(0.0, t + 0.35) for t in triplets(DISTANCES["angle"])])
out["triplet_active"] = mean([t + 0.2 for t in triplets(DISTANCES["squared"]) if t + 0.2 > 0])
out["triplet_ohem"] = ohem([max(0.0, t + 0.2) for t in triplets(DISTANCES["squared"])], 0.25)
out["triplet_hardest_soft"] = mean([math.log(1 + math.exp(t)) for t in hardest(DISTANCES["euclidean"])])


def rows(person):
    return [i for i in range(N) if Y[i] == person]


def range_loss(x, k, intra, inter, margin, squared):
    within = 0.0
    for person in sorted(set(Y)):
        own = rows(person)
        d = [square(x[i], x[j]) for i in own for j in own if i < j]
        d = sorted([v if squared else math.sqrt(v) for v in d], reverse=True)[:k]
        if d:
            within += len(d) / sum(1 / v for v in d)
    means = [[mean([x[i][c] for i in rows(person)]) for c in range(WIDTH)] for person in sorted(set(Y))]
    nearest = min(square(a, b) for at, a in enumerate(means) for b in means[:at])
    return intra * within + inter * max(0.0, margin - nearest)


out["range"] = range_loss(Z, 2, 0.3, 0.7, 9.0, True)
out["range_root"] = range_loss(U, 1, 0.5, 2.0, 1.5, False)


def bins(values, nodes):
    step = 2 / (nodes - 1)
    return [mean([max(0.0, 1 - abs(s - (-1 + r * step)) / step) for s in values]) for r in range(nodes)]


def beta(values, nodes):
    x = [(s + 1) / 2 for s in values]
    m = mean(x)
    v = sum((s - m) ** 2 for s in x) / (len(x) - 1)
    a = m * m * (1 - m) / v - m
    b = a * (1 - m) / m
    t = [r / (nodes - 1) for r in range(nodes)]
    t[0], t[-1] = 1e-5, 0.999
    whole = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    density = [math.exp(whole + (a - 1) * math.log(p) + (b - 1) * math.log(1 - p)) for p in t]
    return [d / sum(density) for d in density]


def histogram(nodes, cost, fit=bins):
    s = {(i, j): dot(U[i], U[j]) for i, j in PAIRS}
    pos = fit([v for (i, j), v in s.items() if Y[i] == Y[j]], nodes)
    neg = fit([v for (i, j), v in s.items() if Y[i] != Y[j]], nodes)
    t = [-1 + 2 * r / (nodes - 1) for r in range(nodes)]
    return sum(pos[i] * neg[j] * cost(t[i], t[j], i, j) for i in range(nodes) for j in range(nodes))


simple = lambda s, t, i, j: 1.0 if i <= j else 0.0
out["histogram_simple"] = histogram(21, simple)
out["histogram_linear"] = histogram(21, lambda s, t, i, j: max(0.0, 0.3 - s + t))
out["histogram_exp"] = histogram(21, lambda s, t, i, j: math.log(1 + math.exp(2.5 * (0.1 - s + t))))
out["histogram_beta"] = histogram(21, simple, beta)
out["histogram_beta_linear"] = histogram(31, lambda s, t, i, j: max(0.0, 0.3 - s + t), beta)


def n_pair(x, scale, regulariser):
    pairs = []
    for person in sorted(set(Y)):
        own = rows(person)
        pairs += [(person, own[at], own[at + 1]) for at in range(0, len(own) - 1, 2)]
    values = []
    for person, a, p in pairs:
        mine = scale * dot(x[a], x[p])
        values.append(math.log(1 + sum(math.exp(scale * dot(x[a], x[q]) - mine) for other, _, q in pairs if other != person)))
    long = mean([dot(x[a], x[a]) for _, a, _ in pairs]) + mean([dot(x[p], x[p]) for _, _, p in pairs])
    return mean(values) + regulariser / 4 * long


out["n_pair"] = n_pair(Z, 1.0, 0.002)
out["n_pair_unit"] = n_pair(U, 8.0, 0.0)


def center(factor, is_sum, counted, rate, x=Z):
    c = [list(row) for row in C]
    values = []
    for _ in range(2):
        each = [factor * square(x[i], c[Y[i]]) for i in range(N)]
        values.append(sum(each) if is_sum else mean(each))
        moved = [list(row) for row in c]
        for k in range(4):
            pull = [sum(c[k][d] - x[i][d] for i in rows(k)) for d in range(WIDTH)]
            by = 1 / (1 + len(rows(k))) if counted else 2 * factor / (1 if is_sum else N)
            moved[k] = [c[k][d] - rate * by * pull[d] for d in range(WIDTH)]
        c = moved
    return values + c[0]


out["center"] = center(0.5, False, True, 0.5)
out["center_sum"] = center(0.5, True, True, 0.3)
out["center_port"] = center(1.0, False, False, 0.5)
out["center_unit"] = center(0.5, False, True, 0.5, U)


def waves(a, b, c):
    return [[math.sin(a * i + b * j + c * i * j) for j in range(1, 9)] for i in range(1, 7)]


def plus(x, y, by):
    return [[p + by * q for p, q in zip(a, b)] for a, b in zip(x, y)]


EASY = (waves(0.9, 0.5, 0.3), plus(waves(0.9, 0.5, 0.3), waves(1.7, 0.2, 1.1), 0.3), waves(0.37, 0.11, 0.73))
HARD = (waves(0.4, 0.7, 0.6), plus(waves(0.4, 0.7, 0.6), waves(0.8, 1.3, 0.45), 0.9), waves(0.21, 0.17, 0.29))


def ddl(divergence="kl", symmetric=False, nodes=1000, gamma=50.0, count=False, full_row=False, threshold=0.0, students=1, scale=1.0):
    """The whole loss, the overlap of each branch's two histograms, and how far each student's gap is behind the teacher's."""
    t = [-1 + 2 * r / (nodes - 1) if symmetric else r / nodes for r in range(nodes)]
    step = 2 / (nodes - 1) if symmetric else 1 / nodes

    def histogram(values):
        h = [sum(math.exp(-gamma * (s - q) ** 2) for s in values) for q in t]
        whole = len(values) if count else sum(h)
        return [v / whole for v in h]

    def kl(p, q):
        return sum((a + 1e-9) * math.log((a + 1e-9) / (b + 1e-9)) for a, b in zip(p, q))

    def apart(p, q):
        if divergence == "kl":
            return kl(p, q)
        if divergence == "js":
            m = [(a + b) / 2 for a, b in zip(p, q)]
            return 0.5 * kl(p, m) + 0.5 * kl(q, m)
        total, cdf = 0.0, 0.0
        for a, b in zip(p, q):
            cdf += a - b
            total += abs(cdf) * step if divergence == "emd" else 2 * cdf * cdf * step
        return total

    branches = []
    for left, right, others in [EASY] + [HARD] * students:
        pos = [s for s in (dot(unit(a), unit(b)) for a, b in zip(left, right)) if s > threshold]
        u = [unit(x) for x in others]
        n = len(u)
        if full_row:
            neg = [max(dot(u[i], u[j]) for j in range(n) if j != i) for i in range(n)]
        else:
            neg = [max([0.0] + [dot(u[i], u[j]) for j in range(i + 1, n)]) for i in range(n)]
        branches.append((pos, neg, histogram(pos), histogram(neg)))
    teacher = branches[0]
    value = 0.0
    for branch in branches[1:]:
        value += 0.1 * apart(teacher[2], branch[2]) + 0.02 * apart(teacher[3], branch[3])
    value -= 0.5 * sum(mean(i[0]) - mean(j[1]) for i in branches for j in branches)
    overlaps = []
    for _, _, p, q in branches:
        overlaps.append(sum(min(a / sum(p), b / sum(q)) for a, b in zip(p, q)))
    gaps = [mean(branch[0]) - mean(branch[1]) for branch in branches]
    return [scale * value] + overlaps[:2] + [gaps[0] - gaps[1]]


out["ddl"] = ddl()
out["ddl_two"] = ddl(students=2)
out["ddl_js"] = ddl("js")
out["ddl_emd"] = ddl("emd")
out["ddl_energy"] = ddl("energy", students=2)
out["ddl_symmetric"] = ddl(symmetric=True, nodes=201, count=True)
out["ddl_wide"] = ddl("js", symmetric=True, nodes=101, gamma=20.0, full_row=True)
out["ddl_full_row"] = ddl(full_row=True, threshold=0.6, scale=8.0)


def arc_losses(x):
    values = []
    for i in range(N):
        c = [dot(unit(x[i]), unit(w)) for w in C]
        theta = math.acos(c[Y[i]])
        own = math.cos(theta + 0.5) if theta + 0.5 < math.pi else c[Y[i]] - 0.5 * math.sin(math.pi - 0.5)
        z = [8 * (own if k == Y[i] else c[k]) for k in range(4)]
        top = max(z)
        values.append(top + math.log(sum(math.exp(v - top) for v in z)) - z[Y[i]])
    return values


def co_mining(drop, confident, boost):
    """The value, and the share of images that are dropped."""
    other = [[math.cos(0.4 * i + 1.1 * j + 0.2 * i * j) for j in range(1, WIDTH + 1)] for i in range(1, N + 1)]
    both = [arc_losses(Z), arc_losses(other)]
    by_loss = [sorted(range(N), key=lambda i: losses[i]) for losses in both]
    k, sure = math.floor(drop * N), math.floor(confident * N)
    noise = set(by_loss[0][N - k :]) & set(by_loss[1][N - k :])
    value = 0.0
    for net in (0, 1):
        told = set(by_loss[1 - net][:sure])
        weights = [0.0 if i in noise else boost if i in told else 1.0 for i in range(N)]
        value += sum(w * v for w, v in zip(weights, both[net])) / sum(weights)
    return [value, len(noise) / N]


out["co_mining"] = co_mining(0.5, 0.5, 2.0)
out["co_mining_plain"] = co_mining(0.0, 0.0, 2.0)
out["co_mining_strict"] = co_mining(0.9, 0.25, 5.0)



def sets(size=None, content=True):
    """Cross-entropy of sets under CosFace (scale 8, margin 0.35), and the means of both qualities (Multicolumn)."""
    alpha_of = [math.sin(0.9 * j + 0.2) for j in range(1, WIDTH + 1)]
    beta_of = [0.8 * math.cos(0.6 * j) for j in range(1, 2 * WIDTH + 1)]
    logistic = lambda z: 1 / (1 + math.exp(-z))
    average = lambda own, weights: [sum(w * Z[i][d] for i, w in zip(own, weights)) / sum(weights) for d in range(WIDTH)]
    values, alphas, betas = [], [], []
    for person in sorted(set(Y)):
        own = rows(person)
        for at in range(0, len(own), size or len(own)):
            one = own[at : at + (size or len(own))]
            if size and len(one) < size:
                continue
            alpha = [logistic(dot(alpha_of, Z[i]) + 0.3) for i in one]
            feature = average(one, alpha)
            if content:
                beta = [logistic(dot(beta_of, Z[i] + feature) - 0.2) for i in one]
                feature = average(one, [a * b for a, b in zip(alpha, beta)])
                betas += beta
            alphas += alpha
            z = [8 * (dot(unit(feature), unit(w)) - (0.35 if k == person else 0)) for k, w in enumerate(C)]
            values.append(math.log(sum(math.exp(v) for v in z)) - z[person])
    return [mean(values), mean(alphas)] + ([mean(betas)] if content else [])


out["sets"] = sets()
out["sets_two"] = sets(2)
out["sets_visual"] = sets(2, False)


def compare_sets(size, people, landmarks=2, hidden=4):
    """Cross-entropy of pairs of sets under a comparator of two landmarks of three numbers, and the mean scores of both kinds of pairs."""
    local = 3
    x = [[math.sin(1.1 * i + 0.9 * j + 0.13 * i * j * j) for j in range(1, landmarks * local + 1)] for i in range(1, 9)]
    weight = [[0.7 * math.sin(0.8 * h * i + 0.6 * i + 0.3 * h) for i in range(1, 2 * local + landmarks + 1)] for h in range(1, hidden + 1)]
    bias = [0.2 * math.cos(1.1 * h) for h in range(1, hidden + 1)]
    score = [1.5 * math.cos(0.8 * h + 0.1) for h in range(1, hidden + 1)]
    owned = [(person, own[at : at + size]) for person in sorted(set(people)) for own in [[i for i, p in enumerate(people) if p == person]] for at in range(0, len(own) - size + 1, size)]
    sets = [(person, [max(x[i][d] for i in rows) for d in range(landmarks * local)]) for person, rows in owned]

    def ordered(a, b, k):
        part = lambda v: unit(v[k * local : (k + 1) * local])
        both = part(a) + part(b) + [float(j == k) for j in range(landmarks)]
        return sum(u * max(dot(w, both) + c, 0) for u, w, c in zip(score, weight, bias)) - 0.3

    values, scores = {True: [], False: []}, {True: [], False: []}
    for at, (one, a) in enumerate(sets):
        for other, b in sets[at + 1 :]:
            z = mean([(ordered(a, b, k) + ordered(b, a, k)) / 2 for k in range(landmarks)])
            values[one == other].append(math.log(1 + math.exp(-z if one == other else z)))
            scores[one == other].append(2 / (1 + math.exp(-z)) - 1)
    return [(mean(values[True]) + mean(values[False])) / 2, mean(scores[True]), mean(scores[False])]


out["compare_sets"] = compare_sets(1, [0, 0, 0, 1, 1, 2, 2, 3])
out["compare_sets_two"] = compare_sets(2, [0, 1, 0, 1, 0, 1, 0, 1])


def diversity():
    """Two images, three maps over 2 x 2 places."""
    values = []
    for i in range(1, 3):
        maps = []
        for k in range(1, 4):
            z = [math.exp(math.sin(1.3 * i + 2.1 * k * place)) for place in range(1, 5)]
            maps.append([v / sum(z) for v in z])
        values.append(1 - sum(max(column) for column in zip(*maps)) / 3)
    return mean(values)


out["diversity"] = diversity()

json.dump(out, sys.stdout, indent=1)
print()
