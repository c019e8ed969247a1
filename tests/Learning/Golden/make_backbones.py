"""Makes backbones.json: features of torchvision's ResNets on weights and images that a formula gives.

Run `python3 make_backbones.py` beside this file to make it again.
"""
import json
import os

import torch
import torch.nn as nn
import torchvision

torch.set_default_dtype(torch.float64)


def formula(number, count):
    """Values in [-0.5, 0.5), the same in every language: integers modulo a prime."""
    i = torch.arange(count, dtype=torch.int64)
    return ((i * 7919 + number * 104729) % 2003).double() / 2003 - 0.5


def fill(model):
    state = {k: v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    for number, name in enumerate(sorted(state)):
        t = state[name]
        f = formula(number, t.numel()).reshape(t.shape)
        if name.endswith("running_mean"):
            f = 0.2 * f
        elif name.endswith("running_var") or (t.dim() == 1 and name.endswith("weight")):
            f = 1 + 0.4 * f
        elif t.dim() > 1:
            f = f * (12 / (t.numel() / t.shape[0])) ** 0.5
        t.copy_(f)


def main():
    out = []
    for name, stem, side in [("resnet18", "cifar", 32), ("resnet18", "imagenet", 32), ("resnet34", "cifar", 16), ("resnet50", "imagenet", 32)]:
        net = getattr(torchvision.models, name)()
        net.fc = nn.Identity()
        if stem == "cifar":
            net.conv1, net.maxpool = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.Identity()
        with torch.no_grad():
            fill(net)
        images = formula(999, 2 * 3 * side * side).reshape(2, 3, side, side) * 2
        # In evaluation mode: with two images, training-mode batch norm would amplify rounding beyond the tolerance.
        features = net.eval()(images)
        features.square().sum().backward()
        gradient = net.layer1[0].conv1.weight.grad.flatten()[:64]
        out.append({"name": name, "stem": stem, "side": side,
                    "features": [float(f"{v:.9g}") for v in features[:, :48].flatten().tolist()],
                    "gradient": [float(f"{v:.9g}") for v in gradient.tolist()]})
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "backbones.json"), "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in out) + "\n]\n")


if __name__ == "__main__":
    main()
