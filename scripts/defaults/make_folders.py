"""Makes the folders of pictures that the defaults were chosen on: seven that differ in size, number, colour and kind.

    python make_folders.py DATA OUTPUT [--fashion FOLDER]

DATA holds mnist/, nuclei/ and fluorescence/ (as GCNN_DATA names it); Fashion-MNIST is Debian's package dataset-fashion-mnist. Everything is
drawn from seeds: the same folders come out on every machine. Needs numpy and pillow.
"""

import argparse
import csv
import gzip
import pathlib
import shutil

import numpy as np
from PIL import Image


def idx(path):
    """An IDX file, gzipped or not."""
    raw = path.read_bytes()
    raw = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    dims = raw[3]
    shape = np.frombuffer(raw, ">u4", dims, 4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * dims).reshape(shape)


def find(folder, name):
    return next(p for p in (folder / name, folder / f"{name}.gz") if p.exists())


class Folder:
    """Writes pictures into folders of their classes."""

    def __init__(self, root, name):
        self.root = root / name
        shutil.rmtree(self.root, ignore_errors=True)
        self.counts = {}

    def add(self, label, picture, ending="png", name=None):
        number = self.counts[label] = self.counts.get(label, 0) + 1
        folder = self.root / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(folder / f"{name or f'{number:05d}'}.{ending}")


def fashion(output, source):
    """2,000 pieces of clothing, turned at random and enlarged to 56 pixels: ten classes, grey."""
    images, labels = idx(find(source, "train-images-idx3-ubyte")), idx(find(source, "train-labels-idx1-ubyte"))
    random = np.random.default_rng(1)
    folder = Folder(output, "fashion")
    for index in random.choice(len(images), 2000, replace=False):
        image = Image.fromarray(images[index]).resize((56, 56), Image.BICUBIC)
        turned = image.rotate(random.uniform(0, 360), Image.BICUBIC)
        folder.add(labels[index], np.asarray(turned))


def digits(output, source):
    """10,000 digits, upright, 28 pixels: ten classes, grey."""
    images, labels = idx(find(source, "train-images-idx3-ubyte")), idx(find(source, "train-labels-idx1-ubyte"))
    folder = Folder(output, "digits")
    for index in np.random.default_rng(2).choice(len(images), 10_000, replace=False):
        folder.add(labels[index], images[index])


def nuclei(output, source):
    """900 patches of stained tissue, 40 pixels: three classes, colour, named by the slide that they come from."""
    random = np.random.default_rng(3)
    folder = Folder(output, "tissue")
    names = ["background", "interior", "border"]
    for path in sorted(source.glob("[0-9]*[0-9].png")):
        image = np.asarray(Image.open(path).convert("RGB"))
        labels = np.asarray(Image.open(path.with_name(f"{path.stem}_labels.png"))).astype(int)
        edge = np.zeros(labels.shape, bool)
        for axis in (0, 1):
            for step in (-2, 2):
                edge |= np.roll(labels, step, axis) != labels
        kinds = np.where(labels == 0, 0, np.where(edge, 2, 1))
        kinds[(labels == 0) & edge] = 9
        for kind, name in enumerate(names):
            inside = np.zeros(kinds.shape, bool)
            inside[20:-20, 20:-20] = True
            ys, xs = np.nonzero((kinds == kind) & inside)
            for i in random.choice(len(ys), min(len(ys), 4), replace=False):
                patch = image[ys[i] - 20 : ys[i] + 20, xs[i] - 20 : xs[i] + 20]
                folder.add(name, patch, name=f"slide{path.stem}_{folder.counts.get(name, 0):04d}")


def touching(output, source):
    """Fluorescent nuclei, alone or touching another one: 1,500 grey patches of 64 pixels, two classes."""
    random = np.random.default_rng(4)
    folder = Folder(output, "touching")
    found = {"alone": [], "touching": []}
    with open(source / "index.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        stem = row.get("image") or row.get("name")
        image = np.asarray(Image.open(source / f"{stem}.png").convert("L"))
        labels = np.asarray(Image.open(source / f"{stem}_labels.png")).astype(int)
        for number in random.permutation(np.unique(labels)[1:])[:40]:
            ys, xs = np.nonzero(labels == number)
            y, x = int(ys.mean()), int(xs.mean())
            if len(ys) < 60 or not (32 <= y < labels.shape[0] - 32 and 32 <= x < labels.shape[1] - 32):
                continue
            near = set()
            for dy in (-2, 0, 2):
                for dx in (-2, 0, 2):
                    rows_, columns = np.clip(ys + dy, 0, labels.shape[0] - 1), np.clip(xs + dx, 0, labels.shape[1] - 1)
                    near |= set(np.unique(labels[rows_, columns]))
            kind = "touching" if near - {0, number} else "alone"
            patch = image[y - 32 : y + 32, x - 32 : x + 32].astype(float)
            patch = 255 * (patch - patch.min()) / max(np.ptp(patch), 1)
            found[kind].append(patch.astype(np.uint8))
    for kind, patches in found.items():
        for i in random.permutation(len(patches))[:750]:
            folder.add(kind, patches[i])


def waves(random, size, wavelength, angle, spread=0.2, count=40):
    """A sum of plane waves about a wavelength and a direction."""
    y, x = np.mgrid[:size, :size]
    total = np.zeros((size, size))
    for _ in range(count):
        k = 2 * np.pi / (wavelength * random.lognormal(0, spread))
        a = angle + random.normal(0, spread)
        total += np.cos(k * (np.cos(a) * x + np.sin(a) * y) + random.uniform(0, 2 * np.pi))
    return total / np.sqrt(count)


def textures(output):
    """240 textures of 300 pixels: stripes, checks, cells and clouds, in any direction and colour; four classes."""
    random = np.random.default_rng(5)
    folder = Folder(output, "textures")
    size = 300
    for number in range(240):
        kind = ["stripes", "checks", "cells", "clouds"][number % 4]
        angle, wavelength = random.uniform(0, np.pi), random.uniform(18, 40)
        if kind == "stripes":
            value = waves(random, size, wavelength, angle)
        elif kind == "checks":
            value = waves(random, size, wavelength, angle) + waves(random, size, wavelength, angle + np.pi / 2)
        elif kind == "cells":
            value = sum(waves(random, size, wavelength, angle + i * np.pi / 3) for i in range(3))
        else:
            value = sum(waves(random, size, wavelength, a, 0.4, 10) for a in random.uniform(0, np.pi, 8))
        value = value / value.std() + random.normal(0, 1.2, value.shape)
        tint = random.uniform(0.3, 1, 3) * random.uniform(25, 45)
        picture = random.uniform(90, 160, 3) + value[..., None] * tint
        folder.add(kind, np.clip(picture, 0, 255).astype(np.uint8))


def spirals(output):
    """600 faint spirals of 150 pixels that wind one way or the other, in noise: two uneven classes, grey."""
    random = np.random.default_rng(6)
    folder = Folder(output, "spirals")
    size = 150
    y, x = np.mgrid[:size, :size]
    for _ in range(600):
        left = random.random() < 0.413
        cy, cx = random.normal(75, 6, 2)
        a, q = random.uniform(0, np.pi), random.uniform(0.5, 1)
        u, v = (x - cx) * np.cos(a) + (y - cy) * np.sin(a), (y - cy) * np.cos(a) - (x - cx) * np.sin(a)
        r, t = np.hypot(u, v / q) + 1e-3, np.arctan2(v / q, u)
        scale, pitch = random.uniform(14, 26), random.uniform(2.5, 5)
        arms = 1 + random.uniform(0.5, 0.9) * np.cos(2 * (t + (-1 if left else 1) * pitch * np.log(r / scale)))
        light = random.uniform(60, 140) * np.exp(-r / scale) * arms
        picture = 20 + light + random.normal(0, 10, light.shape)
        folder.add("left" if left else "right", np.clip(picture, 0, 255).astype(np.uint8))


def mixed(output, source):
    """300 colour pictures of tissue of several sizes as BMP: five uneven classes by how full of nuclei they are."""
    random = np.random.default_rng(7)
    crops = []
    for path in sorted(source.glob("[0-9]*[0-9].png")):
        image = np.asarray(Image.open(path).convert("RGB"))
        labels = np.asarray(Image.open(path.with_name(f"{path.stem}_labels.png")))
        for _ in range(4):
            height, width = (int(s) for s in random.integers(90, 240, 2))
            y, x = (int(random.integers(0, n - s + 1)) for n, s in zip(labels.shape, (height, width)))
            part = np.s_[y : y + height, x : x + width]
            crops.append(((labels[part] > 0).mean(), image[part]))
    crops = [crops[i] for i in random.permutation(len(crops))[:300]]
    bounds = np.quantile([share for share, _ in crops], [0.1, 0.3, 0.6, 0.85])
    folder = Folder(output, "density")
    for share, crop in crops:
        folder.add(["empty", "few", "some", "many", "full"][int(np.searchsorted(bounds, share))], crop, "bmp")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--fashion", type=pathlib.Path, default="/usr/share/datasets/fashion-mnist")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    fashion(args.output, args.fashion)
    digits(args.output, args.data / "mnist")
    nuclei(args.output, args.data / "nuclei")
    touching(args.output, args.data / "fluorescence")
    textures(args.output)
    spirals(args.output)
    mixed(args.output, args.data / "nuclei")
    for folder in sorted(args.output.iterdir()):
        classes = {f.name: len(list(f.iterdir())) for f in sorted(folder.iterdir())}
        print(folder.name, sum(classes.values()), classes)


if __name__ == "__main__":
    main()
