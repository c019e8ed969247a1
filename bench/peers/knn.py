"""Weighted and majority kNN over several k in plain PyTorch, on random features: prints the seconds as one line of JSON."""
import argparse
import json
import time
import torch

parser = argparse.ArgumentParser()
parser.add_argument("--train", type=int, default=50000)
parser.add_argument("--test", type=int, default=10000)
parser.add_argument("--width", type=int, default=512)
parser.add_argument("--threads", type=int, default=2)
args = parser.parse_args()
torch.set_num_threads(args.threads)
torch.manual_seed(0)
CLASSES, KS, T = 10, (10, 20, 100, 200), 0.07
train = torch.nn.functional.normalize(torch.randn(args.train, args.width), dim=1)
test = torch.nn.functional.normalize(torch.randn(args.test, args.width), dim=1)
train_y, test_y = torch.randint(CLASSES, (args.train,)), torch.randint(CLASSES, (args.test,))

start = time.perf_counter()
correct = {}
with torch.no_grad():
    for at in range(0, args.test, 256):
        cosines, nearest = (test[at:at + 256] @ train.t()).topk(max(KS), dim=1)
        labels = train_y[nearest]
        for weights, name in (((cosines / T).exp(), "weighted"), (torch.ones_like(cosines), "majority")):
            for k in KS:
                votes = torch.zeros(len(cosines), CLASSES).scatter_add_(1, labels[:, :k], weights[:, :k])
                right = (votes.argmax(1) == test_y[at:at + 256]).sum().item()
                correct[name, k] = correct.get((name, k), 0) + right
print(json.dumps({"seconds": time.perf_counter() - start}))
