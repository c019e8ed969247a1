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
        case("lit", name, {}, e, lambda x, s: image_text(x), fixed=["image"], projector=str(e["image"].shape[1]))
        modality("text-image", two)
    for name, e, weight in [("5x4", pair(5, 4, 2.659, z1=rand(5, 3), z2=rand(5, 3)), 1.0), ("4x5, half", pair(4, 5, 1.0, z1=rand(4, 6), z2=rand(4, 6)), 0.5),
                            ("edge: no views", pair(3, 4, 5.0, z1=rand(3, 4), z2=rand(3, 4)), 0.0)]:
        case("slip", name, {"viewWeight": weight}, e, lambda x, s, w=weight: image_text(x, largest=100) + w * nt_xent(x["z1"], x["z2"], 0.1), projector=str(e["image"].shape[1]))
        modality("text-image", [{"count": 3}, {"kind": "text"}])


def main():
    CASES.clear()
    for number, make in enumerate([image_texts]):
        torch.manual_seed(100 + number)
        make()
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "losses_modalities.json")
    with open(path, "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in CASES) + "\n]\n")
    print(f"{len(CASES)} cases of {len({c['method'] for c in CASES})} methods")


if __name__ == "__main__":
    main()
