"""Reads a TensorBoard event file with nothing but the standard library and prints its scalars as JSON.

Records and checksums as in tensorflow/core/lib/io/record_reader, messages as in event.proto and summary.proto.
"""
import json
import struct
import sys

TABLE = []
for byte in range(256):
    crc = byte
    for _ in range(8):
        crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    TABLE.append(crc)


def masked_crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    at = 0
    while at < len(data):
        length, check = struct.unpack_from("<QI", data, at)
        assert check == masked_crc32c(data[at:at + 8]), f"length checksum at {at}"
        body = data[at + 12:at + 12 + length]
        (check,) = struct.unpack_from("<I", data, at + 12 + length)
        assert check == masked_crc32c(body), f"data checksum at {at}"
        yield body
        at += 16 + length


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 1:
            value, at = struct.unpack_from("<d", data, at)[0], at + 8
        elif kind == 5:
            value, at = struct.unpack_from("<f", data, at)[0], at + 4
        else:
            assert kind == 2, f"wire type {kind}"
            length, at = varint(data, at)
            value, at = data[at:at + length], at + length
        yield key >> 3, value


version, scalars, times = None, [], []
for record in records(open(sys.argv[1], "rb").read()):
    event = dict(fields(record))
    times.append(event[1])
    if 3 in event:
        version = event[3].decode()
    for _, value in fields(event.get(5, b"")):
        scalar = dict(fields(value))
        scalars.append([event.get(2, 0), scalar[1].decode(), scalar.get(2, 0.0)])
print(json.dumps({"version": version, "scalars": scalars, "first": times[0], "last": times[-1]}))
