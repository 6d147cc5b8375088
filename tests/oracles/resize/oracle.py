"""What OpenCV and PIL make of drawn pictures at other sizes: a BLAKE3 of the pixels by kernel, size before and size after.

Made again with (Pillow 13, opencv-python-headless 4.14 or 5, blake3; x86, in a virtual environment):
    python tests/oracles/resize/oracle.py tests/oracles/resize
"""

import json
import pathlib
import sys

import cv2
import numpy
from blake3 import blake3
from PIL import Image

SIZES = [(112, 112), (16, 16), (12, 9), (61, 47), (7, 5), (1, 1), (24, 24), (56, 56), (20, 33), (224, 224), (5, 64), (250, 1), (113, 111), (96, 112)]
OPENCV = {
    "opencv_nearest": cv2.INTER_NEAREST,
    "opencv_linear": cv2.INTER_LINEAR,
    "opencv_area": cv2.INTER_AREA,
    "opencv_cubic": cv2.INTER_CUBIC,
    "opencv_lanczos4": cv2.INTER_LANCZOS4,
}
PIL = {
    "pil_nearest": Image.Resampling.NEAREST,
    "pil_bilinear": Image.Resampling.BILINEAR,
    "pil_box": Image.Resampling.BOX,
    "pil_bicubic": Image.Resampling.BICUBIC,
    "pil_lanczos": Image.Resampling.LANCZOS,
}


def picture(width, height):
    y, x, c = numpy.mgrid[0:height, 0:width, 0:3]
    return ((x * 37 + y * 91 + c * 53 + x * y * 7 + x * x * y // 3) % 256).astype(numpy.uint8)


def by_opencv(pixels, size, kernel):
    cv2.ipp.setUseIPP(False)
    plain = cv2.resize(pixels, size, interpolation=kernel)
    if kernel != cv2.INTER_CUBIC:  # Intel's closed code has other bits
        cv2.ipp.setUseIPP(True)
        assert (plain == cv2.resize(pixels, size, interpolation=kernel)).all()
    return plain.tobytes()


def main(folder):
    golden = {}
    for before in SIZES:
        pixels = picture(*before)
        for after in SIZES:
            sizes = "{}x{} {}x{}".format(*before, *after)
            for name, kernel in OPENCV.items():
                golden[f"{name} {sizes}"] = blake3(by_opencv(pixels, after, kernel)).hexdigest()
            for name, kernel in PIL.items():
                golden[f"{name} {sizes}"] = blake3(Image.fromarray(pixels).resize(after, kernel).tobytes()).hexdigest()
    (folder / "golden.json").write_text(json.dumps(golden, indent=0) + "\n")


main(pathlib.Path(sys.argv[1]))
