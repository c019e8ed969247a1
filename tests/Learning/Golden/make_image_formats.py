"""Writes image_formats.json: small files in unusual formats and the RGB pixels that Pillow reads from them.

Run with an interpreter that has Pillow and numpy: python3 make_image_formats.py
"""
import base64, io, json, os
import numpy as np, PIL
from PIL import Image, ImageOps


def picture(w=14, h=10):
    y, x = np.mgrid[0:h, 0:w]
    return Image.fromarray(np.stack([x * 18, y * 25, 255 - x * 9 - y * 8], 2).clip(0, 255).astype(np.uint8))


def save(image, format, **options):
    f = io.BytesIO()
    image.save(f, format, **options)
    return f.getvalue()


def main():
    im, cases = picture(), []

    def case(name, data, expected):
        cases.append({"name": name, "file": base64.b64encode(data).decode(), "width": expected.width, "height": expected.height,
                      "pixels": base64.b64encode(np.asarray(expected.convert("RGB")).tobytes()).decode()})

    def jpeg(name, image, **options):
        data = save(image, "JPEG", quality=95, **options)
        case(name, data, ImageOps.exif_transpose(Image.open(io.BytesIO(data))))

    jpeg("jpeg 4:4:4", im, subsampling=0)
    jpeg("jpeg 4:2:0", im, subsampling=2)
    jpeg("jpeg progressive", im, progressive=True)
    jpeg("jpeg gray", im.convert("L"))
    jpeg("jpeg cmyk", im.convert("CMYK"))
    for o in range(1, 9):
        e = Image.Exif()
        e[0x0112] = o
        jpeg(f"jpeg orientation {o}", im, subsampling=0, exif=e)
    case("png rgb", save(im, "PNG"), im)
    case("png gray", save(im.convert("L"), "PNG"), im.convert("L"))
    pal = im.quantize(16)
    case("png palette", save(pal, "PNG"), pal)
    bits = im.convert("1")
    case("png one bit", save(bits, "PNG"), bits)
    alpha = im.copy()
    alpha.putalpha(im.convert("L"))
    case("png alpha", save(alpha, "PNG"), im)
    gray16 = np.asarray(im.convert("L")).astype(np.uint16) * 257
    case("png gray 16 bits", save(Image.fromarray(gray16), "PNG"), im.convert("L"))
    case("png animated", save(im, "PNG", save_all=True, append_images=[im.rotate(90), im.rotate(180)]), im)
    gif = base64.b64encode(save(im, "GIF", save_all=True, append_images=[im.rotate(180)])).decode()
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "image_formats.json"), "w") as f:
        json.dump({"made_with": f"Pillow {PIL.__version__}", "gif": gif, "cases": cases}, f, indent=1)


main()
