"""Writes torchvision_views.json: what torchvision and PIL make of one image with fixed parameters.

Run with an interpreter that has torch, torchvision and Pillow: python3 make_torchvision_views.py
Made with torchvision 0.14.1 and Pillow 9.4.0. Images are interleaved 8-bit RGB in base64.
"""
import base64, json, os
import numpy as np, PIL, torchvision
from PIL import Image
from torchvision.transforms import functional as F, InterpolationMode as I


def source(width, height, seed):
    r = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    planes = [127 + 80 * np.sin(x / 5 + c) + 60 * np.cos(y / (4 + c) + x / 9) for c in range(3)]
    image = np.stack(planes, 2) + r.normal(0, 18, (height, width, 3))
    image[: height // 4, : width // 4] = r.integers(0, 256, (height // 4, width // 4, 3))  # any colour at all
    image[-6:, -8:] = [[255, 0, 0]] * 8
    image[-6:, :8] = 90  # gray: no hue
    return Image.fromarray(np.clip(image, 0, 255).astype(np.uint8))


def b64(image):
    return base64.b64encode(np.asarray(image.convert("RGB")).tobytes()).decode()


def main():
    im = source(43, 37, 7)
    cases = []

    def case(operation, result, **parameters):
        w, h = result.size
        cases.append({"operation": operation, "parameters": parameters, "width": w, "height": h, "pixels": b64(result)})

    for name, mode in (("bilinear", I.BILINEAR), ("bicubic", I.BICUBIC)):
        for left, top, w, h in ((3, 2, 39, 31), (10, 5, 17, 23), (0, 0, 43, 37), (30, 20, 5, 9), (8, 1, 24, 30), (8, 1, 30, 24), (9, 9, 24, 24)):
            case("crop", F.resized_crop(im, top, left, h, w, [24, 24], mode), left=left, top=top, width=w, height=h, filter=name)
    case("center", F.center_crop(F.resize(im, 29), [24, 24]), resize=29)
    for f in (0.6, 1.0, 1.37):
        case("brightness", F.adjust_brightness(im, f), factor=f)
        case("contrast", F.adjust_contrast(im, f), factor=f)
        case("saturation", F.adjust_saturation(im, f), factor=f)
    for f in (-0.5, -0.31, -0.1, 0.0, 0.06, 0.1, 0.5):
        case("hue", F.adjust_hue(im, f), factor=f)
    case("grayscale", F.to_grayscale(im, 3))
    case("flip", F.hflip(im))
    for t in (0, 128, 200):
        case("solarize", F.solarize(im, t), threshold=t)
    for sigma, kernel in ((0.1, 3), (0.5, 5), (1.0, 23), (2.0, 23), (1.3, 9)):
        case("blur", F.gaussian_blur(im, [kernel, kernel], [sigma, sigma]), sigma=sigma, kernel=kernel)
    for angle in (30.0, -75.0, 180.0):
        case("rotate", F.rotate(im, angle, I.BILINEAR), angle=angle, bilinear=True)
        case("rotate", F.rotate(im, angle), angle=angle, bilinear=False)
    out = {"made_with": f"torchvision {torchvision.__version__}, Pillow {PIL.__version__}",
           "width": im.width, "height": im.height, "pixels": b64(im), "cases": cases}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "torchvision_views.json"), "w") as f:
        json.dump(out, f, indent=1)


main()
