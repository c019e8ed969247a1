"""Makes backbones.json: features of torchvision's ResNets, and of a ViT written out here with timm's names, on weights and
images that a formula gives.

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


class Vit(nn.Module):
    """timm's VisionTransformer in plain operations; parameters are filled by name."""

    def __init__(self, width, depth, heads, patch, grid, mean, scale):
        super().__init__()
        self.heads, self.patch, self.grid, self.mean, self.scale, self.depth = heads, patch, grid, mean, scale, depth
        shapes = {"cls_token": (1, 1, width), "pos_embed": (1, 1 + grid * grid, width), "norm.weight": (width,), "norm.bias": (width,),
                  "patch_embed.proj.weight": (width, 3, patch, patch), "patch_embed.proj.bias": (width,)}
        for b in range(depth):
            for name, o, i in [("attn.qkv", 3 * width, width), ("attn.proj", width, width), ("mlp.fc1", 4 * width, width), ("mlp.fc2", width, 4 * width)]:
                shapes[f"blocks.{b}.{name}.weight"], shapes[f"blocks.{b}.{name}.bias"] = (o, i), (o,)
            for name in ["norm1", "norm2"]:
                shapes[f"blocks.{b}.{name}.weight"] = shapes[f"blocks.{b}.{name}.bias"] = (width,)
            if scale:
                shapes[f"blocks.{b}.ls1.gamma"] = shapes[f"blocks.{b}.ls2.gamma"] = (width,)
        self.p = {k: torch.zeros(s) for k, s in shapes.items()}

    def state_dict(self):
        return self.p

    def forward(self, x):
        p = self.p
        x = nn.functional.conv2d(x, p["patch_embed.proj.weight"], p["patch_embed.proj.bias"], stride=self.patch)
        side, n, d = x.shape[2], x.shape[0], x.shape[1]
        pos = p["pos_embed"][:, 1:].reshape(1, self.grid, self.grid, d).permute(0, 3, 1, 2)
        if side != self.grid:
            pos = nn.functional.interpolate(pos, size=(side, side), mode="bicubic", align_corners=False)
        x = (x + pos).flatten(2).transpose(1, 2)
        x = torch.cat([(p["cls_token"] + p["pos_embed"][:, :1]).expand(n, -1, -1), x], 1)

        def norm(t, name):
            return nn.functional.layer_norm(t, (d,), p[name + ".weight"], p[name + ".bias"], 1e-6)

        def linear(t, name):
            return t @ p[name + ".weight"].t() + p[name + ".bias"]

        for b in range(self.depth):
            at = f"blocks.{b}."
            q, k, v = linear(norm(x, at + "norm1"), at + "attn.qkv").reshape(n, -1, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
            a = torch.softmax(q @ k.transpose(-2, -1) / (d // self.heads) ** 0.5, -1) @ v
            a = linear(a.transpose(1, 2).reshape(n, -1, d), at + "attn.proj")
            x = x + (a * p[at + "ls1.gamma"] if self.scale else a)
            m = linear(nn.functional.gelu(linear(norm(x, at + "norm2"), at + "mlp.fc1")), at + "mlp.fc2")
            x = x + (m * p[at + "ls2.gamma"] if self.scale else m)
        x = norm(x, "norm")
        return x[:, 1:].mean(1) if self.mean else x[:, 0]


def numbers(t):
    return [float(f"{v:.9g}") for v in t.flatten().tolist()]


def main():
    out = []
    for patch, size, side, pooling, scale in [(8, 32, 32, "cls", 0), (4, 16, 16, "mean", 0.1), (8, 32, 16, "cls", 0)]:
        net = Vit(128, 4, 4, patch, size // patch, pooling == "mean", scale)
        with torch.no_grad():
            fill(net)
        weight = net.p["blocks.0.mlp.fc1.weight"].requires_grad_()
        features = net(formula(999, 2 * 3 * side * side).reshape(2, 3, side, side) * 2)
        features.pow(3).sum().backward()
        out.append({"name": "vit-nano", "stem": "cifar", "side": side, "patchSize": patch, "imageSize": size, "pooling": pooling, "layerScale": scale,
                    "features": numbers(features[:, :48]), "gradient": numbers(weight.grad.flatten()[:64])})
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
        features.pow(3).sum().backward()
        gradient = net.layer1[0].conv1.weight.grad.flatten()[:64]
        out.append({"name": name, "stem": stem, "side": side,
                    "features": numbers(features[:, :48]), "gradient": numbers(gradient)})
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "backbones.json"), "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in out) + "\n]\n")


if __name__ == "__main__":
    main()
