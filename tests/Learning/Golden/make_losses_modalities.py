"""Makes losses_modalities.json: as make_losses.py, for the methods that learn from more than pictures."""
import json
import math
import os

import torch
import torch.nn.functional as F

import make_losses as m
from make_losses import CASES, case, cos, nt_xent, rand

torch.set_default_dtype(torch.float64)


def modality(name, views):
    CASES[-1]["recipe"]["data"] = {"modality": name}
    CASES[-1]["recipe"]["views"] = views


# --- Images and captions -----------------------------------------------------------------------------------------------------
def image_text(x, smoothing=0.0, largest=None):
    """The mean over both directions of every row's cross-entropy, one term at a time."""
    logarithm = x["scale"].sum() / x["scale"].numel()
    if largest is not None and float(logarithm) > math.log(largest):
        # The value stays at the largest, the slope is that of the exponential there.
        logarithm = logarithm - logarithm.detach() + math.log(largest)
    scale, n = torch.exp(logarithm), len(x["image"])
    logits = [[scale * cos(x["image"][i], x["text"][j]) for j in range(n)] for i in range(n)]
    total = 0
    for rows in (logits, list(zip(*logits))):
        for i, row in enumerate(rows):
            row = torch.stack(list(row))
            log_p = row - row.logsumexp(0)
            total = total - (1 - smoothing) * log_p[i] - smoothing * log_p.mean()
    return total / (2 * n)


def pair(n, d, scale, **more):
    image = rand(n, d)
    return {"image": image, "text": ((image + rand(n, d, scale=0.7)) * 1000).round() / 1000, "scale": torch.tensor([scale]), **more}


def image_texts():
    two = [{"count": 1}, {"kind": "text"}]
    same = rand(3, 4)
    for name, e, largest in [("5x4", pair(5, 4, 2.659), 100), ("4x7, scale at its bound", pair(4, 7, 3.5), 6),
                             ("edge: equal pairs, large norms", {"image": same * 100, "text": same * 1000, "scale": torch.tensor([1.0])}, 100)]:
        case("clip", name, {"largestScale": largest}, e, lambda x, s, o=largest: image_text(x, largest=o), projector=str(e["image"].shape[1]))
        modality("text-image", two)
    for name, e, smoothing in [("5x4", pair(5, 4, 0.0), 0.1), ("3x6, much smoothing", pair(3, 6, 2.0), 0.5),
                               ("edge: equal pairs, none", {"image": same, "text": same, "scale": torch.tensor([1.0])}, 0.0)]:
        case("align", name, {"smoothing": smoothing}, e, lambda x, s, o=smoothing: image_text(x, o), projector=str(e["image"].shape[1]))
        modality("text-image", two)
    for name, e in [("5x4", pair(5, 4, 2.303)), ("4x6", pair(4, 6, 0.5)), ("edge: two pairs, one direction", {"image": torch.ones(2, 3), "text": torch.ones(2, 3), "scale": torch.tensor([1.0])})]:
        case("lit", name, {}, e, lambda x, s: image_text(x), projector=str(e["image"].shape[1]))
        modality("text-image", two)
    for name, e, weight in [("5x4", pair(5, 4, 2.659, z1=rand(5, 3), z2=rand(5, 3)), 1.0), ("4x5, half", pair(4, 5, 1.0, z1=rand(4, 6), z2=rand(4, 6)), 0.5),
                            ("edge: no views", pair(3, 4, 5.0, z1=rand(3, 4), z2=rand(3, 4)), 0.0)]:
        case("slip", name, {"viewWeight": weight}, e, lambda x, s, w=weight: image_text(x, largest=100) + w * nt_xent(x["z1"], x["z2"], 0.1), projector=str(e["image"].shape[1]))
        modality("text-image", [{"count": 3}, {"kind": "text"}])


# --- Rows of a table ---------------------------------------------------------------------------------------------------------
NUMERIC = [{"name": f"n{i}", "standardDeviation": 1} for i in range(2)]
MIXED = NUMERIC + [{"name": "w", "type": "categorical", "words": ["a", "b", "c"]}]


def rows(n, columns):
    cells = torch.stack([(torch.randn(n) * 1000).round() / 1000 if c.get("type") is None else torch.randint(0, 3, (n,)).double() for c in columns], 1)
    known = (torch.rand(n, len(columns)) > 0.3).double()
    return {"cells": cells * known, "known": known}


def restore(prediction, cells, known, columns):
    total, n = 0, len(cells)
    for i in range(n):
        at = 0
        for j, c in enumerate(columns):
            if c.get("type") is None:
                term, at = (prediction[i, at] - cells[i, j]) ** 2, at + 1
            else:
                scores = prediction[i, at:at + 3]
                term, at = scores.logsumexp(0) - scores[int(cells[i, j])], at + 3
            total = total + term * known[i, j]
    return total / (n * len(columns))


def tables():
    two = [{"kind": "row", "count": 2}]
    table = {"backbone": {"name": "table-mlp-small"}}

    def scarf(x, t):
        n, total = len(x["z1"]), 0
        for i in range(n):
            row = torch.stack([cos(x["z1"][i], x["z2"][k]) / t for k in range(n)])
            total = total - (row[i] - row.logsumexp(0)) / n
        return total

    same = rand(3, 4)
    for name, e, t in [("5x4", m.two(5, 4), 1.0), ("4x6, low temperature", m.two(4, 6), 0.3), ("edge: nothing corrupted", {"z1": same, "z2": same}, 1.0)]:
        case("scarf", name, {"temperature": t}, e, lambda x, s, t=t: scarf(x, t), **table)
        modality("table", two)

    def vime(x, alpha, columns):
        p = torch.sigmoid(x["mask"])
        mask = -(x["replaced"] * torch.log(p) + (1 - x["replaced"]) * torch.log(1 - p)).sum() / x["mask"].numel()
        return mask + alpha * restore(x["prediction"], x["cells"], x["known"], columns)

    for name, n, alpha, columns in [("4 rows, mixed", 4, 2.0, MIXED), ("6 rows, numbers", 6, 0.5, NUMERIC), ("edge: everything missing", 3, 2.0, MIXED)]:
        e = rows(n, columns)
        if name.startswith("edge"):
            e = {k: torch.zeros_like(v) for k, v in e.items()}
        width = sum(1 if c.get("type") is None else 3 for c in columns)
        e = {"mask": rand(n, len(columns)), "prediction": rand(n, width), "replaced": (torch.rand(n, len(columns)) > 0.5).double(), **e}
        case("vime", name, {"reconstruction": alpha}, e, lambda x, s, a=alpha, c=columns: vime(x, a, c), fixed=["replaced", "cells", "known"], **table)
        modality("table", two)
        CASES[-1]["recipe"]["table"] = {"columns": columns}

    def subtab(x, groups, t, columns, contrast, distance):
        pairs = [(a, b) for a in groups for b in groups if a < b]
        cells = sum(restore(x[f"prediction{v}"], x["cells"], x["known"], columns) for v in groups) / len(groups)
        c = sum(nt_xent(x[f"z{a}"], x[f"z{b}"], t) for a, b in pairs) / len(pairs)
        d = sum(((F.normalize(x[f"z{a}"], dim=1) - F.normalize(x[f"z{b}"], dim=1)) ** 2).mean() for a, b in pairs) / len(pairs)
        return cells + contrast * c + distance * d

    for name, n, d, groups, columns, w in [("4x5, two groups", 4, 5, [2, 3], MIXED, (1.0, 1.0)), ("5x3, three groups", 5, 3, [2, 3, 4], NUMERIC, (0.5, 2.0)), ("edge: reconstruction alone", 3, 4, [2, 3], MIXED, (0.0, 0.0))]:
        width = sum(1 if c.get("type") is None else 3 for c in columns)
        e = {**{f"z{v}": rand(n, d) for v in groups}, **{f"prediction{v}": rand(n, width) for v in groups}, **rows(n, columns)}
        case("subtab", name, {"contrast": w[0], "distance": w[1], "temperature": 0.5}, e, lambda x, s, g=groups, c=columns, w=w: subtab(x, g, 0.5, c, *w), fixed=["cells", "known"], **table)
        modality("table", [{"kind": "row", "count": len(groups) + 1}])
        CASES[-1]["recipe"]["table"] = {"columns": columns}


def saints():
    two = [{"kind": "row", "count": 2}]
    for name, n, d, columns, t, weight in [("4x5, mixed", 4, 5, MIXED, 0.7, 10.0), ("5x3, numbers", 5, 3, NUMERIC, 0.3, 1.0), ("edge: contrast alone", 3, 4, MIXED, 0.7, 0.0)]:
        width = sum(1 if c.get("type") is None else 3 for c in columns)
        e = {"z1": rand(n, d), "z2": rand(n, d), "prediction": rand(n, width), **rows(n, columns)}

        def loss(x, s, t=t, c=columns, w=weight):
            rows_ = [torch.stack([cos(x["z1"][i], x["z2"][k]) / t for k in range(len(x["z1"]))]) for i in range(len(x["z1"]))]
            contrast = sum(r.logsumexp(0) - r[i] for i, r in enumerate(rows_)) / len(rows_)
            return contrast + w * restore(x["prediction"], x["cells"], x["known"], c)

        case("saint", name, {"temperature": t, "denoising": weight}, e, loss, fixed=["cells", "known"], backbone={"name": "saint-nano"})
        modality("table", two)
        CASES[-1]["recipe"]["table"] = {"columns": columns}


# --- Text --------------------------------------------------------------------------------------------------------------------
def texts():
    def mlm(x):
        n, total = len(x["tokens"]), 0
        for i in range(n):
            terms = [x["scores"][i, j].logsumexp(0) - x["scores"][i, j, int(x["tokens"][i, j])] for j in range(x["tokens"].shape[1]) if x["chosen"][i, j] > 0]
            total = total + (sum(terms) / len(terms) if terms else 0 * x["scores"].sum())
        return total / n

    two = [{"kind": "text"}, {"kind": "text", "text": {"mask": 0.15}}]
    for name, n, length, v, chosen in [("3x4 of 7", 3, 4, 7, [[0, 1, 1, 0], [1, 0, 0, 0], [1, 1, 1, 1]]), ("2x5 of 5", 2, 5, 5, [[0, 0, 1, 0, 1], [0, 1, 0, 0, 0]]),
                                       ("edge: a text without a chosen token", 2, 3, 4, [[0, 0, 0], [0, 0, 1]])]:
        e = {"scores": rand(n, length, v), "tokens": torch.randint(0, v, (n, length)).double(), "chosen": torch.tensor(chosen, dtype=torch.float64)}
        case("mlm", name, {}, e, lambda x, s: mlm(x), fixed=["tokens", "chosen"], backbone={"name": "text-nano"})
        modality("text", two)

    for name, n, pairs, v, chosen in [("3x4 of 7", 3, 4, 7, [[1, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0]]), ("2x3 of 5", 2, 3, 5, [[1, 1, 1], [1, 1, 1]]), ("edge: texts of one token", 2, 2, 4, [[0, 0], [0, 0]])]:
        e = {"scores": rand(n, pairs, v), "tokens": torch.randint(0, v, (n, pairs)).double(), "chosen": torch.tensor(chosen, dtype=torch.float64)}
        case("skipgram", name, {"pairs": pairs}, e, lambda x, s: mlm(x), fixed=["tokens", "chosen"], backbone={"name": "text-bag-small"})
        modality("text", [{"kind": "text"}])

    def simcse(x, t):
        n, total = len(x["z1"]), 0
        for i in range(n):
            row = torch.stack([cos(x["z1"][i], x["z2"][k]) / t for k in range(n)])
            total = total - (row[i] - row.logsumexp(0)) / n
        return total

    same = rand(3, 4)
    for name, e, t in [("5x4", m.two(5, 4), 0.5), ("4x6", m.two(4, 6), 0.2), ("edge: nothing dropped", {"z1": same, "z2": same}, 0.5)]:
        case("simcse", name, {"temperature": t}, e, lambda x, s, t=t: simcse(x, t), backbone={"name": "text-nano"}, text={"dropout": 0.1})
        modality("text", [{"kind": "text"}])


# --- Sounds and clips --------------------------------------------------------------------------------------------------------
def bilinear(a, k):
    n, total = len(a), 0
    for i in range(n):
        row = torch.stack([sum(a[i, d] * k[j, d] for d in range(a.shape[1])) for j in range(n)])
        total = total - (row[i] - row.logsumexp(0)) / n
    return total


def rebuilt(x, normalize):
    n, total = x["prediction"].numel(), 0
    for p, t in zip(x["prediction"].flatten(0, 1), x["target"].flatten(0, 1)):
        if normalize:
            mean = t.sum() / len(t)
            t = (t - mean) / (((t - mean) ** 2).sum() / (len(t) - 1) + 1e-6).sqrt()
        total = total + ((p - t) ** 2).sum() / n
    return total


def grids():
    spectrogram = {"kind": "spectrogram"}
    same = rand(3, 4)
    for name, e in [("5x4", {"z1": rand(5, 4), "wz2": rand(5, 4)}), ("4x6", {"z1": rand(4, 6), "wz2": rand(4, 6, scale=2.0)}), ("edge: equal stretches", {"z1": same, "wz2": same})]:
        case("cola", name, {}, e, lambda x, s: bilinear(x["z1"], x["wz2"]), projector=str(e["z1"].shape[1]))
        modality("audio", [{**spectrogram, "count": 2}])
    flat = torch.ones(1, 2, 4)
    for name, n, h, v, normalize in [("3x2 of 4", 3, 2, 4, True), ("2x5 of 6, values as they are", 2, 5, 6, False), ("edge: patches of one value", 1, 2, 4, True)]:
        e = {"prediction": rand(n, h, v), "target": flat if name.startswith("edge") else rand(n, h, v)}
        case("audiomae", name, {"normalizePatches": normalize}, e, lambda x, s, o=normalize: rebuilt(x, o), fixed=["target"], backbone={"name": "vit-nano"})
        modality("audio", [{**spectrogram, "spectrogram": {"mask": {"kind": "random"}}}])
        case("videomae", name, {"normalizePixels": normalize}, {k: t.clone() for k, t in e.items()}, lambda x, s, o=normalize: rebuilt(x, o), fixed=["target"], backbone={"name": "vit-nano"})
        modality("video", [{"kind": "clip", "clip": {"mask": {"kind": "tube"}}}])


def main():
    CASES.clear()
    for number, make in enumerate([image_texts, tables, texts, grids, saints]):
        torch.manual_seed(100 + number)
        make()
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "losses_modalities.json")
    with open(path, "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in CASES) + "\n]\n")
    print(f"{len(CASES)} cases of {len({c['method'] for c in CASES})} methods")


if __name__ == "__main__":
    main()
