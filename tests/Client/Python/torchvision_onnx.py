"""Loads an export into torchvision's network of the same name and writes it as ONNX: the lines of docs/evaluation.md, held by a test.

torchvision_onnx.py encoder.safetensors encoder.onnx
"""
import sys

import torch
import torchvision
from read_safetensors import load

encoder, target = sys.argv[1:]
net = torchvision.models.resnet18()
net.fc = torch.nn.Identity()
missing = net.load_state_dict(load(encoder), strict=False)
assert not missing.unexpected_keys and all(k.endswith("num_batches_tracked") for k in missing.missing_keys), missing
torch.onnx.export(net.eval(), torch.zeros(1, 3, 64, 64), target, input_names=["images"], output_names=["features"], dynamic_axes={"images": {0: "n"}})
