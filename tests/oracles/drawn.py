"""Faces that the oracles of containers share, and how they are told again."""

import blake3


def face(person, number, side=12):
    """A face of two eyes and a mouth, its colour a person's, what is behind it a picture's."""
    colour = (90 + 37 * person % 160, 70 + 53 * person % 150, 60 + 29 * person % 170)
    pixels = bytearray()
    for y in range(side):
        for x in range(side):
            across, down = x - side / 2 + number % 2, y - side / 2
            inside = across * across + down * down < side * side / 5
            eye = down in (-2, -1) and abs(across) in (2, 3)
            mouth = down == 2 and abs(across) < 3
            pixels += bytes((20, 20, 20)) if eye or mouth else bytes(colour) if inside else bytes((number * 11 % 256,) * 3)
    return f"P6 {side} {side} 255\n".encode() + bytes(pixels)


def told(people, images, attributes=None):
    """What a reader should find, in the order of its images."""
    return {"people": people, "digests": [blake3.blake3(image).hexdigest() for image in images], "attributes": attributes or {}}
