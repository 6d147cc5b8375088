"""What OpenCV and NumPy measure on drawn images: grey levels, mean, deviation, variance of the Laplacian.

Made again with (opencv-python-headless 5, numpy 2, blake3; x86, in a virtual environment):
    python tests/oracles/measure/oracle.py > tests/oracles/measure/golden.json
"""

import json

import blake3
import cv2
import numpy as np

SIZES = [(1, 1), (1, 7), (5, 1), (2, 2), (16, 16), (112, 112), (96, 112), (301, 77)]


def drawn(width, height):
    """The image that the test draws too: red, green, blue by their places."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    red = (x * 37 + y * 11) % 256
    green = (x * x + 3 * y * y) % 256
    blue = (x * y * 7 + 5 * x + 91) % 256
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def measured(width, height):
    grey = cv2.cvtColor(drawn(width, height), cv2.COLOR_RGB2GRAY)
    return {
        "width": width,
        "height": height,
        "grey": blake3.blake3(grey.tobytes()).hexdigest()[:32],
        "mean": float(grey.astype(np.float64).mean()),
        "deviation": float(grey.astype(np.float64).std()),
        "sharpness": float(cv2.Laplacian(grey, cv2.CV_64F).var()),
    }


print(json.dumps([measured(*size) for size in SIZES], indent=1))
