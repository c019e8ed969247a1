"""Makes losses.json: values and gradients of every method's loss, computed by PyTorch in double precision.

Each loss is written here from its paper, with other operations than the C# code where there is a choice (loops, explicit
sums), so that the two agree only if both are right. Run `python3 make_losses.py` beside this file to make it again.
"""
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
    recipe = {"method": method, "views": [{"count": views}], "batch": {"effective": n, "micro": n}, "loss": loss,
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


def main():
    for number, make in enumerate([simclr, vicreg, moco, mocov3, byol, simsiam, barlowtwins, dcl, infonce, nnclr]):
        torch.manual_seed(number)
        make()
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "losses.json")
    with open(path, "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in CASES) + "\n]\n")
    print(f"{len(CASES)} cases of {len({c['method'] for c in CASES})} methods")


if __name__ == "__main__":
    main()
