"""Writes optimizers.json: parameters after five steps of PyTorch's SGD and AdamW, and of LARS written out from its paper.

Run with a Python that has PyTorch: python3 make_optimizers.py > optimizers.json
"""
import json
import torch

torch.manual_seed(3)
start = torch.randn(11, dtype=torch.float64)
gradients = [torch.randn(11, dtype=torch.float64) for _ in range(5)]
rates = [0.1, 0.2, 0.15, 0.05, 0.01]


def run(make):
    p = torch.nn.Parameter(start.clone())
    o = make([p])
    for g, rate in zip(gradients, rates):
        o.param_groups[0]["lr"] = rate
        p.grad = g.clone()
        o.step()
    return p.detach().tolist()


def lars(decay, eta, clip, momentum=0.9):
    p, m = start.clone(), torch.zeros(11, dtype=torch.float64)
    for g, rate in zip(gradients, rates):
        u = g + decay * p
        q = eta * p.norm() / u.norm()
        if clip:
            q = min(q / rate, torch.tensor(1.0))
        m = momentum * m + u * q
        p = p - rate * m
    return p.tolist()


print(json.dumps({
    "start": start.tolist(),
    "gradients": [g.tolist() for g in gradients],
    "rates": rates,
    "sgd": run(lambda p: torch.optim.SGD(p, 0.1, 0.9, weight_decay=0.01)),
    "adamw": run(lambda p: torch.optim.AdamW(p, 0.1, (0.9, 0.95), weight_decay=0.05)),
    "lars": lars(0.01, 0.001, False),
    "larsClipped": lars(0.01, 0.02, True),
}, indent=1))
