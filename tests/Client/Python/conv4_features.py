"""Loads an exported conv4 encoder with plain Python and PyTorch, without this project, and prints its features as JSON.

conv4_features.py encoder.safetensors images.f32 COUNT SIZE
"""
import json
import sys

import torch
import torch.nn as nn
from read_safetensors import load


class Conv4(nn.Module):
    def __init__(self):
        super().__init__()
        for i, (inputs, outputs, stride) in enumerate([(3, 32, 1), (32, 64, 2), (64, 128, 2), (128, 256, 2)], 1):
            setattr(self, f"conv{i}", nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False))
            setattr(self, f"bn{i}", nn.BatchNorm2d(outputs))

    def forward(self, x):
        for i in range(1, 5):
            x = torch.relu(getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(x)))
        return x.mean((2, 3))


net = Conv4()
missing = net.load_state_dict(load(sys.argv[1]), strict=False)
assert not missing.unexpected_keys and all(k.endswith("num_batches_tracked") for k in missing.missing_keys), missing
count, size = int(sys.argv[3]), int(sys.argv[4])
with open(sys.argv[2], "rb") as f:
    images = torch.frombuffer(bytearray(f.read()), dtype=torch.float32).reshape(count, 3, size, size)
with torch.no_grad():
    print(json.dumps(net.eval()(images).flatten().tolist()))
