"""Makes losses.json: values and gradients of every method's loss, computed by PyTorch in double precision.

Each loss is written here from its paper, with other operations than the C# code where there is a choice (loops, explicit
sums), so that the two agree only if both are right. Run `python3 make_losses.py` beside this file to make it again.
"""
import itertools
import json
import os

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
CASES = []


def rand(*shape, scale=1.0):
    """Normal values with three decimals: short in JSON, exact in double."""
    return (torch.randn(*shape) * scale * 1000).round() / 1000


def pack(t):
    return {"shape": list(t.shape), "values": [float(f"{v:.9g}") for v in t.detach().flatten().tolist()]}


def case(method, name, loss, embeddings, function, fixed=(), state=None, step=None, views=2, batch=None, projector="", **more):
    """function(embeddings, state) gives the loss; gradients are taken for every embedding that is not in `fixed`."""
    state, step = state or {}, step or {}
    leaves = {k: v.clone().requires_grad_(k not in fixed) for k, v in embeddings.items()}
    value = function(leaves, state)
    value.backward()
    n = batch or next(iter(embeddings.values())).shape[0]
    recipe = {"method": method, "views": views if isinstance(views, list) else [{"count": views}], "batch": {"effective": n, "micro": n}, "loss": loss,
              "projector": {"shape": projector}, **more}
    CASES.append({
        "method": method, "case": name, "recipe": recipe, "step": step,
        "embeddings": {k: pack(v) for k, v in embeddings.items()},
        "state": {k: pack(v) for k, v in state.items()},
        "value": float(value),
        "gradients": {k: pack(v.grad if v.grad is not None else torch.zeros_like(v)) for k, v in leaves.items() if k not in fixed},
    })


def two(n, d, scale=1.0):
    z1 = rand(n, d, scale=scale)
    return {"z1": z1, "z2": ((z1 + rand(n, d, scale=scale * 0.5)) * 1000).round() / 1000}


def cos(a, b):
    return (a * b).sum() / (a.norm() * b.norm())


# --- SimCLR ------------------------------------------------------------------------------------------------------------------
def nt_xent(z1, z2, t):
    z, n, total = torch.cat([z1, z2]), len(z1), 0
    for i in range(2 * n):
        j = (i + n) % (2 * n)
        others = torch.stack([cos(z[i], z[k]) / t for k in range(2 * n) if k != i])
        total = total - (cos(z[i], z[j]) / t - others.logsumexp(0))
    return total / (2 * n)


def simclr():
    for name, e, t in [("4x8", two(4, 8), 0.2), ("6x5", two(6, 5), 0.5)]:
        case("simclr", name, {"temperature": t}, e, lambda x, s, t=t: nt_xent(x["z1"], x["z2"], t))
    same = rand(3, 4)
    case("simclr", "edge: identical views, large norms, low temperature", {"temperature": 0.05}, {"z1": same * 1000, "z2": same * 1000},
         lambda x, s: nt_xent(x["z1"], x["z2"], 0.05))


# --- VICReg ------------------------------------------------------------------------------------------------------------------
def vicreg_loss(z1, z2, i, v, c, eps, over):
    n, d = z1.shape
    inv = ((z1 - z2) ** 2).sum() / (n * d)
    var = cov = 0
    for z in (z1, z2):
        for k in range(d):
            s = torch.sqrt(((z[:, k] - z[:, k].mean()) ** 2).sum() / (n - 1) + eps)
            var = var + torch.clamp(1 - s, min=0) / d
        m = torch.cov(z.t())
        cov = cov + sum(m[a, b] ** 2 for a in range(d) for b in range(d) if a != b) / d
    return i * inv + v * (var / 2 if over == "mean" else var) + c * cov


def vicreg():
    for name, e, o in [("5x4", two(5, 4), (25, 25, 1, 1e-4, "mean")), ("8x6 summed variance", two(8, 6, 0.7), (10, 5, 2, 1e-4, "sum"))]:
        case("vicreg", name, dict(zip(["invariance", "variance", "covariance", "epsilon", "varianceOverViews"], o)), e,
             lambda x, s, o=o: vicreg_loss(x["z1"], x["z2"], *o))
    row = rand(1, 3)
    case("vicreg", "edge: collapsed to one point", {}, {"z1": row.repeat(4, 1), "z2": row.repeat(4, 1)},
         lambda x, s: vicreg_loss(x["z1"], x["z2"], 25, 25, 1, 1e-4, "mean"))


# --- MoCo --------------------------------------------------------------------------------------------------------------------
def info_nce_queue(q, k, queue, t):
    total = 0
    for i in range(len(q)):
        pos = cos(q[i], k[i]) / t
        neg = torch.stack([(q[i] / q[i].norm()) @ n / t for n in queue])
        total = total - (pos - torch.logsumexp(torch.cat([pos[None], neg]), 0))
    return total / len(q)


def unit(n, d):
    return (F.normalize(rand(n, d), dim=1) * 1e4).round() / 1e4


def moco():
    for method, t in [("mocov1", 0.07), ("mocov2", 0.2)]:
        for n, d, k in [(4, 6, 8), (3, 5, 6)]:
            case(method, f"{n}x{d}, queue {k}", {"temperature": t, "queue": k}, {"q1": rand(n, d), "key2": unit(n, d)},
                 lambda x, s, t=t: info_nce_queue(x["q1"], x["key2"], s["queue2"], t), fixed=["key2"], state={"queue2": unit(k, d)},
                 projector=str(d))
    e = {"q1": rand(3, 4), "q2": rand(3, 4), "key1": unit(3, 4), "key2": unit(3, 4)}
    case("mocov2", "3x4, symmetric, queue 3", {"temperature": 0.5, "queue": 3, "symmetric": True}, e,
         lambda x, s: (info_nce_queue(x["q1"], x["key2"], s["queue2"], 0.5) + info_nce_queue(x["q2"], x["key1"], s["queue1"], 0.5)) / 2,
         fixed=["key1", "key2"], state={"queue1": unit(3, 4), "queue2": unit(3, 4)}, projector="4")
    for method, t in [("mocov1", 0.07), ("mocov2", 0.2)]:
        def decoupled(x, s, t=t):
            z = F.normalize(x["q1"], dim=1)
            return sum(torch.logsumexp(torch.stack([a @ n / t for n in s["queue2"]]), 0) - cos(a, k) / t for a, k in zip(z, x["key2"])) / len(z)
        case(method, "3x5, queue 6, decoupled", {"temperature": t, "queue": 6, "decoupled": True}, {"q1": rand(3, 5), "key2": unit(3, 5)}, decoupled,
             fixed=["key2"], state={"queue2": unit(6, 5)}, projector="5")
        def dual(x, s, beta=0.8, alpha=t):
            total = 0
            for a, key in zip(x["q1"], x["key2"]):
                cosines = torch.stack([cos(a, key)] + [a / a.norm() @ n for n in s["queue2"]])
                inner, outer = torch.softmax(cosines / alpha, 0), torch.softmax(cosines / beta, 0)
                total = total - ((1 - outer[0]) / (1 - inner[0])).detach() * torch.log(inner[0]) / len(x["q1"])
            return total
        case(method, "4x3, queue 8, dual temperature", {"temperature": t, "queue": 8, "anchorTemperature": 0.8}, {"q1": rand(4, 3), "key2": unit(4, 3)}, dual,
             fixed=["key2"], state={"queue2": unit(8, 3)}, projector="3")
    k = unit(2, 3)
    for method in ["mocov1", "mocov2"]:
        case(method, "edge: the positive is in the queue, tiny query", {"temperature": 0.07, "queue": 2}, {"q1": rand(2, 3) * 1e-3, "key2": k},
             lambda x, s: info_nce_queue(x["q1"], x["key2"], s["queue2"], 0.07), fixed=["key2"], state={"queue2": k}, projector="3")


def mocov3():
    def loss(x, s, t):
        total = 0
        for q, k in ((x["q1"], x["key2"]), (x["q2"], x["key1"])):
            n = len(q)
            for i in range(n):
                logits = torch.stack([cos(q[i], k[j]) / t for j in range(n)])
                total = total - 2 * t * (logits[i] - logits.logsumexp(0)) / n
        return total
    for name, n, d, t in [("4x6", 4, 6, 0.2), ("5x3, temperature 1", 5, 3, 1.0), ("edge: one sample", 1, 4, 0.2)]:
        case("mocov3", name, {"temperature": t}, {"q1": rand(n, d), "q2": rand(n, d), "key1": rand(n, d), "key2": rand(n, d)},
             lambda x, s, t=t: loss(x, s, t), fixed=["key1", "key2"])


# --- BYOL, SimSiam -----------------------------------------------------------------------------------------------------------
def pairs(n, d, a="p", b="key"):
    return {f"{a}1": rand(n, d), f"{a}2": rand(n, d), f"{b}1": rand(n, d), f"{b}2": rand(n, d)}


def mean_square(a, b):
    return sum((a[i] / a[i].norm() - b[i] / b[i].norm()).square().sum() for i in range(len(a))) / len(a)


def byol():
    edge = pairs(2, 3)
    edge["p1"] = -edge["key2"]
    edge["p2"] = edge["key1"] * 100
    for name, e in [("4x6", pairs(4, 6)), ("7x3", pairs(7, 3)), ("edge: opposite and equal directions", edge)]:
        case("byol", name, {}, e, lambda x, s: mean_square(x["p1"], x["key2"]) + mean_square(x["p2"], x["key1"]), fixed=["key1", "key2"])


def simsiam():
    def loss(x, s):
        n = len(x["p1"])
        return -sum(cos(x["p1"][i], x["z2"][i]) + cos(x["p2"][i], x["z1"][i]) for i in range(n)) / (2 * n)
    edge = pairs(2, 3, b="z")
    edge["p1"] = -edge["z2"]
    for name, e in [("4x6", pairs(4, 6, b="z")), ("7x3", pairs(7, 3, b="z")), ("edge: opposite direction", edge)]:
        case("simsiam", name, {}, e, loss, fixed=["z1", "z2"])


# --- Barlow Twins ------------------------------------------------------------------------------------------------------------
def barlowtwins():
    def loss(z1, z2, lam, scale):
        n, d = z1.shape
        h1, h2 = ((z - z.mean(0)) / torch.sqrt(z.var(0, unbiased=False) + 1e-5) for z in (z1, z2))
        total = 0
        for a in range(d):
            for b in range(d):
                c = (h1[:, a] * h2[:, b]).sum() / n
                total = total + ((1 - c) ** 2 if a == b else lam * c ** 2)
        return scale * total
    for name, e, lam, scale in [("5x4", two(5, 4), 0.0051, 1.0), ("8x6, scaled", two(8, 6), 0.02, 0.1), ("edge: a batch of three, views of different size", {"z1": rand(3, 2) * 1000, "z2": rand(3, 2)}, 0.0051, 1.0)]:
        case("barlowtwins", name, {"lambda": lam, "scale": scale}, e, lambda x, s, l=lam, c=scale: loss(x["z1"], x["z2"], l, c))


# --- DCL, DCL-W, InfoNCE -----------------------------------------------------------------------------------------------------
def dcl_loss(z1, z2, t, weights=None):
    z, n, total = torch.cat([z1, z2]), len(z1), 0
    for i in range(2 * n):
        j = (i + n) % (2 * n)
        others = torch.stack([cos(z[i], z[k]) / t for k in range(2 * n) if k not in (i, j)])
        w = 1 if weights is None else weights[i % n]
        total = total - w * cos(z[i], z[j]) / t + others.logsumexp(0)
    return total / (2 * n)


def von_mises(z1, z2, sigma):
    e = torch.stack([torch.exp(cos(a, b) / sigma) for a, b in zip(z1, z2)])
    return 2 - e / e.mean()


def dcl():
    for name, e, t in [("4x8", two(4, 8), 0.1), ("6x5", two(6, 5), 0.5)]:
        case("dcl", name, {"temperature": t}, e, lambda x, s, t=t: dcl_loss(x["z1"], x["z2"], t))
        case("dclw", name, {"temperature": t, "sigma": 0.5}, e,
             lambda x, s, t=t: dcl_loss(x["z1"], x["z2"], t, von_mises(x["z1"], x["z2"], 0.5)))
    same = rand(3, 4)
    case("dcl", "edge: identical views", {"temperature": 0.05}, {"z1": same, "z2": same * 3}, lambda x, s: dcl_loss(x["z1"], x["z2"], 0.05))
    case("dclw", "edge: identical views", {"temperature": 0.05, "sigma": 0.5}, {"z1": same, "z2": same * 3},
         lambda x, s: dcl_loss(x["z1"], x["z2"], 0.05, von_mises(x["z1"], x["z2"], 0.5)))


def infonce():
    def loss(z1, z2, t):
        z, n, total = torch.cat([z1, z2]), len(z1), 0
        for i in range(2 * n):
            every = torch.stack([cos(z[i], z[k]) / t for k in range(2 * n)])
            total = total - (every[(i + n) % (2 * n)] - every.logsumexp(0))
        return total / (2 * n)
    for name, e, t in [("4x8", two(4, 8), 0.2), ("6x5", two(6, 5), 1.0), ("edge: one sample", two(1, 4), 0.1)]:
        case("infonce", name, {"temperature": t}, e, lambda x, s, t=t: loss(x["z1"], x["z2"], t))


# --- NNCLR -------------------------------------------------------------------------------------------------------------------
def nnclr():
    def loss(x, s, t):
        total, n = 0, len(x["p1"])
        for z, p in ((x["z1"], x["p2"]), (x["z2"], x["p1"])):
            for i in range(n):
                nn = max(s["queue"], key=lambda row: float(cos(row, z[i])))
                logits = torch.stack([cos(nn, p[j]) / t for j in range(n)])
                total = total - (logits[i] - logits.logsumexp(0)) / (2 * n)
        return total
    for name, n, d, k, t in [("4x6, queue 8", 4, 6, 8, 0.2), ("5x3, queue 10", 5, 3, 10, 0.1)]:
        case("nnclr", name, {"temperature": t, "queue": k}, pairs(n, d, b="z"), lambda x, s, t=t: loss(x, s, t), fixed=["z1", "z2"],
             state={"queue": unit(k, d)}, projector=str(d), predictor={"shape": str(d)})
    e, q = pairs(3, 4, b="z"), unit(3, 4)
    e["z1"], e["z2"] = q, q
    case("nnclr", "edge: each sample is its own neighbour", {"temperature": 0.1, "queue": 3}, e, lambda x, s: loss(x, s, 0.1), fixed=["z1", "z2"],
         state={"queue": q}, projector="4", predictor={"shape": "4"})


# --- SwAV --------------------------------------------------------------------------------------------------------------------
def sinkhorn(scores, eps, rounds):
    q = torch.exp(scores.detach() / eps).t()
    q = q / q.sum()
    for _ in range(rounds):
        q = q / q.sum(1, keepdim=True) / q.shape[0]
        q = q / q.sum(0, keepdim=True) / q.shape[1]
    return (q * q.shape[1]).t()


def swav():
    def loss(x, s, views, t, eps, queue):
        c = F.normalize(x["prototypes"], dim=1)
        scores = [F.normalize(x[f"z{v + 1}"], dim=1) @ c.t() for v in range(views)]
        total, terms = 0, 0
        for i in range(2):
            every = torch.cat([F.normalize(s[f"queue{i + 1}"], dim=1) @ c.t(), scores[i]]) if queue else scores[i]
            q = sinkhorn(every, eps, 3)[-len(scores[i]):]
            for v in range(views):
                if v != i:
                    total = total - (q * torch.log_softmax(scores[v] / t, 1)).sum(1).mean()
                    terms += 1
        return total / terms
    for name, n, d, k, views, queue in [("5x4, 6 prototypes", 5, 4, 6, 2, 0), ("4x6, 3 prototypes, 4 views", 4, 6, 3, 4, 0),
                                        ("3x4, queue 6", 3, 4, 5, 2, 6), ("edge: one sample, one prototype", 1, 3, 1, 2, 0)]:
        e = {f"z{v + 1}": rand(n, d) for v in range(views)} | {"prototypes": rand(k, d)}
        case("swav", name, {"prototypes": k, "temperature": 0.1, "epsilon": 0.05, "queue": queue, "queueFromEpoch": 0}, e,
             lambda x, s, v=views, q=queue: loss(x, s, v, 0.1, 0.05, q), views=views, projector=str(d),
             state={"queue1": unit(queue, d), "queue2": unit(queue, d)} if queue else {})


# --- DINO --------------------------------------------------------------------------------------------------------------------
def dino():
    def loss(x, s, views, ts, tt):
        total, terms = 0, 0
        for i in range(2):
            target = torch.softmax((x[f"t{i + 1}"] - s["center"]) / tt, 1)
            for v in range(views):
                if v != i:
                    total = total - (target * torch.log_softmax(x[f"s{v + 1}"] / ts, 1)).sum(1).mean()
                    terms += 1
        return total / terms
    for name, n, k, views, scale in [("4x8", 4, 8, 2, 0.3), ("3x5, 4 views", 3, 5, 4, 0.3), ("edge: saturated outputs", 3, 4, 2, 1.5)]:
        e = {f"s{v + 1}": rand(n, k, scale=scale) for v in range(views)} | {f"t{v + 1}": rand(n, k, scale=scale) for v in range(2)}
        case("dino", name, {"prototypes": k, "studentTemperature": 0.1, "teacherTemperature": 0.07}, e,
             lambda x, s, v=views: loss(x, s, v, 0.1, 0.07), fixed=["t1", "t2"], state={"center": rand(1, k, scale=0.1)}, views=views, projector="4",
             step={"step": 5, "epoch": 2})


# --- SupCon ------------------------------------------------------------------------------------------------------------------
def supcon():
    def loss(x, t, inside):
        z, y = torch.cat([x["z1"], x["z2"]]), x["labels"].repeat(2)
        m, total = len(z), 0
        for i in range(m):
            others = [k for k in range(m) if k != i]
            logits = torch.stack([cos(z[i], z[k]) / t for k in others])
            lp = logits - logits.logsumexp(0)
            mine = lp[[a for a, k in enumerate(others) if y[k] == y[i]]]
            total = total - (mine.exp().mean().log() if inside else mine.mean())
        return total / m
    for name, n, d, labels, variant in [("4x6", 4, 6, [0, 1, 0, 2], "out"), ("5x3, inside", 5, 3, [1, 1, 0, 0, 1], "in"), ("edge: one class", 3, 4, [7, 7, 7], "out"),
                                        ("3x4, all classes differ", 3, 4, [0, 1, 2], "out")]:
        case("supcon", name, {"temperature": 0.3, "variant": variant}, two(n, d) | {"labels": torch.tensor(labels).double()},
             lambda x, s, v=variant: loss(x, 0.3, v == "in"), fixed=["labels"])


# --- Supervised --------------------------------------------------------------------------------------------------------------
def supervised():
    for name, labels, k, scale in [("4 images, 3 classes", [0, 2, 1, 2], 3, 1.0), ("3 images, 5 classes", [4, 4, 0], 5, 3.0), ("edge: one image, certain", [1], 2, 30.0)]:
        case("supervised", name, {"classes": k}, {"logits": rand(len(labels), k, scale=scale), "labels": torch.tensor(labels).double()},
             lambda x, s: sum(row.logsumexp(0) - row[int(y)] for row, y in zip(x["logits"], x["labels"])) / len(x["labels"]), fixed=["labels"], views=1)


# --- W-MSE -------------------------------------------------------------------------------------------------------------------
def wmse():
    def whiten(z, eps):
        c = torch.cov(z.t()) * (1 - eps) + eps * torch.eye(z.shape[1])
        return torch.linalg.solve_triangular(torch.linalg.cholesky(c), (z - z.mean(0)).t(), upper=False).t()

    def loss(x, sub, eps):
        total, parts = 0, len(x["z1"]) // sub
        for p in range(parts):
            a, b = (whiten(x[k][p * sub:(p + 1) * sub], eps) for k in ("z1", "z2"))
            total = total + mean_square(a, b) / parts
        return total
    for name, n, d, sub, eps in [("12x3", 12, 3, 12, 0.0), ("16x4, sub-batches of 8, shrunk", 16, 4, 8, 0.1), ("edge: barely enough samples, shrunk", 4, 3, 4, 0.5)]:
        case("wmse", name, {"subBatch": sub, "epsilon": eps}, {"z1": rand(n, d), "z2": rand(n, d)}, lambda x, s, b=sub, e=eps: loss(x, b, e), projector=str(d))


# --- RELIC, the unified family, N-pair, triplet ------------------------------------------------------------------------------
def relic():
    def loss(x, t, weight):
        z1, z2, n = x["z1"], x["z2"], len(x["z1"])
        m = torch.stack([torch.stack([cos(a, b) / t for b in z2]) for a in z1])
        p, q = torch.log_softmax(m, 1), torch.log_softmax(m.t(), 1)
        kl = sum((a.detach().exp() * (a.detach() - b)).sum() for a, b in ((p, q), (q, p))) / (2 * n)
        return nt_xent(z1, z2, t) + weight * kl
    for name, e, t, w in [("4x6", two(4, 6), 0.2, 1.0), ("5x3, weight 10", two(5, 3), 0.5, 10.0), ("edge: no regulariser", two(3, 4), 0.1, 0.0)]:
        case("relic", name, {"temperature": t, "invariance": w}, e, lambda x, s, t=t, w=w: loss(x, t, w))


def unified():
    def loss(z1, z2, t, eps):
        a, b, n, total = F.normalize(z1, dim=1), F.normalize(z2, dim=1), len(z1), 0
        for x, y in ((a, b), (b, a)):
            for i in range(n):  # eq. 15 as printed
                inner = sum(torch.exp(((x[i] - y[i]).square().sum() - (x[i] - x[j]).square().sum()) / t) for j in range(n) if j != i)
                total = total + t * torch.log(eps + inner) / (2 * n)
        return total
    for name, e, t, eps in [("4x6", two(4, 6), 0.4, 1.0), ("5x3, epsilon 0", two(5, 3), 1.0, 0.0), ("edge: two samples, large epsilon", two(2, 3), 0.2, 50.0)]:
        case("unified", name, {"temperature": t, "epsilon": eps}, e, lambda x, s, t=t, eps=eps: loss(x["z1"], x["z2"], t, eps))


def npair():
    def loss(z1, z2, beta):
        n, total = len(z1), 0
        for i in range(n):
            logits = torch.stack([z1[i] @ z2[j] for j in range(n)])
            total = total - (logits[i] - logits.logsumexp(0)) / n
        return total + beta * (z1.square().sum() + z2.square().sum()) / (2 * n)
    for name, e, beta in [("4x6", two(4, 6), 0.002), ("5x3, beta 1", two(5, 3), 1.0), ("edge: long vectors", two(3, 4, 10.0), 0.0)]:
        case("npair", name, {"beta": beta}, e, lambda x, s, b=beta: loss(x["z1"], x["z2"], b))


def triplet():
    def loss(z1, z2, margin, normalize):
        z = torch.cat([z1, z2])
        z = F.normalize(z, dim=1) if normalize else z
        n, total, count = len(z1), 0, 0
        for i in range(2 * n):
            j = (i + n) % (2 * n)
            for l in range(2 * n):
                if l not in (i, j):
                    near = (z[i] - z[j]).norm() if not torch.equal(z[i], z[j]) else 0
                    total = total + torch.clamp(near - (z[i] - z[l]).norm() + margin, min=0)
                    count += 1
        return total / count
    same = rand(3, 4)
    for name, e, m, norm in [("4x6", two(4, 6), 0.5, True), ("5x3, not normalised", two(5, 3), 1.0, False), ("edge: identical views", {"z1": same, "z2": same}, 2.5, True)]:
        case("triplet", name, {"margin": m, "normalize": norm}, e, lambda x, s, m=m, o=norm: loss(x["z1"], x["z2"], m, o))


# --- NPID, MSF, DirectPred, DirectSet ----------------------------------------------------------------------------------------
def npid():
    def loss(x, s, ids, t, beta):
        z, total = F.normalize(x["z1"], dim=1), 0
        for i, own in enumerate(ids):
            logits = torch.stack([z[i] @ row / t for row in s["bank"]])
            total = total - (logits[own] - logits.logsumexp(0)) + beta * (z[i] - s["bank"][own]).square().sum()
        return total / len(ids)
    for name, n, d, ids, beta in [("3x4 of 7", 7, 4, [6, 0, 3], 1.0), ("2x5 of 4", 4, 5, [1, 2], 0.0), ("edge: the same sample twice", 3, 4, [2, 2], 10.0)]:
        case("npid", name, {"temperature": 0.2, "beta": beta}, {"z1": rand(len(ids), d)}, lambda x, s, i=ids, b=beta: loss(x, s, i, 0.2, b),
             state={"bank": unit(n, d)}, step={"sampleIds": ids}, views=1, projector=str(d))


def msf():
    def loss(x, s, k):
        total = 0
        for p, key in zip(x["p1"], x["key2"]):
            rows = sorted([key / key.norm()] + list(s["queue"]), key=lambda r: -float(cos(r, key)))[:k]
            total = total + sum((p / p.norm() - r).square().sum() for r in rows) / k / len(x["p1"])
        return total
    for name, n, d, q, k in [("3x6, 1 of 6", 3, 6, 6, 1), ("4x3, 5 of 8", 4, 3, 8, 5), ("edge: every candidate but one", 2, 4, 2, 2)]:
        # Keys of norm 1 to double precision do not exist in three decimals, so the queue is renormalised here.
        case("msf", name, {"neighbours": k, "queue": q}, {"p1": rand(n, d), "key2": unit(n, d)}, lambda x, s, k=k: loss(x, s, k), fixed=["key2"],
             state={"queue": F.normalize(unit(q, d), dim=1)}, projector=str(d), predictor={"shape": str(d)})


def direct():
    def loss(x, w):
        return mean_square(x["z1"] @ w.t(), x["key2"]) + mean_square(x["z2"] @ w.t(), x["key1"])
    for method in ("directpred", "directset"):
        for name, n, d, step in [("4x6", 4, 6, 3), ("5x3", 5, 3, 9), ("edge: step 0, the predictor is the identity", 3, 4, 0)]:
            w = rand(d, d) if step else torch.zeros(d, d)
            case(method, name, {}, pairs(n, d, a="z"), lambda x, s, w=w, step=step: loss(x, w if step else torch.eye(len(w))), fixed=["key1", "key2"],
                 state={"predictor": w}, step={"step": step}, projector=str(d))


# --- Masked image modelling --------------------------------------------------------------------------------------------------
VIT = {"backbone": {"name": "vit-nano", "patchSize": 16}}


def masked(method, name, loss, embeddings, function):
    case(method, name, loss, embeddings, function, fixed=["target"], **VIT)
    CASES[-1]["recipe"]["views"] = [{} if method == "ijepa" else {"mask": {"kind": "random", "ratio": 0.5}}]


def mim():
    def normalized(t):
        return torch.stack([torch.stack([(p - p.mean()) / (p.var() + 1e-6).sqrt() for p in row]) for row in t])

    def mae(x, normalize):
        return ((x["prediction"] - (normalized(x["target"]) if normalize else x["target"])) ** 2).mean()

    def huber(x):
        t = torch.stack([torch.stack([(p - p.mean()) / (p.var(unbiased=False) + 1e-5).sqrt() for p in row]) for row in x["target"]])
        d = (x["prediction"] - t).abs()
        return torch.where(d < 1, d * d / 2, d - 0.5).mean()

    def e(n, h, d, scale=1.0):
        return {"prediction": rand(n, h, d, scale=scale), "target": rand(n, h, d)}
    for name, shape, norm in [("3 images, 2 patches of 4", (3, 2, 4), True), ("2 images, 5 patches of 3, raw pixels", (2, 5, 3), False), ("edge: large errors", (1, 1, 6, 100.0), True)]:
        masked("mae", name, {"normalizePixels": norm}, e(*shape), lambda x, s, o=norm: mae(x, o))
    for name, shape in [("3 images, 2 patches of 4", (3, 2, 4)), ("2 images, 5 patches of 3", (2, 5, 3)), ("edge: large errors", (1, 1, 6, 100.0))]:
        masked("simmim", name, {}, e(*shape), lambda x, s: sum((a - b).abs() for a, b in zip(x["prediction"].flatten(), x["target"].flatten())) / x["target"].numel())
        masked("ijepa", name, {}, e(*shape), lambda x, s: huber(x))
    masked("simmim", "2 images, 3 patches of 4, normalised pixels", {"normalizePixels": True}, e(2, 3, 4), lambda x, s: (x["prediction"] - normalized(x["target"])).abs().mean())


# --- MSN, PMSN, iBOT, DINOv2, DeepCluster -------------------------------------------------------------------------------------
def msn():
    def loss(x, views, t, sharp, weight, exponent, rounds=0, reverse=False):
        c = F.normalize(x["prototypes"], dim=1)
        target = torch.softmax(F.normalize(x["key1"], dim=1) @ c.t() / t, 1) ** (1 / sharp)
        target = (target / target.sum(1, keepdim=True)).detach()
        for _ in range(rounds):  # the authors' distributed_sinkhorn, in the order of their code
            target = target / target.sum(0, keepdim=True) / target.shape[1]
            target = target / target.sum(1, keepdim=True) / target.shape[0]
        target = target / target.sum(1, keepdim=True)
        logits = [F.normalize(x[f"z{v}"], dim=1) @ c.t() / t for v in range(2, views + 1)]
        agree = sum(-(target * torch.log_softmax(l, 1)).sum(1).mean() for l in logits) / len(logits)
        mean = torch.cat([torch.softmax(l, 1) for l in logits]).mean(0)
        prior = torch.arange(1, len(mean) + 1).double() ** -exponent
        prior = prior / prior.sum()
        return agree + weight * ((prior * torch.log(prior / mean)).sum() if reverse else (mean * torch.log(mean / prior)).sum())
    for method, exponent in [("msn", 0.0), ("pmsn", 0.25)]:
        for name, n, d, k, views, weight in [("4x6, 5 prototypes", 4, 6, 5, 2, 1.0), ("3x4, 7 prototypes, 3 anchors", 3, 4, 7, 4, 2.5), ("edge: two prototypes", 3, 3, 2, 2, 1.0)]:
            e = {"key1": rand(n, d)} | {f"z{v}": rand(n, d) for v in range(2, views + 1)} | {"prototypes": rand(k, d)}
            case(method, name, {"prototypes": k, "regularization": weight} | ({"exponent": exponent} if exponent else {}), e,
                 lambda x, s, v=views, w=weight, a=exponent: loss(x, v, 0.1, 0.25, w, a), fixed=["key1"], views=views, projector=str(d))
    for method, more, exponent, reverse in [("msn", {}, 0.0, False), ("pmsn", {"exponent": 0.5, "divergence": "from-prior"}, 0.5, True)]:
        e = {"key1": rand(5, 4), "z2": rand(5, 4), "z3": rand(5, 4), "prototypes": rand(6, 4)}
        case(method, "5x4, 6 prototypes, Sinkhorn on the targets" + (", from the prior" if reverse else ""), {"prototypes": 6, "sinkhorn": 3} | more, e,
             lambda x, s, a=exponent, r=reverse: loss(x, 3, 0.1, 0.25, 1.0, a, 3, r), fixed=["key1"], views=3, projector="4")


def koleo(x):
    total = 0
    for i in range(len(x)):
        total = total - torch.log(min(((x[i] / x[i].norm() - x[j] / x[j].norm()).norm() for j in range(len(x)) if j != i), key=float) + 1e-8)
    return total / len(x)


def ibot():
    def ce(t, s):
        return -(t * torch.log_softmax(s, -1)).sum(-1).mean()

    def loss(x, s, weight, views=2):
        pairs = [(t, v) for t in (1, 2) for v in range(1, views + 1) if v != t]
        cls = sum(ce(torch.softmax((x[f"t{t}"] - s["center"]) / 0.04, -1), x[f"s{v}"] / 0.1) for t, v in pairs) / len(pairs)
        patch = sum(ce(torch.softmax((x[t] - s["patchCenter"]) / 0.05, -1), x[u] / 0.1) for t, u in (("v1", "u1"), ("v2", "u2"))) / 2
        return cls + weight * patch

    def varying(x, s, counts):
        """Images that hide different numbers of patches: each image's own mean, and nothing from one that hides none."""
        total = loss(x, s, 0.0)
        for view in (1, 2):
            for i, h in enumerate(counts[view - 1]):
                if h:
                    target = torch.softmax((x[f"v{view}"][i, :h] - s["patchCenter"]) / 0.05, -1)
                    total = total + ce(target, x[f"u{view}"][i, :h] / 0.1) / len(counts[0]) / 2
        return total

    for method in ("ibot", "dinov2"):
        for name, n, h, k, weight, scale in [("4 images, 3 patches, 6 outputs", 4, 3, 6, 1.0, 0.3), ("3 images, 1 patch, 5 outputs", 3, 1, 5, 0.5, 0.3), ("edge: two images, saturated outputs", 2, 2, 4, 1.0, 0.8)]:
            e = {a: rand(n, k, scale=scale) for a in ("s1", "s2", "t1", "t2")} | {a: rand(n, h, k, scale=scale) for a in ("u1", "u2", "v1", "v2")}
            if method == "dinov2":
                e |= {"f1": rand(n, 5), "f2": rand(n, 5)}
            function = (lambda x, s, w=weight: loss(x, s, w)) if method == "ibot" else (lambda x, s, w=weight: loss(x, s, w) + 0.1 * (koleo(x["f1"]) + koleo(x["f2"])))
            case(method, name, {"prototypes": k, "patchTemperature": 0.05, "patchWeight": weight}, e, function, fixed=["t1", "t2", "v1", "v2"],
                 state={"center": rand(1, k, scale=0.1), "patchCenter": rand(1, k, scale=0.1)}, step={"step": 4, "epoch": 1}, projector="8", **VIT)
            CASES[-1]["recipe"]["views"] = [{"count": 2, "mask": {"kind": "block", "ratio": 0.5}}]

    for method in ("ibot", "dinov2"):  # a patch head of its own with 4 outputs, temperatures half-way through their warm-up: epoch 2 of 4
        n, h, k, own = 3, 2, 6, 4
        e = {a: rand(n, k, scale=0.3) for a in ("s1", "s2", "t1", "t2")} | {a: rand(n, h, own, scale=0.3) for a in ("u1", "u2", "v1", "v2")}
        if method == "dinov2":
            e |= {"f1": rand(n, 5), "f2": rand(n, 5)}

        def untied(x, s):
            cls = sum(ce(torch.softmax((x[t] - s["center"]) / 0.05, -1), x[u] / 0.1) for t, u in (("t1", "s2"), ("t2", "s1"))) / 2
            patch = sum(ce(torch.softmax((x[t] - s["patchCenter"]) / 0.06, -1), x[u] / 0.1) for t, u in (("v1", "u1"), ("v2", "u2"))) / 2
            return cls + patch + (0.1 * (koleo(x["f1"]) + koleo(x["f2"])) if "f1" in x else 0)
        case(method, "untied heads, temperatures in their warm-up",
             {"prototypes": k, "patchPrototypes": own, "teacherTemperatureStart": 0.04, "teacherTemperature": 0.06, "patchTemperatureStart": 0.05, "patchTemperature": 0.07, "teacherTemperatureEpochs": 4},
             e, untied, fixed=["t1", "t2", "v1", "v2"], state={"center": rand(1, k, scale=0.1), "patchCenter": rand(1, own, scale=0.1)},
             step={"step": 4, "epoch": 2}, projector="8", **VIT)
        CASES[-1]["recipe"]["views"] = [{"count": 2, "mask": {"kind": "blockwise", "ratio": 0.5}}]

    def extra(x):
        return 0.1 * (koleo(x["f1"]) + koleo(x["f2"])) if "f1" in x else 0

    for method in ("ibot", "dinov2"):
        n, h, k, counts = 4, 3, 5, ((3, 0, 1, 2), (0, 2, 3, 1))
        state = {"center": rand(1, k, scale=0.1), "patchCenter": rand(1, k, scale=0.1)}
        features = {"f1": rand(n, 5), "f2": rand(n, 5)} if method == "dinov2" else {}
        e = {a: rand(n, k, scale=0.3) for a in ("s1", "s2", "s3", "s4", "t1", "t2")} | {a: rand(n, h, k, scale=0.3) for a in ("u1", "u2", "v1", "v2")} | features
        settings = {"prototypes": k, "patchTemperature": 0.05}
        case(method, "two local crops", settings, e, lambda x, s: loss(x, s, 1.0, views=4) + extra(x), fixed=["t1", "t2", "v1", "v2"],
             state=state, step={"step": 4, "epoch": 1}, projector="8", **VIT)
        CASES[-1]["recipe"]["views"] = [{"count": 2, "mask": {"kind": "blockwise", "ratio": 0.5}}, {"count": 2}]
        e = {a: v for a, v in e.items() if a not in ("s3", "s4")}
        e |= {f"w{v}": torch.tensor([[1 / c if j < c else 0.0 for j in range(h)] for c in counts[v - 1]]) for v in (1, 2)}
        case(method, "images that hide 0 to 3 patches", settings, e, lambda x, s: varying(x, s, counts) + extra(x), fixed=["t1", "t2", "v1", "v2", "w1", "w2"],
             state=state, step={"step": 4, "epoch": 1}, projector="8", **VIT)
        CASES[-1]["recipe"]["views"] = [{"count": 2, "mask": {"kind": "blockwise", "ratio": 0.1, "ratioMax": 0.5, "probability": 0.5}}]


def deepcluster():
    def loss(x, s, ids, done, uniform):
        total, n = 0, len(x["z1"])
        every = [int(a) for a in s["assignments"][:, 0]]
        for a, b in (("z1", "z2"), ("z2", "z1")):
            for i in range(n):
                logits = torch.stack([x[a][i] / x[a][i].norm() @ c / 0.1 for c in s["centroids"]])
                other = torch.stack([x[b][i] / x[b][i].norm() @ c for c in s["centroids"]])
                y = int(s["assignments"][ids[i], 0]) if done else int(other.argmax())
                weight = len(every) / (len(s["centroids"]) * every.count(y)) if done and uniform else 1.0
                total = total - weight * torch.log_softmax(logits, 0)[y] / (2 * n)
        return total
    for name, n, d, k, done, uniform in [("4x6, 5 clusters", 4, 6, 5, 1, True), ("3x4, 2 clusters, every image alike", 3, 4, 2, 3, False), ("edge: before the first clustering", 4, 3, 6, 0, True)]:
        ids = list(range(n, 0, -1))
        state = {"centroids": unit(k, d), "assignments": torch.randint(0, k, (n + 1, 1)).double(), "clustered": torch.tensor([float(done)])}
        case("deepcluster", name, {"clusters": k, "uniform": uniform}, {"z1": rand(n, d), "z2": rand(n, d)}, lambda x, s, i=ids, o=done, u=uniform: loss(x, s, i, o, u), state=state,
             step={"epoch": done, "sampleIds": ids}, projector=str(d))


# --- LeJEPA ------------------------------------------------------------------------------------------------------------------
def lejepa():
    def statistic(x, t_max, knots):
        """Epps-Pulley against N(0, 1) by its definition, with complex numbers over both signs of t."""
        t = torch.linspace(-t_max, t_max, 2 * knots - 1)
        ecf = torch.exp(1j * x[:, None] * t).mean(0)
        return len(x) * torch.trapz((ecf - torch.exp(-t ** 2 / 2)).abs() ** 2 * torch.exp(-t ** 2 / 2), t)

    def loss(x, views, globals_, lam, t_max, knots):
        z = [x[f"z{v + 1}"] for v in range(views)]
        centre = sum(z[:globals_]) / globals_
        predict = sum(((v - centre) ** 2).mean() for v in z) / views
        gauss = sum(statistic(v @ a, t_max, knots) for v in z for a in x["slices"]) / (views * len(x["slices"]))
        return (1 - lam) * predict + lam * gauss

    for name, n, d, slices, lam, t_max, knots, scale in [("6x4, 5 slices", 6, 4, 5, 0.05, 3.0, 17, 1.0), ("9x3, 8 slices, 5 knots to 2", 9, 3, 8, 0.5, 2.0, 5, 0.6),
                                                         ("edge: nearly collapsed", 4, 3, 6, 0.02, 3.0, 17, 0.01)]:
        e = two(n, d, scale) | {"slices": F.normalize(torch.randn(slices, d), dim=1)}
        case("lejepa", name, {"prediction": 1 - lam, "gaussian": lam, "range": t_max, "knots": knots}, e,
             lambda x, s, l=lam, t=t_max, k=knots: loss(x, 2, 2, l, t, k), fixed=["slices"], projector=str(d))


# --- ReSSL, TiCo, DirectCLR --------------------------------------------------------------------------------------------------
def relations():
    def ressl(x, s, ts, tt):
        total = 0
        for q, k in zip(x["q1"], x["key2"]):
            target = torch.softmax(torch.stack([cos(k, n) / tt for n in s["queue2"]]), 0)
            total = total - (target * torch.log_softmax(torch.stack([(q / q.norm()) @ n / ts for n in s["queue2"]]), 0)).sum() / len(x["q1"])
        return total

    for name, n, d, k, ts, tt in [("4x6, queue 8", 4, 6, 8, 0.1, 0.04), ("3x5, queue 6, soft", 3, 5, 6, 0.5, 0.3), ("edge: the key is in the queue", 2, 3, 2, 0.1, 0.04)]:
        keys = unit(n, d)
        queue = keys if name.startswith("edge") else F.normalize(unit(k, d), dim=1)
        case("ressl", name, {"studentTemperature": ts, "teacherTemperature": tt, "queue": k}, {"q1": rand(n, d), "key2": keys},
             lambda x, s, a=ts, b=tt: ressl(x, s, a, b), fixed=["key2"], state={"queue2": queue}, projector=str(d))

    def tico(x, s, rho, beta):
        z = [v / v.norm() for v in x["z1"]]
        c = beta * s["moment"] + (1 - beta) * sum(torch.outer(v, v) for v in z) / len(z)
        return 1 - sum(cos(v, k) for v, k in zip(z, x["key2"])) / len(z) + rho * sum(v @ c @ v for v in z) / len(z)

    for name, n, d, rho, beta in [("5x4", 5, 4, 8.0, 0.9), ("3x6, no past", 3, 6, 20.0, 0.0), ("edge: nothing but invariance", 2, 3, 0.0, 0.9)]:
        past = rand(d, d)
        case("tico", name, {"contrast": rho, "beta": beta}, {"z1": rand(n, d), "key2": rand(n, d)}, lambda x, s, r=rho, b=beta: tico(x, s, r, b),
             fixed=["key2"], state={"moment": ((past @ past.t()) * 1000).round() / 1000}, projector=str(d))

    def directclr(x, t, d0):
        a, b = x["z1"][:, :d0], x["z2"][:, :d0]
        total = 0
        for p, q in ((a, b), (b, a)):
            for i in range(len(p)):
                logits = torch.stack([cos(p[i], r) / t for r in q])
                total = total - (logits[i] - logits.logsumexp(0)) / (2 * len(p))
        return total

    for name, n, d, share, d0, t in [("4x8, 2 dimensions", 4, 8, 0.25, 2, 0.1), ("5x6, 3 dimensions", 5, 6, 0.5, 3, 0.5), ("edge: all dimensions", 3, 4, 1.0, 4, 0.2)]:
        case("directclr", name, {"temperature": t, "share": share}, two(n, d), lambda x, s, t=t, d0=d0: directclr(x, t, d0), projector=str(d))


# --- SimDINO -----------------------------------------------------------------------------------------------------------------
def simdino():
    def rate(z, eps):
        n, d = z.shape
        return torch.linalg.slogdet(torch.eye(d) + d / (n * eps) * sum(torch.outer(v, v) for v in z))[1] / 2

    def loss(x, views, weight, eps, smooth):
        n, d = x["s1"].shape
        pairs = [(t, v) for t in (1, 2) for v in range(1, views + 1) if v != t]
        distance = sum(1 - sum(cos(a, b) for a, b in zip(x[f"s{v}"], x[f"t{t}"])) / n for t, v in pairs) / len(pairs)
        total = 0
        for v in (1, 2):
            s, t = (F.normalize(x[f"{k}{v}"], dim=1) for k in "st")
            total = total + rate((s + t) / 2 if smooth else s, eps) / 2
        return distance - weight * (n + d) / (n * d) * total

    def patches(x):
        return sum(sum(1 - cos(a, b) for a, b in zip(x[f"u{v}"].flatten(0, 1), x[f"v{v}"].flatten(0, 1))) / x[f"u{v}"][..., 0].numel() for v in (1, 2)) / 2

    for name, n, d, views, weight, eps, smooth in [("5x4", 5, 4, 2, 1.0, 0.5, True), ("4x6, two local crops, the student's rate", 4, 6, 4, 2.0, 0.05, False), ("edge: more dimensions than images", 2, 5, 2, 1.0, 0.5, True)]:
        e = {f"s{v}": rand(n, d) for v in range(1, views + 1)} | {"t1": rand(n, d), "t2": rand(n, d)}
        options = {"rate": weight, "epsilon": eps, "smooth": smooth}
        case("simdino", name, options, e, lambda x, s, v=views, w=weight, p=eps, m=smooth: loss(x, v, w, p, m), fixed=["t1", "t2"], views=views, projector=str(d))
        e |= {a: rand(n, 3, d) for a in ("u1", "u2", "v1", "v2")}
        case("simdinov2", name, options | {"patchWeight": 0.5}, e, lambda x, s, v=views, w=weight, p=eps, m=smooth: loss(x, v, w, p, m) + 0.5 * patches(x),
             fixed=["t1", "t2", "v1", "v2"], projector=str(d), **VIT)
        CASES[-1]["recipe"]["views"] = [{"count": 2, "mask": {"kind": "blockwise", "ratio": 0.5}}] + ([{"count": views - 2}] if views > 2 else [])


# --- SeLa --------------------------------------------------------------------------------------------------------------------
def sela():
    def loss(x, s, ids, t):
        total = 0
        for z, i in zip(x["z1"], ids):
            logits = torch.stack([cos(z, c) / t for c in x["prototypes"]])
            total = total - torch.log_softmax(logits, 0)[int(s["labels"][i, 0])] / len(ids)
        return total
    for name, n, d, k, t in [("4x6, 5 labels", 4, 6, 5, 0.1), ("3x4, 2 labels", 3, 4, 2, 0.5), ("edge: one image", 1, 3, 4, 0.1)]:
        ids = list(range(n, 0, -1))
        state = {"labels": torch.randint(0, k, (n + 1, 1)).double(), "labelled": torch.tensor([1.0])}
        case("sela", name, {"prototypes": k, "temperature": t}, {"z1": rand(n, d), "prototypes": rand(k, d)}, lambda x, s, i=ids, t=t: loss(x, s, i, t),
             state=state, step={"epoch": 1, "sampleIds": ids}, views=1, projector=str(d))


# --- PCL ---------------------------------------------------------------------------------------------------------------------
def pcl():
    def loss(x, s, ids, t, counts):
        total = info_nce_queue(x["q1"], x["key2"], s["queue2"], t)
        if float(s["clustered"]) == 0:
            return total
        for m in range(len(counts)):
            for q, i in zip(x["q1"], ids):
                logits = torch.stack([cos(q, c) / phi for c, phi in zip(s[f"centroids{m}"], s[f"concentrations{m}"])])
                total = total - torch.log_softmax(logits, 0)[int(s[f"assignments{m}"][i, 0])] / (len(ids) * len(counts))
        return total
    for name, n, d, counts, queue, t, done in [("4x6, 3 and 5 clusters", 4, 6, [3, 5], 8, 0.2, 1), ("3x4, 2 clusters", 3, 4, [2], 6, 0.5, 4), ("edge: before the first clustering", 2, 3, [2], 2, 0.2, 0)]:
        ids = list(range(n, 0, -1))
        state = {"queue2": unit(queue, d), "clustered": torch.tensor([float(done)])}
        for m, k in enumerate(counts):
            state |= {f"centroids{m}": F.normalize(unit(k, d), dim=1), f"concentrations{m}": (torch.rand(k) * 100 + 10).round() / 500,
                      f"assignments{m}": torch.randint(0, k, (n + 1, 1)).double()}
        case("pcl", name, {"temperature": t, "queue": queue, "granularities": counts}, {"q1": rand(n, d), "key2": unit(n, d)},
             lambda x, s, i=ids, t=t, c=counts: loss(x, s, i, t, c), fixed=["key2"], state=state, step={"epoch": done, "sampleIds": ids}, projector=str(d))


# --- EMP-SSL -----------------------------------------------------------------------------------------------------------------
def empssl():
    def loss(x, views, weight, eps):
        z = [F.normalize(x[f"z{v + 1}"], dim=1) for v in range(views)]
        n, d = z[0].shape
        centre = sum(z) / views
        cosine = sum(cos(a, c) for v in z for a, c in zip(v, centre)) / (views * n)
        rate = sum(torch.slogdet(torch.eye(d) + d / (n * eps) * v.t() @ v)[1] / 2 for v in z) / views
        return weight * (1 - cosine) - rate
    for name, n, d, views, weight, eps in [("5x4, 3 crops", 5, 4, 3, 200.0, 0.2), ("4x6, 5 crops", 4, 6, 5, 1.0, 0.05), ("edge: two crops, more dimensions than images", 2, 5, 2, 10.0, 0.2)]:
        case("empssl", name, {"invariance": weight, "epsilon": eps}, {f"z{v + 1}": rand(n, d) for v in range(views)},
             lambda x, s, v=views, w=weight, e=eps: loss(x, v, w, e), views=views, projector=str(d))


# --- The gallery -------------------------------------------------------------------------------------------------------------
def gallery():
    def margin(z1, z2, m, squared):
        z, n = torch.cat([z1, z2]), len(z1)
        near = sum((a - b).norm() ** (2 if squared else 1) if not torch.equal(a, b) else 0 * a.sum() for a, b in zip(z1, z2)) / n
        others = [(i, j) for i in range(2 * n) for j in range(2 * n) if i % n != j % n]
        return near + sum(torch.clamp(m - (z[i] - z[j]).norm(), min=0) ** 2 for i, j in others) / len(others)

    def nca(z1, z2, normalize):
        z, n = torch.cat([z1, z2]), len(z1)
        z = F.normalize(z, dim=1) if normalize else z
        w = [[torch.exp(-(a - b).square().sum()) for b in z] for a in z]
        return -sum(w[i][(i + n) % (2 * n)] for i in range(2 * n)) / sum(sum(row) for row in w)

    def cca(z1, z2, eps):
        def root(c):
            c = c.reshape(z1.shape[1], -1)
            v, u = torch.linalg.eigh(c * (1 - eps) + eps * torch.eye(len(c)))
            return u @ torch.diag(v ** -0.5) @ u.t()
        a, b = z1 - z1.mean(0), z2 - z2.mean(0)
        cross = a.t() @ b / (len(a) - 1)
        return -torch.linalg.svdvals(root(torch.cov(z1.t())) @ cross @ root(torch.cov(z2.t()))).sum()

    same = rand(3, 4)
    for name, e, m, sq in [("4x6", two(4, 6), 4.0, False), ("5x3, squared", two(5, 3), 2.0, True), ("edge: identical views", {"z1": same, "z2": same}, 3.0, False)]:
        case("margin", name, {"distance": m, "squaredPositives": sq}, e, lambda x, s, m=m, q=sq: margin(x["z1"], x["z2"], m, q))
    for name, e, norm in [("4x6", two(4, 6), True), ("5x3, not normalised", two(5, 3, 0.5), False), ("edge: identical views", {"z1": same, "z2": same}, True)]:
        case("nca", name, {"normalize": norm}, e, lambda x, s, o=norm: nca(x["z1"], x["z2"], o))
    for name, n, d, eps in [("10x3", 10, 3, 1e-4), ("12x4, shrunk", 12, 4, 0.1), ("edge: one dimension", 6, 1, 1e-4)]:
        case("cca", name, {"epsilon": eps}, two(n, d), lambda x, s, a=eps: cca(x["z1"], x["z2"], a))
    for name, n, d, ids in [("3x4 of 6", 3, 4, [5, 0, 2]), ("4x3 of 4", 4, 3, [0, 1, 2, 3]), ("edge: one sample", 1, 5, [1])]:
        # The minimum over all permutations of the batch's targets, one by one.
        case("nat", name, {}, {"z1": rand(n, d)}, lambda x, s, i=ids: min((-sum(cos(z, s["targets"][k]) for z, k in zip(x["z1"], p)) / len(i) for p in itertools.permutations(i)), key=float),
             state={"targets": unit(6, d)}, step={"sampleIds": ids}, views=1, projector=str(d))
    for name, n, m, c, scale in [("4 data, 5 noise each", 4, 5, 0.0, 1.0), ("3 data, 1 noise each, constant", 3, 1, -0.7, 1.0), ("edge: certain scores", 2, 2, 0.0, 30.0)]:
        def nce(x, s, m=m, c=c):
            c = x["constant"] if "constant" in x else c
            eta, total = float(m), 0
            for d, row in zip(x["data"], x["noise"]):
                total = total - F.logsigmoid(d + c - torch.log(torch.tensor(eta)))
                total = total - sum(F.logsigmoid(-(w + c - torch.log(torch.tensor(eta)))) for w in row)
            return total / len(x["data"])
        case("nce", name, {"logNormalizer": c}, {"data": rand(n, scale=scale), "noise": rand(n, m, scale=scale)}, nce, views=1, projector="4")
    case("nce", "5 data, 3 noise each, learnt constant", {}, {"data": rand(5), "noise": rand(5, 3), "constant": torch.tensor([0.4])}, lambda x, s: nce(x, s, m=3), views=1, projector="4")


def main():
    # Imported by this name it is a module of its own; its cases are collected here.
    import losses_of_tasks
    import make_losses
    make_losses.CASES = CASES
    for number, make in enumerate([simclr, vicreg, moco, mocov3, byol, simsiam, barlowtwins, dcl, infonce, nnclr, swav, dino, supcon, wmse,
                                  relic, unified, npair, triplet, npid, msf, direct,
                                  mim, msn, ibot, deepcluster, gallery, lejepa, relations, simdino, empssl, sela, pcl, *losses_of_tasks.ALL, supervised]):
        torch.manual_seed(number)
        make()
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "losses.json")
    with open(path, "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in CASES) + "\n]\n")
    print(f"{len(CASES)} cases of {len({c['method'] for c in CASES})} methods")


if __name__ == "__main__":
    main()
