"""The numbers of src/data/resize.rs, by PIL (run: pip install pillow; python3 resize_oracle.py)."""
from PIL import Image

def row(values):
    image = Image.new("RGB", (len(values), 1))
    image.putdata([(v, v, v) for v in values])
    return image

for name in ["NEAREST", "BILINEAR", "BOX", "BICUBIC", "LANCZOS"]:
    kernel = getattr(Image.Resampling, name)
    reds = lambda image: [pixel[0] for pixel in image.getdata()]
    print(name, reds(row([10, 20, 40, 80, 160, 250, 30, 0]).resize((4, 1), kernel)), reds(row([10, 200]).resize((4, 1), kernel)))
