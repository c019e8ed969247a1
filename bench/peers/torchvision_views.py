"""Two SimCLR views of each JPEG by torchvision, on one core; prints one line of JSON with views_per_s.

  torchvision_views.py --data FOLDER [--size 32|224] [--seconds 10]

FOLDER holds tar shards (*.tar, *.tar.gz) with *.jpg files. 32: crop, flip, jitter, gray. 224: those and blur.
"""
import argparse, glob, io, json, os, tarfile, time
import torch
from PIL import Image
from torchvision import transforms as T


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--data", required=True)
    a.add_argument("--size", type=int, default=32, choices=(32, 224))
    a.add_argument("--seconds", type=float, default=10)
    a.add_argument("--limit", type=int, default=2048)
    o = a.parse_args()
    torch.set_num_threads(1)
    jpegs = []
    for path in sorted(glob.glob(os.path.join(o.data, "*train*.tar*"))):
        with tarfile.open(path) as t:
            for m in t:
                if m.name.endswith(".jpg") and len(jpegs) < o.limit:
                    jpegs.append(t.extractfile(m).read())
    if o.size == 32:
        steps = [T.RandomResizedCrop(32, scale=(0.2, 1.0)), T.RandomHorizontalFlip(),
                 T.RandomApply([T.ColorJitter(0.4, 0.4, 0.2, 0.1)], p=0.8), T.RandomGrayscale(p=0.2), T.ToTensor(),
                 T.Normalize((0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616))]
    else:
        steps = [T.RandomResizedCrop(224, scale=(0.08, 1.0)), T.RandomHorizontalFlip(),
                 T.RandomApply([T.ColorJitter(0.8, 0.8, 0.8, 0.2)], p=0.8), T.RandomGrayscale(p=0.2),
                 T.RandomApply([T.GaussianBlur(23, (0.1, 2.0))], p=0.5), T.ToTensor(),
                 T.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
    view = T.Compose(steps)

    def measure(seconds):
        n, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            image = Image.open(io.BytesIO(jpegs[n % len(jpegs)])).convert("RGB")
            view(image), view(image)
            n += 1
        return n, time.perf_counter() - start

    measure(min(1, o.seconds / 2))
    n, took = measure(o.seconds)
    print(json.dumps({"size": o.size, "images": n, "seconds": took, "views_per_s": 2 * n / took}))


main()
