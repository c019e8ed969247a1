"""Reads a safetensors file by the format's description alone, and prints its tensors as PyTorch sees them."""

import json
import struct
import sys

import torch

DTYPES = {"F32": torch.float32, "I64": torch.int64}

with open(sys.argv[1], "rb") as file:
    (length,) = struct.unpack("<Q", file.read(8))
    header = json.loads(file.read(length))
    data = file.read()

assert length % 8 == 0, f"the data begins at {8 + length}"
metadata = header.pop("__metadata__", {})
tensors = {}
at = 0
for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
    start, end = entry["data_offsets"]
    assert start == at, f"{name} begins at {start}, expected {at}"
    at = end
    dtype = DTYPES[entry["dtype"]]
    if start == end:
        tensor = torch.empty(0, dtype=dtype)
    else:
        tensor = torch.frombuffer(bytearray(data[start:end]), dtype=dtype)
    tensors[name] = tensor.reshape(entry["shape"])
assert at == len(data), f"{len(data) - at} bytes belong to no tensor"

print(json.dumps({
    "metadata": metadata,
    "tensors": {
        name: {
            "dtype": str(tensor.dtype),
            "shape": list(tensor.shape),
            "values": tensor.flatten().tolist(),
        }
        for name, tensor in tensors.items()
    },
}))
