"""What torchvision makes of drawn PIL pictures by given numbers, and numpy by the formulas of motion blur and of DALI's hsv: a BLAKE3 of the
pixels by change, numbers and size.

Made again with (torch 2.13, torchvision 0.29, Pillow 13, numpy, blake3; x86, in a virtual environment):
    python tests/oracles/augment/oracle.py tests/oracles/augment
"""

import json
import math
import pathlib
import sys

import numpy
from blake3 import blake3
from PIL import Image

try:
    import torch
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms import autoaugment
    from torchvision.transforms import functional as F
except RuntimeError as why:
    sys.exit(f"torchvision and torch are not of one build: {why}")

SIZES = [(112, 112), (61, 47), (20, 33)]
READING = {"nearest": InterpolationMode.NEAREST, "bilinear": InterpolationMode.BILINEAR}


def speckled(width, height):
    y, x, c = numpy.mgrid[0:height, 0:width, 0:3]
    return ((x * 37 + y * 91 + c * 53 + x * y * 7 + x * x * y // 3) % 256).astype(numpy.uint8)


def smooth(width, height):
    y, x, c = numpy.mgrid[0:height, 0:width, 0:3]
    return (30 + (x * 150) // width + ((y * 40) // height) * (c + 1) // 2 + c * 9).astype(numpy.uint8)


def motion_blur(pixels, length, degrees):
    whole = 1 << 16
    turn = math.radians(degrees)
    plain = {}
    for place in range(length):
        along = place - (length - 1) / 2
        x, y = along * math.cos(turn), -along * math.sin(turn)
        left, top = math.floor(x), math.floor(y)
        for right, share_x in ((0, 1 - (x - left)), (1, x - left)):
            for down, share_y in ((0, 1 - (y - top)), (1, y - top)):
                key = (top + down, left + right)
                plain[key] = plain.get(key, 0.0) + share_x * share_y
    taps = {key: math.floor(share / length * whole + 0.5) for key, share in sorted(plain.items())}
    taps = {key: weight for key, weight in taps.items() if weight > 0}
    heaviest = max(taps, key=lambda key: taps[key])  # the first of equal ones
    taps[heaviest] += whole - sum(taps.values())
    reach = length + 1
    wide = numpy.pad(pixels.astype(numpy.int64), ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    height, width, _ = pixels.shape
    out = numpy.full(pixels.shape, whole // 2, numpy.int64)
    for (down, right), weight in taps.items():
        out += weight * wide[reach + down : reach + down + height, reach + right : reach + right + width]
    return (out // whole).astype(numpy.uint8)


def yiq(pixels, degrees, saturation):
    number = numpy.float32
    to = numpy.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.321], [0.211, -0.523, 0.311]], number)
    back = numpy.array([[1, 0.956, 0.621], [1, -0.272, -0.647], [1, -1.107, 1.705]], number)
    cos, sin = number(math.cos(math.radians(degrees))), number(math.sin(math.radians(degrees)))
    turn = numpy.array([[1, 0, 0], [0, cos, sin], [0, -sin, cos]], number)
    whole = back.astype(float) @ turn @ numpy.diag([1, saturation, saturation]) @ to
    exact = pixels.astype(float) @ whole.T
    return numpy.clip(numpy.floor(exact + 0.5), 0, 255).astype(numpy.uint8)


def main(folder):
    golden = {}
    for kind, draw in (("speckled", speckled), ("smooth", smooth)):
        for width, height in SIZES:
            pixels = draw(width, height)
            picture = Image.fromarray(pixels)

            def tell(name, made):
                golden[f"{name} {kind} {width}x{height}"] = blake3(numpy.asarray(made).tobytes()).hexdigest()

            for by in (0.0, 0.3, 0.5, 0.77, 1.0, 1.25, 1.5, 3.0):
                tell(f"brightness {by}", F.adjust_brightness(picture, by))
                tell(f"contrast {by}", F.adjust_contrast(picture, by))
                tell(f"saturation {by}", F.adjust_saturation(picture, by))
            for by in (-0.5, -0.3, -0.05, 0.0, 0.01, 0.1, 0.25, 0.5):
                tell(f"hue {by}", F.adjust_hue(picture, by))
            for reading, mode in READING.items():
                for angle, right, down, scale, shear in (
                    (0, 0, 0, 1, 0), (10, 0, 0, 1, 0), (-33.3, 4, -7, 1, 0), (0, 5, 3, 1, 0), (0, 0, 0, 0.7, 0), (5, -2, 6, 1.3, 0), (12, 1, 1, 0.9, 8), (90, 0, 0, 1, 0),
                ):
                    for fill in (0, 127):
                        made = F.affine(picture, float(angle), [right, down], float(scale), [float(shear), 0.0], mode, [fill] * 3)
                        tell(f"affine {angle} {right} {down} {scale} {shear} {reading} {fill}", made)
            space = autoaugment.RandAugment()._augmentation_space(31, (height, width))
            for name, (magnitudes, signed) in space.items():
                for magnitude in (0, 1, 9, 15, 16, 30):
                    strength = float(magnitudes[magnitude].item()) if magnitudes.ndim > 0 else 0.0
                    for sign in ("+", "-") if signed else ("+",):
                        made = autoaugment._apply_op(picture, name, -strength if sign == "-" else strength, InterpolationMode.NEAREST, None)
                        tell(f"rand {name} {magnitude} {sign}", made)
            for length in (2, 3, 7, 15):
                for degrees in (0, 30, 45, 90, 137):
                    tell(f"motion {length} {degrees}", motion_blur(pixels, length, degrees))
            for left, top, wide, tall in ((0, 0, 20, 33), (3, 5, 10, 9), (7, 20, 13, 4)):
                in_place = numpy.zeros_like(pixels)
                in_place[top : top + tall, left : left + wide] = numpy.array(F.crop(picture, top, left, tall, wide))
                tell(f"crop {left} {top} {wide} {tall} none", in_place)
                made = F.resized_crop(picture, top, left, tall, wide, (height, width), InterpolationMode.BILINEAR)
                tell(f"crop {left} {top} {wide} {tall} pil_bilinear", made)
            for degrees, saturation in ((0, 1), (20, 1), (0, 0), (13, 1.2), (-40, 0.6)):
                tell(f"yiq {degrees} {saturation}", yiq(pixels, degrees, saturation))
    (folder / "golden.json").write_text(json.dumps(golden, indent=0) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
