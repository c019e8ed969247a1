"""SimCLR in plain PyTorch and torchvision; prints one line of JSON.

  pytorch_simclr.py --data FOLDER [--backbone conv4|resnet18|vit-ti] [--precision float32|bfloat16] [--batch 128] [--micro 64]
      images_per_s of whole steps: decoding, two views, forward, backward, SGD. With RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT
      set, one process of DistributedDataParallel over gloo.
  pytorch_simclr.py --data FOLDER --accuracy --epochs 20 --train 10000 --test 2000
      trains, and prints the weighted kNN accuracy (k = 20, T = 0.07) of the backbone before and after.

FOLDER holds tar shards (*train*.tar*, *test*.tar*) of *.jpg or *.png, and *.cls with the label for --accuracy.
"""
import argparse, contextlib, glob, io, json, math, os, tarfile, time
import torch
import torch.nn as nn
import torch.nn.functional as F
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torch.utils.data.distributed import DistributedSampler
from torchvision import transforms as T
from torchvision.models import VisionTransformer, resnet18

NORMALIZE = [T.ToTensor(), T.Normalize((0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616))]
VIEW = T.Compose([T.RandomResizedCrop(32, scale=(0.2, 1.0)), T.RandomHorizontalFlip(),
                  T.RandomApply([T.ColorJitter(0.4, 0.4, 0.2, 0.1)], p=0.8), T.RandomGrayscale(p=0.2), *NORMALIZE])


def read(folder, split, limit):
    """The encoded images of a split and their labels."""
    images, labels = [], []
    for path in sorted(glob.glob(os.path.join(folder, f"*{split}*.tar*"))):
        with tarfile.open(path) as shard:
            for member in shard:
                if member.name.endswith((".jpg", ".png")):
                    images.append(shard.extractfile(member).read())
                elif member.name.endswith(".cls"):
                    labels.append(int(shard.extractfile(member).read()))
                if len(images) > limit:
                    return images[:limit], torch.tensor(labels[:limit])
    return images, torch.tensor(labels)


def decode(image):
    return Image.open(io.BytesIO(image)).convert("RGB")


class TwoViews(Dataset):
    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        image = decode(self.images[i])
        return VIEW(image), VIEW(image)


def stage(inputs, outputs, stride):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(True))


def build_backbone(name):
    """A backbone and the width of its features."""
    if name == "resnet18":
        net = resnet18()
        net.conv1, net.maxpool, net.fc = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.Identity(), nn.Identity()
        return net, 512
    if name == "vit-ti":
        net = VisionTransformer(32, 4, 12, 3, 192, 768)
        net.heads = nn.Identity()
        return net, 192
    return nn.Sequential(stage(3, 32, 1), stage(32, 64, 2), stage(64, 128, 2), stage(128, 256, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten()), 256


class SimCLR(nn.Module):
    def __init__(self, name):
        super().__init__()
        self.backbone, width = build_backbone(name)
        self.projector = nn.Sequential(nn.Linear(width, 512), nn.ReLU(True), nn.Linear(512, 128))

    def forward(self, x1, x2, micro):
        """Both views of a batch, in micro-batches: batch norm is over one of them, the loss over all."""
        parts = [self.projector(self.backbone(torch.cat(both))).chunk(2) for both in zip(x1.split(micro), x2.split(micro))]
        return torch.cat([z1 for z1, _ in parts]), torch.cat([z2 for _, z2 in parts])


def nt_xent(z1, z2, temperature=0.2):
    n, z = len(z1), F.normalize(torch.cat([z1, z2]).float())
    logits = (z @ z.t() / temperature).masked_fill(torch.eye(2 * n, dtype=torch.bool), float("-inf"))
    return F.cross_entropy(logits, torch.cat([torch.arange(n, 2 * n), torch.arange(n)]))


@torch.no_grad()
def features(backbone, images):
    backbone.eval()
    plain = T.Compose(NORMALIZE)
    rows = [F.normalize(backbone(torch.stack([plain(decode(i)) for i in images[at:at + 256]]))) for at in range(0, len(images), 256)]
    backbone.train()
    return torch.cat(rows)


def knn(train, train_labels, test, test_labels):
    cosines, nearest = (test @ train.t()).topk(20)
    votes = torch.zeros(len(test), 10).scatter_add_(1, train_labels[nearest], (cosines / 0.07).exp())
    return float((votes.argmax(1) == test_labels).float().mean())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--backbone", default="conv4", choices=("conv4", "resnet18", "vit-ti"))
    parser.add_argument("--precision", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--batch", type=int, default=128, help="images of a step, all processes together")
    parser.add_argument("--micro", type=int, default=64)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--warm", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--loaders", type=int, default=0, help="processes that make views; 0: the training process")
    parser.add_argument("--accuracy", action="store_true")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--train", type=int, default=10000)
    parser.add_argument("--test", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=0.3, help="learning rate per 256 images")
    parser.add_argument("--seed", type=int, default=0)
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    torch.manual_seed(o.seed)
    world, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))

    net = SimCLR(o.backbone)
    rate = o.rate * o.batch / 256
    optimizer = torch.optim.SGD(net.parameters(), rate, 0.9, weight_decay=1e-4)
    images, labels = read(o.data, "train", o.train if o.accuracy else max(o.batch * (o.warm + o.steps), 2048))
    sampler, model = None, net
    if world > 1:
        torch.distributed.init_process_group("gloo")
        sampler, model = DistributedSampler(images, world, rank), nn.parallel.DistributedDataParallel(net)
    batches = DataLoader(TwoViews(images), o.batch // world, shuffle=sampler is None, sampler=sampler, num_workers=o.loaders, drop_last=True)

    def step(x1, x2):
        narrow = torch.autocast("cpu", torch.bfloat16) if o.precision == "bfloat16" else contextlib.nullcontext()
        with narrow:
            z1, z2 = model(x1, x2, o.micro)
        loss = nt_xent(z1, z2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss)

    if o.accuracy:
        test, test_labels = read(o.data, "test", o.test)
        score = lambda: knn(features(net.backbone, images), labels, features(net.backbone, test), test_labels)
        before, start, total, k = score(), time.perf_counter(), o.epochs * len(batches), 0
        for _ in range(o.epochs):
            for x1, x2 in batches:
                up = total // 10  # a tenth of the run warms up, then cosine to zero
                optimizer.param_groups[0]["lr"] = rate * (k + 1) / up if k < up else rate * 0.5 * (1 + math.cos(math.pi * (k - up) / (total - up)))
                loss, k = step(x1, x2), k + 1
        print(json.dumps({"loss": loss, "knn_before": before, "knn_after": score(), "seconds": time.perf_counter() - start}))
        return

    k = 0
    while k < o.warm + o.steps:
        for x1, x2 in batches:
            if k == o.warm:
                start = time.perf_counter()
            loss, k = step(x1, x2), k + 1
            if k == o.warm + o.steps:
                break
    seconds = time.perf_counter() - start
    if rank == 0:
        print(json.dumps({"images_per_s": o.steps * o.batch / seconds, "ms_per_step": 1e3 * seconds / o.steps, "loss": loss}))


if __name__ == "__main__":
    main()
