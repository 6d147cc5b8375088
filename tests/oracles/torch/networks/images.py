"""What images go through before a network: red, green and blue of 0 to 255, `[n, 3, height, width]`, to what the network takes."""

import torch


def scaled(mean, divisor, order="rgb"):
    """`(x - mean) / divisor`, with the channels in this order; `mean` and `divisor` are a number or one per channel, in that order."""

    def prepare(pixels):
        channels = {"rgb": pixels, "bgr": pixels[:, [2, 1, 0]]}[order]
        column = lambda value: torch.as_tensor(value, dtype=pixels.dtype).reshape(-1, 1, 1)
        return (channels - column(mean)) / column(divisor)

    return prepare


def grey(pixels):
    """Whole grey values by 255."""
    red, green, blue = pixels.unbind(1)
    return (0.299 * red + 0.587 * green + 0.114 * blue).round().unsqueeze(1) / 255
