"""Drawn JPEGs of many kinds, and what PIL makes of them: size and BLAKE3 of the pixels of `ImageOps.exif_transpose(image).convert("RGB")`, whole
and at a half, a quarter and an eighth (`Image.draft`). OpenCV must agree where it does not think otherwise (four inks). The files beside this
one, in arithmetic coding, are mozjpeg's: neither library writes it.

Made again with (Pillow 13, opencv-python-headless 5, blake3; in a virtual environment):
    python tests/oracles/jpeg/oracle.py tests/oracles/jpeg [../shared/data/cfp/images]
The folder of images, if it is given, becomes one digest over all its JPEGs in the order of their paths.
"""

import base64
import io
import json
import pathlib
import sys

import cv2
import numpy
from blake3 import blake3
from PIL import Image, ImageOps


def picture(width, height, channels=3):
    y, x, c = numpy.mgrid[0:height, 0:width, 0:channels]
    waves = 128 + 80 * numpy.sin(x / 5.0 + c) * numpy.cos(y / 7.0 - c) + 60 * ((x // 9 + y // 6 + c) % 2) - 30
    speckles = (x * 37 + y * 91 + c * 53 + x * y * 7) % 23
    return numpy.clip(waves + speckles, 0, 255).astype(numpy.uint8)


def pil(image, **how):
    out = io.BytesIO()
    image.save(out, "JPEG", **how)
    return out.getvalue()


def opencv(pixels, **how):
    said = [it for name, value in how.items() for it in (getattr(cv2, "IMWRITE_JPEG_" + name), value)]
    return cv2.imencode(".jpg", pixels, said)[1].tobytes()


def oriented(jpeg, orientation):
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0" + bytes([orientation]) + b"\0\0\0\0\0\0"
    return jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]


def in_inks_of_light(cmyk):
    """Four inks as brightness, two colours and black: the Adobe segment says so."""
    at = cmyk.index(b"Adobe") + 11
    return cmyk[:at] + b"\x02" + cmyk[at + 1 :]


def without_marks(jpeg):
    """Neither JFIF nor Adobe: what the channels are is told by their names."""
    at, kept = 2, jpeg[:2]
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        kept += b"" if jpeg[at + 1] in (0xE0, 0xEE) else jpeg[at:end]
        at = end
    return kept + jpeg[at:]


def drawn():
    sizes = [(1, 1), (2, 3), (7, 5), (8, 8), (9, 16), (16, 9), (17, 33), (31, 2), (1, 40), (64, 48), (45, 61)]
    sampled = {"444": 0x111111, "422": 0x211111, "420": 0x221111, "440": 0x121111, "411": 0x411111}
    for width, height in sizes:
        for name, factor in sampled.items():
            yield f"{name} {width}x{height}", opencv(picture(width, height), SAMPLING_FACTOR=factor, QUALITY=85)
        yield f"progressive {width}x{height}", pil(Image.fromarray(picture(width, height)), quality=80, progressive=True)
        yield f"progressive 411 {width}x{height}", opencv(picture(width, height), SAMPLING_FACTOR=0x411111, QUALITY=80, PROGRESSIVE=1)
        yield f"grey {width}x{height}", pil(Image.fromarray(picture(width, height, 1)[:, :, 0]), quality=80)
        cmyk = Image.fromarray(picture(width, height, 4), "CMYK")
        yield f"cmyk {width}x{height}", pil(cmyk, quality=85)
        yield f"ycck {width}x{height}", in_inks_of_light(pil(cmyk, quality=85))
    image = Image.fromarray(picture(45, 31))
    for quality in (1, 5, 10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 92, 95, 97, 98, 99, 100):
        for sampling in (0, 1, 2):
            yield f"quality {quality} {sampling}", pil(image, quality=quality, subsampling=sampling)
    for orientation in range(1, 9):
        yield f"orientation {orientation}", oriented(pil(image, quality=90), orientation)
        grey, cmyk = Image.fromarray(picture(21, 10, 1)[:, :, 0]), Image.fromarray(picture(21, 10, 4), "CMYK")
        yield f"orientation {orientation} grey", oriented(pil(grey, quality=90), orientation)
        yield f"orientation {orientation} cmyk", oriented(pil(cmyk, quality=90), orientation)
    for rows in (1, 2):
        yield f"restart rows {rows}", pil(image, quality=80, restart_marker_rows=rows)
        yield f"restart rows {rows} progressive", pil(image, quality=80, progressive=True, restart_marker_rows=rows)
    for blocks in (1, 3):
        yield f"restart blocks {blocks}", pil(image, quality=80, restart_marker_blocks=blocks)
    yield "rgb", pil(image, quality=90, keep_rgb=True)
    yield "rgb without marks", without_marks(pil(image, quality=90, keep_rgb=True))
    yield "without marks", without_marks(pil(image, quality=90))
    yield "optimised", pil(image, quality=70, optimize=True)
    yield "progressive cmyk", pil(Image.fromarray(picture(45, 31, 4), "CMYK"), quality=90, progressive=True)
    yield "progressive grey", pil(Image.fromarray(picture(45, 31, 1)[:, :, 0]), quality=90, progressive=True)
    whole = pil(image, quality=80)
    yield "bytes between segments", whole[:-2] + b"\0\0\0" + whole[-2:]
    yield "bytes behind the end", whole + b"more"
    small = pil(Image.fromarray(picture(16, 12)), quality=50)
    thumbnail = b"\xff\xed" + (len(small) + 2).to_bytes(2, "big") + small
    yield "thumbnail", whole[:2] + thumbnail + whole[2:]


def seen(jpeg, part):
    image = Image.open(io.BytesIO(jpeg))
    width, height = image.size
    if part > 1:
        # what draft is asked for must not be a pixel too large; of no size may it take a smaller part
        image.draft(None, (max(width // part, 1), max(height // part, 1)))
        if image.size != (-(-width // part), -(-height // part)):
            return None
    return ImageOps.exif_transpose(image).convert("RGB")


def told(image):
    return f"{image.width}x{image.height} {blake3(image.tobytes()).hexdigest()}"


def main(folder, images=None):
    golden = {}
    others = [(path.stem.replace("_", " "), path.read_bytes()) for path in sorted(folder.glob("*.jpg"))]
    for name, jpeg in [*drawn(), *others]:
        whole = seen(jpeg, 1)
        if "cmyk" not in name and "ycck" not in name:
            theirs = cv2.imdecode(numpy.frombuffer(jpeg, numpy.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
            assert (numpy.asarray(whole) == theirs).all(), name
        parts = {part: seen(jpeg, part) for part in (2, 4, 8)}
        golden[name] = {"jpeg": base64.b64encode(jpeg).decode(), "1": told(whole)}
        golden[name] |= {str(part): told(image) for part, image in parts.items() if image is not None}
    (folder / "golden.json").write_text(json.dumps(golden, indent=0) + "\n")
    if images:
        paths = sorted(pathlib.Path(images).rglob("*.jpg"), key=lambda path: path.relative_to(images).as_posix())
        digest = blake3()
        for path in paths:
            digest.update(seen(path.read_bytes(), 1).tobytes())
        (folder / "cfp.txt").write_text(f"{len(paths)} {digest.hexdigest()}\n")


main(pathlib.Path(sys.argv[1]), *sys.argv[2:3])
