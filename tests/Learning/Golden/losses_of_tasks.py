"""Cases of losses.json for pretext tasks, distillation and dense methods; make_losses.py runs them behind its own.

Written from the papers, with loops where the C# code has matrices.
"""
import torch
import torch.nn.functional as F

from make_losses import case, cos, nt_xent, rand, two, unit


def entropy_of(logits, label):
    return -(logits[label] - logits.logsumexp(0))


# --- Hard negatives (Robinson et al. 2021), SSCD, PIRL -----------------------------------------------------------------------
def hcl():
    def loss(z1, z2, t, beta, prior):
        z, n, total = torch.cat([z1, z2]), len(z1), 0
        for i in range(2 * n):
            j = (i + n) % (2 * n)
            own = torch.exp(cos(z[i], z[j]) / t)
            others = torch.stack([torch.exp(cos(z[i], z[k]) / t) for k in range(2 * n) if k not in (i, j)])
            weights = others ** beta / (others ** beta).mean()
            negative = ((weights * others).sum() - prior * len(others) * own) / (1 - prior)
            negative = torch.clamp(negative, min=len(others) * float(torch.exp(torch.tensor(-1 / t))))
            total = total - torch.log(own / (own + negative))
        return total / (2 * n)
    same = rand(3, 4)
    for name, e, o in [("4x8", two(4, 8), (0.5, 1.0, 0.1)), ("6x5, much weight", two(6, 5), (0.2, 2.0, 0.05)),
                       ("edge: identical views, the floor holds", {"z1": same, "z2": same * 2}, (0.1, 0.0, 0.6))]:
        case("hcl", name, dict(zip(["temperature", "concentration", "classPrior"], o)), e, lambda x, s, o=o: loss(x["z1"], x["z2"], *o))


def sscd():
    def loss(z1, z2, t, weight):
        z, n, total = F.normalize(torch.cat([z1, z2]), dim=1), len(z1), 0
        for i in range(2 * n):
            total = total - torch.log(min((z[i] - z[k]).norm() for k in range(2 * n) if k % n != i % n) + 1e-8)
        return nt_xent(z1, z2, t) + weight * total / (2 * n)
    same = rand(3, 4)
    for name, e, t, w in [("4x8", two(4, 8), 0.05, 30.0), ("6x5", two(6, 5), 0.2, 1.0), ("edge: identical views", {"z1": same, "z2": same}, 0.1, 5.0)]:
        case("sscd", name, {"temperature": t, "entropy": w}, e, lambda x, s, t=t, w=w: loss(x["z1"], x["z2"], t, w))


def pirl():
    def loss(x, s, ids, t, share):
        bank, total = s["bank"], 0
        for name, weight in (("z1", 1 - share), ("tiles2", share)):
            for z, own, draw in zip(x[name], ids, x["draw"]):
                rows = [bank[own]] + [bank[int(u * len(bank))] for u in draw]
                p = torch.softmax(torch.stack([(z / z.norm()) @ r / t for r in rows]), 0)
                total = total - weight * (torch.log(p[0]) + torch.log(1 - p[1:]).sum()) / len(ids)
        return total
    for name, n, d, m, samples, ids, share in [("3x4, 5 of 7", 3, 4, 5, 7, [6, 0, 3], 0.5), ("2x5, 3 of 4", 2, 5, 3, 4, [1, 2], 0.25),
                                               ("edge: one other row, the tiles alone", 2, 3, 1, 2, [0, 1], 1.0)]:
        e = {"z1": rand(n, d), "tiles2": rand(n, d), "draw": torch.rand(n, m).mul(1000).floor() / 1000}
        case("pirl", name, {"temperature": 0.3, "negatives": m, "tileWeight": share}, e, lambda x, s, i=ids, c=share: loss(x, s, i, 0.3, c),
             fixed=["draw"], state={"bank": unit(samples, d)}, step={"sampleIds": ids}, projector=str(d))


# --- Pretext tasks -----------------------------------------------------------------------------------------------------------
def rotations(logits):
    return sum(entropy_of(row[k], k) for row in logits for k in range(4)) / (4 * len(logits))


def rotnet():
    for name, n, scale in [("3 images", 3, 1.0), ("5 images", 5, 0.3), ("edge: one image, certain", 1, 30.0)]:
        case("rotnet", name, {}, {"logits": rand(n, 4, 4, scale=scale)}, lambda x, s: rotations(x["logits"]), views=1)


def essl():
    for name, n, d, weight in [("4x6", 4, 6, 0.4), ("5x3", 5, 3, 2.0), ("edge: no rotations", 2, 4, 0.0)]:
        case("essl", name, {"temperature": 0.5, "rotation": weight}, two(n, d) | {"logits": rand(n, 4, 4)},
             lambda x, s, w=weight: nt_xent(x["z1"], x["z2"], 0.5) + w * rotations(x["logits"]), views=3)


def tiles():
    for method, key, settings in [("relativepatch", "neighbour", {}), ("jigsaw", "order", {"orders": 8})]:
        for name, labels, scale in [("3 images", [0, 7, 4], 1.0), ("5 images", [1, 1, 2, 6, 3], 2.0), ("edge: one image, certain", [5], 4.0)]:
            case(method, name, settings, {"logits": rand(len(labels), 8, scale=scale), key: torch.tensor(labels).double()},
                 lambda x, s, k=key: sum(entropy_of(row, int(y)) for row, y in zip(x["logits"], x[k])) / len(x["logits"]), fixed=[key], views=1)


def counting():
    def loss(x, m):
        n, total = len(x["whole"]), 0
        for i in range(n):
            near = ((x["whole"][i] - x["tiles"][i]) ** 2).sum()
            far = ((x["whole"][(i + 1) % n] - x["tiles"][i]) ** 2).sum()
            total = total + near + torch.clamp(m - far, min=0)
        return total / n
    for name, n, d, m in [("4x6", 4, 6, 10.0), ("5x3", 5, 3, 4.0), ("edge: two images, no margin", 2, 3, 0.0)]:
        case("counting", name, {"margin": m}, {"whole": rand(n, d).abs(), "tiles": rand(n, d).abs()}, lambda x, s, m=m: loss(x, m), views=1)


def colorization():
    def loss(x, s, uniform):
        q, total, n = s["seen"].shape[1], 0, x["color"].numel()
        seen = s["seen"][0]
        p = seen / seen.sum() if seen.sum() > 0 else torch.ones(q) / q
        w = 1 / ((1 - uniform) * p + uniform / q)
        w = w / (p * w).sum()
        for row, colours in zip(x["logits"], x["color"]):
            total = total + sum(w[int(c)] * entropy_of(z, int(c)) for z, c in zip(row, colours))
        return total / n
    for name, n, p, bins, uniform, seen in [("2 images of 4 places", 2, 4, 2, 0.5, rand(1, 4).abs()), ("3 images of 9 places", 3, 9, 3, 0.1, rand(1, 9).abs()),
                                            ("edge: nothing seen yet", 1, 1, 2, 0.5, torch.zeros(1, 4))]:
        q = bins * bins
        case("colorization", name, {"bins": bins, "uniform": uniform}, {"logits": rand(n, p, q), "color": torch.randint(0, q, (n, p)).double()},
             lambda x, s, u=uniform: loss(x, s, u), fixed=["color"], state={"seen": seen}, views=1)


def contextencoder():
    for name, n, r, scale in [("2 images, 4 x 4", 2, 4, 1.0), ("3 images, 2 x 2", 3, 2, 1.0), ("edge: one pixel", 1, 1, 100.0)]:
        case("contextencoder", name, {}, {"prediction": rand(n, 3, r, r, scale=scale), "target": rand(n, 3, r, r, scale=scale)},
             lambda x, s: sum((a - b) ** 2 for a, b in zip(x["prediction"].flatten(), x["target"].flatten())) / x["target"].numel(), fixed=["target"], views=1)


# --- Masked image modelling --------------------------------------------------------------------------------------------------
def masked(kind="random", ratio=0.5, size=8, patch=2):
    return {"backbone": {"name": "vit-nano", "patchSize": patch, "imageSize": size},
            "views": [{"crop": {"size": size}, "mask": {"kind": kind, "ratio": ratio}}]}


def layer_mean(layers):
    """[..., K, F] to [..., F], one vector after another."""
    k, f = layers.shape[-2:]
    rows = layers.reshape(-1, k, f)
    return torch.stack([sum(F.layer_norm(row, [f]) for row in one) / k for one in rows]).reshape(*layers.shape[:-2], f)


def data2vec():
    def loss(x, beta):
        d = (x["prediction"] - layer_mean(x["layers"])).abs().flatten()
        return sum(v * v / (2 * beta) if v < beta else v - beta / 2 for v in d) / len(d)
    for name, n, h, k, f, beta in [("2 images, 3 places, 2 layers", 2, 3, 2, 6, 2.0), ("3 images, 1 place, 4 layers", 3, 1, 4, 5, 0.5), ("edge: one layer, far off", 1, 1, 1, 4, 0.1)]:
        case("data2vec", name, {"layers": k, "beta": beta}, {"prediction": rand(n, h, f, scale=2.0), "layers": rand(n, h, k, f)}, lambda x, s, b=beta: loss(x, b),
             fixed=["layers"], **masked())


def data2vec2():
    def loss(x, weight):
        total = ((x["prediction"] - layer_mean(x["layers"])) ** 2).mean()
        return total + weight * sum(((x["class"][:, m] - x["mean"]) ** 2).mean() for m in range(x["class"].shape[1])) / x["class"].shape[1]
    for name, n, m, h, k, f, w in [("2 images, 2 masks", 2, 2, 3, 2, 6, 0.01), ("3 images, 1 mask", 3, 1, 2, 3, 5, 1.0), ("edge: no class term, one layer", 1, 1, 1, 1, 4, 0.0)]:
        case("data2vec2", name, {"masks": m, "layers": k, "classWeight": w},
             {"prediction": rand(n, m * h, f), "layers": rand(n, m * h, k, f), "class": rand(n, m, f), "mean": rand(n, f)}, lambda x, s, w=w: loss(x, w),
             fixed=["layers", "mean"], **masked())


def ummae():
    def loss(x, normalize):
        total = 0
        for p, t in zip(x["prediction"].flatten(0, 1), x["target"].flatten(0, 1)):
            t = (t - t.mean()) / torch.sqrt(t.var(unbiased=True) + 1e-6) if normalize else t
            total = total + ((p - t) ** 2).mean()
        return total / (x["prediction"].shape[0] * x["prediction"].shape[1])
    for name, n, h, norm, scale in [("2 images, 4 patches", 2, 4, True, 1.0), ("3 images, 2 patches, raw pixels", 3, 2, False, 1.0), ("edge: one flat patch", 1, 1, True, 0.0)]:
        target = rand(n, h, 12, scale=scale) if scale else torch.full((n, h, 12), 0.5)
        case("ummae", name, {"normalizePixels": norm}, {"prediction": rand(n, h, 12), "target": target}, lambda x, s, o=norm: loss(x, o), fixed=["target"],
             **masked("uniform", 0.75))


def beit():
    def loss(x, s):
        total, n = 0, x["patches"].shape[0] * x["patches"].shape[1]
        for z, p in zip(x["logits"].flatten(0, 1), x["patches"].flatten(0, 1)):
            # The nearest word of the patch at mean 0 and length 1.
            p = (p - p.mean()) / (p - p.mean()).norm()
            word = min(range(len(s["codebook"])), key=lambda k: float((p - s["codebook"][k]).norm()))
            total = total + entropy_of(z, word) / n
        return total
    for name, n, h, k, scale in [("2 images, 3 patches, 5 words", 2, 3, 5, 1.0), ("3 images, 4 patches, 2 words", 3, 4, 2, 1.0), ("edge: certain", 1, 1, 3, 4.0)]:
        case("beit", name, {"words": k}, {"logits": rand(n, h, k, scale=scale), "patches": rand(n, h, 48)}, loss, fixed=["patches"],
             state={"codebook": F.normalize(rand(k, 48), dim=1), "fitted": torch.ones(1)}, **masked(size=16, patch=4))


# --- A teacher that does not change ------------------------------------------------------------------------------------------
TEACHER = {"weights": "teacher.safetensors"}


def soft(target, logits):
    """Mean of -sum p log q over rows."""
    rows, k = target.reshape(-1, target.shape[-1]), logits.shape[-1]
    return sum(-(p * (z - z.logsumexp(0))).sum() for p, z in zip(rows, logits.reshape(-1, k))) / len(rows)


def distill():
    for name, n, k, t, scale in [("4 images, 6 outputs", 4, 6, 1.0, 1.0), ("3 images, 5 outputs, temperature 0.1", 3, 5, 0.1, 0.2), ("edge: one image, certain", 1, 4, 1.0, 8.0)]:
        case("distill", name, {"temperature": t}, {"s1": rand(n, k, scale=scale), "t1": rand(n, k, scale=scale)},
             lambda x, s, t=t: soft(torch.softmax(x["t1"] / t, 1), x["s1"] / t), fixed=["t1"], views=1, teacher=TEACHER)


def dinov2distill():
    def loss(x, s, views, weight):
        pairs = [(t, v) for t in (1, 2) for v in range(1, views + 1) if v != t]
        image = sum(soft(torch.softmax((x[f"t{t}"] - s["center"]) / 0.07, -1), x[f"s{v}"] / 0.1) for t, v in pairs) / len(pairs)
        patches = sum(soft(torch.softmax((x[f"v{v}"] - s["patchCenter"]) / 0.05, -1), x[f"u{v}"] / 0.1) for v in (1, 2)) / 2
        return image + weight * patches
    for name, n, p, k, own, views, w, scale in [("4 images, 4 patches, 6 outputs", 4, 4, 6, 0, 2, 1.0, 0.3), ("2 images, own patch head, 3 views", 2, 3, 5, 4, 3, 0.5, 0.3),
                                                ("edge: one image, saturated", 1, 1, 4, 0, 2, 1.0, 0.8)]:
        e = {f"s{v + 1}": rand(n, k, scale=scale) for v in range(views)} | {f"t{v}": rand(n, k, scale=scale) for v in (1, 2)}
        e |= {f"{a}{v}": rand(n, p, own or k, scale=scale) for a in "uv" for v in (1, 2)}
        case("dinov2distill", name, {"prototypes": k, "patchPrototypes": own, "teacherTemperature": 0.07, "patchTemperature": 0.05, "patchWeight": w}, e,
             lambda x, s, v=views, w=w: loss(x, s, v, w), fixed=["t1", "t2", "v1", "v2"], state={"center": rand(1, k, scale=0.1), "patchCenter": rand(1, own or k, scale=0.1)},
             step={"step": 4, "epoch": 1}, projector="8", teacher=TEACHER, backbone={"name": "vit-nano", "patchSize": 2, "imageSize": 8},
             views=[{"count": views, "crop": {"size": 8}}])


def dbot():
    def loss(x, beta):
        d = (x["prediction"] - F.layer_norm(x["target"], [x["target"].shape[-1]])).abs().flatten()
        return sum(v * v / (2 * beta) if v < beta else v - beta / 2 for v in d) / len(d)
    for name, n, h, f, beta, scale in [("2 images, 3 places", 2, 3, 6, 2.0, 2.0), ("3 images, 1 place, small beta", 3, 1, 5, 0.3, 1.0), ("edge: far off", 1, 1, 4, 0.1, 100.0)]:
        case("dbot", name, {"beta": beta}, {"prediction": rand(n, h, f, scale=scale), "target": rand(n, h, f)}, lambda x, s, b=beta: loss(x, b), fixed=["target"], **masked())


# --- Places of feature maps, equivariance ------------------------------------------------------------------------------------
def against_queue(q, k, queue, t):
    total = 0
    for a, b in zip(q, k):
        logits = torch.stack([cos(a, b)] + [(a / a.norm()) @ row for row in queue]) / t
        total = total - (logits[0] - logits.logsumexp(0)) / len(q)
    return total


def densecl():
    def loss(x, s, t, share):
        places = against_queue(x["r1"].flatten(0, 1), x["match2"].flatten(0, 1), s["denseQueue2"], t)
        return (1 - share) * against_queue(x["q1"], x["key2"], s["queue2"], t) + share * places
    for name, n, p, d, q, share in [("3 images of 4 places", 3, 4, 5, 6, 0.5), ("2 images of 9 places, mostly places", 2, 9, 4, 8, 0.9), ("edge: one place, images alone", 2, 1, 3, 2, 0.0)]:
        e = {"q1": rand(n, d), "key2": unit(n, d), "r1": rand(n, p, d), "match2": unit(n * p, d).reshape(n, p, d), "mean2": unit(n, d)}
        case("densecl", name, {"temperature": 0.2, "queue": q, "dense": share}, e, lambda x, s, c=share: loss(x, s, 0.2, c), fixed=["key2", "match2", "mean2"],
             state={"queue2": unit(q, d), "denseQueue2": unit(q, d)}, projector=str(d))


def hinge_and_covariance(z, eps=1e-4):
    n, d = z.shape
    std = torch.stack([torch.sqrt(((z[:, k] - z[:, k].mean()) ** 2).sum() / (n - 1) + eps) for k in range(d)])
    c = torch.cov(z.t()).reshape(d, d)
    return torch.clamp(1 - std, min=0).mean(), sum(c[a, b] ** 2 for a in range(d) for b in range(d) if a != b) / d


def vicregl():
    def pairs(a, b):
        total, g = 0, a.shape[1]
        for k in range(g):
            (va, ca), (vb, cb) = hinge_and_covariance(a[:, k]), hinge_and_covariance(b[:, k])
            total = total + (25 * ((a[:, k] - b[:, k]) ** 2).mean() + 25 * (va + vb) / 2 + ca + cb) / g
        return total

    def loss(x, share):
        images = pairs(x["z1"][:, None], x["z2"][:, None])
        local = sum(pairs(x[a], x[b]) for a, b in (("a1", "b1"), ("a2", "b2"), ("c1", "d1"), ("c2", "d2"))) / 2
        return share * images + (1 - share) * local
    for name, n, g, d, share in [("5 images, 3 pairs", 5, 3, 4, 0.75), ("4 images, 2 pairs, places alone", 4, 2, 3, 0.0), ("edge: two images, one pair", 2, 1, 2, 0.5)]:
        e = {"z1": rand(n, d), "z2": rand(n, d)} | {f"{a}{v}": rand(n, g, d, scale=0.7) for a in "abcd" for v in (1, 2)}
        case("vicregl", name, {"global": share, "matches": g}, e, lambda x, s, c=share: loss(x, c), projector=str(d))


def equimod():
    for name, n, d, t, w in [("4x6", 4, 6, 0.2, 1.0), ("5x3, weight 3", 5, 3, 0.5, 3.0), ("edge: two images, predictions alike", 2, 4, 0.5, 1.0)]:
        e = two(n, d) | {k: rand(n, d) for k in ("e1", "e2", "p1", "p2")}
        if name.startswith("edge"):
            e["p1"][1] = e["p1"][0]
        case("equimod", name, {"temperature": t, "equivariance": w}, e, lambda x, s, t=t, w=w: nt_xent(x["z1"], x["z2"], t)
             + w * nt_xent(torch.cat([x["e1"], x["e2"]]), torch.cat([x["p1"], x["p2"]]), t), views=3)


def sie():
    def loss(x, i, e, v, c):
        total = i * ((x["i1"] - x["i2"]) ** 2).mean() + e * ((x["p2"] - x["e2"]) ** 2).mean()
        for one in ("1", "2"):
            hinge, cov = hinge_and_covariance(torch.cat([x["i" + one], x["e" + one]], 1))
            total = total + v * hinge + c * cov
        return total + v * hinge_and_covariance(x["p2"])[0]
    for name, n, d, o in [("5x3", 5, 3, (10.0, 4.5, 10.0, 1.0)), ("8x2, other weights", 8, 2, (1.0, 2.0, 3.0, 0.5)), ("edge: no equivariant term, two images", 2, 2, (10.0, 0.0, 10.0, 1.0))]:
        case("sie", name, dict(zip(["invariance", "equivariance", "variance", "covariance"], o)), {k: rand(n, d) for k in ("i1", "i2", "e1", "e2", "p2")},
             lambda x, s, o=o: loss(x, *o))


def fcmae():
    for name, n, h, norm, scale in [("2 images, 4 patches", 2, 4, True, 1.0), ("3 images, 2 patches, raw pixels", 3, 2, False, 1.0), ("edge: one flat patch", 1, 1, True, 0.0)]:
        def loss(x, s, norm=norm):
            total = 0
            for p, t in zip(x["prediction"].flatten(0, 1), x["target"].flatten(0, 1)):
                t = (t - t.mean()) / torch.sqrt(t.var(unbiased=True) + 1e-6) if norm else t
                total = total + ((p - t) ** 2).mean()
            return total / (x["prediction"].shape[0] * x["prediction"].shape[1])
        target = rand(n, h, 12, scale=scale) if scale else torch.full((n, h, 12), 0.5)
        case("fcmae", name, {"normalizePixels": norm}, {"prediction": rand(n, h, 12), "target": target}, loss, fixed=["target"],
             backbone={"name": "convnextv2-zepto", "patchSize": 8}, views=[{"crop": {"size": 32}, "mask": {"kind": "random", "ratio": 0.5}}])


ALL = [hcl, sscd, pirl, rotnet, essl, tiles, counting, colorization, contextencoder, data2vec, data2vec2, ummae, beit, distill, dinov2distill, dbot,
       densecl, vicregl, equimod, sie, fcmae]
