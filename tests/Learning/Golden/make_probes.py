"""Writes probes.json: what NumPy and PyTorch find on features that both sides draw from the same integers.

Run with a Python that has PyTorch and NumPy: python3 make_probes.py > probes.json
"""
import json
import numpy as np
import torch

CLASSES, WIDTH, TRAIN, TEST = 5, 24, 600, 1000
state = 12345


def uniform():
    global state
    state = (state * 1664525 + 1013904223) % 2**32
    return state / 2**32


def noise():
    return uniform() + uniform() + uniform() + uniform() - 2.0


def draw(rows, means, scales):
    x, y = np.zeros((rows, WIDTH)), []
    for i in range(rows):
        c = int(uniform() * CLASSES)
        y.append(c)
        for d in range(WIDTH):
            x[i, d] = means[c][d] + noise() * scales[d]
    return x.astype(np.float32), np.array(y)


means = [[(uniform() - 0.5) * 1.6 / (1 + d / 4) for d in range(WIDTH)] for _ in range(CLASSES)]
scales = [1.5 / (1 + d / 4) for d in range(WIDTH)]
train, train_y = draw(TRAIN, means, scales)
test, test_y = draw(TEST, means, scales)


def unit(x):
    x = x.astype(np.float64)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def knn(k, t):
    cosines = unit(test) @ unit(train).T
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    predictions = []
    for i in range(TEST):
        votes = np.zeros(CLASSES)
        for j in nearest[i]:
            votes[train_y[j]] += 1.0 if t is None else np.exp(cosines[i, j] / t)
        predictions.append(int(np.argmax(votes)))
    return "".join(map(str, predictions))


def logistic(rows, decay):
    """Softmax regression by L-BFGS in double precision: mean cross entropy + decay/2 · ‖W‖²."""
    x = torch.tensor(train.astype(np.float64))
    mean, std = x.mean(0), x.std(0, unbiased=False)
    x, y = ((x - mean) / std)[rows], torch.tensor(train_y)[rows]
    w = torch.zeros(WIDTH, CLASSES, dtype=torch.float64, requires_grad=True)
    b = torch.zeros(CLASSES, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([w, b], max_iter=2000, tolerance_grad=1e-10, tolerance_change=1e-14, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(x @ w + b, y) + decay / 2 * (w * w).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    z = (torch.tensor(test.astype(np.float64)) - mean) / std
    return "".join(str(int(p)) for p in (z @ w + b).argmax(1))


def power_law(values, first, last, weight):
    ranks = np.arange(first, min(last, len(values)) + 1)
    w = np.array([weight(i) for i in ranks])
    a = np.stack([np.log(ranks), np.ones(len(ranks))], 1) * np.sqrt(w)[:, None]
    target = np.log(values[ranks - 1])
    slope, offset = np.linalg.lstsq(a, target * np.sqrt(w), rcond=None)[0]
    residual = (w * (target - slope * np.log(ranks) - offset) ** 2).sum()
    total = (w * (target - np.average(target, weights=w)) ** 2).sum()
    return {"exponent": -slope, "determination": 1 - residual / total}


z = train.astype(np.float64)
sigma = np.linalg.svd(z, compute_uv=False)
p = sigma / sigma.sum() + 1e-7
covariance = np.linalg.svd(np.cov(z.T, bias=True), compute_uv=False)
spread = unit(train).std(0) * np.sqrt(WIDTH)
a, b = unit(test[:500]), unit(test[500:])
squares = ((a[:, None, :] - a[None, :, :]) ** 2).sum(-1)
low = np.outer(z[:, 0], z[0]) + np.outer(z[:, 1], z[1])

print(json.dumps({
    "knn": [{"neighbours": k, "temperature": t, "predictions": knn(k, t)} for k in (1, 10, 20, 200) for t in (0.07, 0.5, None)],
    "logistic": [{"decay": d, "predictions": logistic(slice(None), d)} for d in (1 / TRAIN, 0.01, 0.1)],
    "singular": sigma.tolist(),
    "rankme": float(np.exp(-(p * np.log(p)).sum())),
    "entropy": float(-(p * np.log(p)).sum()),
    "rank": int(np.linalg.matrix_rank(train)),
    "rankOfRankTwo": int(np.linalg.matrix_rank(low.astype(np.float32))),
    "alphareq": power_law(covariance, 4, 100, lambda i: 1 / i),
    "powerlaw": power_law(sigma, 1, 10**9, lambda i: 1),
    "auc": float(np.mean(np.cumsum(sigma / sigma.sum()))),
    "spread": {"mean": float(spread.mean()), "least": float(spread.min())},
    "alignment": float(((a - b) ** 2).sum(1).mean()),
    "uniformity": float(np.log(np.exp(-2 * squares[~np.eye(500, dtype=bool)]).mean())),
}, indent=1))
