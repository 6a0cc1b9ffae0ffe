"""Small valid files that the crates of the project do not write: `python make.py`, with Pillow 13.0 and h5py."""

import h5py
import numpy
from PIL import Image

colour = Image.new("RGB", (9, 7))
colour.putdata([(20 * x, 30 * y, 99) for y in range(7) for x in range(9)])
large = colour.resize((16, 16))
grey = colour.convert("L")
clear = colour.convert("RGBA")
clear.putalpha(Image.linear_gradient("L").resize((9, 7)))

large.save("lossy.webp", quality=50)
clear.save("alpha.webp", quality=50, exact=True)
clear.save("moving.webp", save_all=True, append_images=[clear.rotate(90)], lossless=True)
large.save("progressive.jpg", progressive=True, subsampling=2, quality=50)
large.convert("CMYK").save("cmyk.jpg", quality=50)
large.save("restarts.jpg", subsampling=1, restart_marker_blocks=1, quality=50)
for name, kind in [("lzw", "tiff_lzw"), ("zip", "tiff_adobe_deflate"), ("packed", "packbits"), ("jpeg", "jpeg")]:
    large.save(f"{name}.tif", compression=kind)
grey.convert("1").save("fax.tif", compression="group4")
grey.convert("1").save("bits.tif")
large.save("tiles.tif", tiffinfo={322: 16, 323: 16}, compression="tiff_lzw")
clear.save("alpha.tif")
large.convert("CMYK").save("cmyk.tif")
grey.convert("F").point(lambda value: value * (1 / 256) + 0).save("floats.tif")
grey.convert("1").save("bits.bmp")
colour.quantize(16).save("palette.bmp")
clear.save("alpha.bmp")
colour.quantize(4).save("palette.png", bits=2)
grey.convert("1").save("bits.png")

for name, form, version in [
    ("fixed", {"chunks": (2, 1, 1, 1)}, "v114"),
    ("filtered", {"chunks": (2, 1, 1, 1), "compression": "gzip", "shuffle": True, "fletcher32": True}, "v114"),
    ("older", {"chunks": (2, 1, 1, 1), "compression": "gzip"}, "earliest"),
    ("contiguous", {}, "v114"),
]:
    with h5py.File(f"{name}_y.h5", "w", libver=(version, "v114")) as file:
        labels = numpy.array([0, 1, 0, 1], dtype="u1").reshape(4, 1, 1, 1)
        file.create_dataset("y", data=labels, **form)
