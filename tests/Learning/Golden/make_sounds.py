"""Makes sounds.json: WAV and FLAC files byte by byte, and mel filters, spectrograms and resampling by numpy, after the formulas of librosa and torchaudio."""
import base64
import json
import math
import os
import struct

import numpy as np


def wav(code, bits, channels, rate, data):
    block = channels * bits // 8
    body = b"fmt " + struct.pack("<IHHIIHH", 16, code, channels, rate, rate * block, block, bits) + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def crc(data, polynomial, bits):
    value = 0
    for byte in data:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value = ((value << 1) ^ polynomial if value >> (bits - 1) & 1 else value << 1) & ((1 << bits) - 1)
    return value


def flac(samples, rate):
    """One frame of one verbatim subframe of 16 bits."""
    n = len(samples)
    info = struct.pack(">HH", n, n) + bytes(6) + ((rate << 44) | (0 << 41) | (15 << 36) | n).to_bytes(8, "big") + bytes(16)
    header = bytes([0xFF, 0xF8, 0x70, 0x08, 0x00]) + struct.pack(">H", n - 1)
    frame = header + bytes([crc(header, 0x07, 8)]) + bytes([0x02]) + struct.pack(f">{n}h", *samples)
    return b"fLaC" + bytes([0x80, 0, 0, len(info)]) + info + frame + struct.pack(">H", crc(frame, 0x8005, 16))


def files():
    x = np.round(np.sin(np.arange(40) * 0.7) * 0.9 * 32768) / 32768
    whole = np.round(x * 32768).astype(int)
    yield "16 bits", wav(1, 16, 1, 8000, struct.pack("<40h", *whole)), 8000, x
    yield "8 bits", wav(1, 8, 1, 11025, bytes((whole // 256 + 128).tolist())), 11025, (whole // 256) / 128
    yield "24 bits", wav(1, 24, 1, 48000, b"".join(struct.pack("<i", int(v) * 256)[:3] for v in whole)), 48000, x
    yield "32 bits", wav(1, 32, 1, 8000, struct.pack("<40i", *[int(v) * 65536 for v in whole])), 8000, x
    yield "float", wav(3, 32, 1, 8000, struct.pack("<40f", *x)), 8000, x
    yield "two channels", wav(1, 16, 2, 8000, struct.pack("<80h", *np.stack([whole, np.zeros_like(whole)], 1).flatten())), 8000, x / 2
    yield "flac", flac([int(v) for v in whole], 8000), 8000, x


def mel_filters(rate, n_fft, bands, low, high, scale):
    if scale == "htk":
        to = lambda f: 2595 * math.log10(1 + f / 700)
        back = lambda m: 700 * (10 ** (m / 2595) - 1)
    else:
        to = lambda f: f / (200 / 3) if f < 1000 else 15 + math.log(f / 1000) / (math.log(6.4) / 27)
        back = lambda m: m * 200 / 3 if m < 15 else 1000 * math.exp((m - 15) * math.log(6.4) / 27)
    points = np.array([back(m) for m in np.linspace(to(low), to(high), bands + 2)])
    freqs = np.linspace(0, rate / 2, n_fft // 2 + 1)
    ramps = points[:, None] - freqs[None, :]
    fb = np.maximum(0, np.minimum(-ramps[:-2] / np.diff(points)[:-1, None], ramps[2:] / np.diff(points)[1:, None]))
    return fb * (2 / (points[2:] - points[:-2]))[:, None] if scale == "slaney" else fb


def spectrogram(x, rate, window, hop, bands, low, high, scale):
    n_fft = 1 << (window - 1).bit_length()
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    frames = np.stack([x[s:s + window] * hann for s in range(0, len(x) - window + 1, hop)])
    power = np.abs(np.fft.rfft(frames, n_fft)) ** 2
    return np.log(power @ mel_filters(rate, n_fft, bands, low, high, scale).T + 1e-6)


def resample(x, rate, new, width=6, rolloff=0.99):
    g = math.gcd(rate, new)
    rate, new = rate // g, new // g
    base = min(rate, new) * rolloff
    reach = math.ceil(width * rate / base)
    idx = np.arange(-reach, reach + rate)[None, :] / rate
    t = np.clip((np.arange(0, -new, -1)[:, None] / new + idx) * base, -width, width)
    window = np.cos(t * math.pi / width / 2) ** 2
    t = t * math.pi
    kernels = np.where(t == 0, 1.0, np.sin(t) / np.where(t == 0, 1.0, t)) * window * base / rate
    padded = np.concatenate([np.zeros(reach), x, np.zeros(reach + rate)])
    out = np.stack([kernels @ padded[s:s + kernels.shape[1]] for s in range(0, len(padded) - kernels.shape[1] + 1, rate)]).flatten()
    return out[:math.ceil(new * len(x) / rate)]


def main():
    rng = np.random.default_rng(5)
    found = {"files": [], "spectrograms": [], "resampled": []}
    for name, data, rate, samples in files():
        found["files"].append({"name": name, "bytes": base64.b64encode(data).decode(), "rate": rate, "samples": samples.tolist()})
    for rate, window, hop, bands, low, high, scale in [(8000, 256, 128, 20, 60, 4000, "htk"), (16000, 400, 160, 32, 0, 7600, "slaney"), (16000, 400, 160, 16, 125, 7500, "htk")]:
        x = np.round((0.4 * np.sin(np.arange(900) * 0.3) + 0.1 * rng.standard_normal(900)) * 32768) / 32768
        n_fft = 1 << (window - 1).bit_length()
        found["spectrograms"].append({"rate": rate, "window": window, "hop": hop, "bands": bands, "lowest": low, "highest": high, "scale": scale, "samples": x.tolist(),
                                      "filterSums": mel_filters(rate, n_fft, bands, low, high, scale).sum(1).tolist(), "values": spectrogram(x, rate, window, hop, bands, low, high, scale).flatten().tolist()})
    for rate, new in [(44100, 16000), (8000, 16000), (16000, 8000), (11025, 8000)]:
        x = np.round(np.sin(np.arange(200) * 0.2) * 32768) / 32768
        found["resampled"].append({"from": rate, "to": new, "samples": x.tolist(), "values": resample(x, rate, new).tolist()})
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sounds.json")
    with open(path, "w") as f:
        json.dump(found, f, separators=(",", ":"))
        f.write("\n")


if __name__ == "__main__":
    main()
