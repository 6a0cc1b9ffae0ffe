"""Trains random configurations and the defaults on folders of pictures, and keeps one line of JSON for each.

    python search.py GCNN FOLDERS OUTPUT [--count 30] [--only NAME] [--workers 1] [--seconds 900]

Configurations are drawn from a seed that depends on the folder's name and the configuration's number, so that a search that was stopped
goes on. Each training has one thread; one that takes more processor time than --seconds is stopped and counts as its best epoch so far by
validation.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

SIDES = {"digits": [28], "fashion": [28, 40, 56], "tissue": [32, 40], "touching": [32, 48, 64]}
LARGE = [32, 48, 64, 96]


def drawn(name, number):
    """A random configuration: run-file keys by their full names."""
    r = random.Random(f"{name}-{number}")
    group = r.choice(["trivial", "trivial", "flip", "C4", "C4", "C8", "D4"])
    keys = {
        "dataset.size": r.choice(SIDES.get(name, LARGE)),
        "dataset.fit": r.choice(["resize", "pad", "crop"]) if name == "density" else "resize",
        "dataset.channels": "auto",
        "model.group": group,
        "model.size": r.choice(["small", "small", "medium", "medium", "large"]),
        "model.dropout": r.choice([0.0, 0.0, 0.1, 0.3]),
        "augmentation.rotation": r.choice(["none", "right-angles", "continuous"]),
        "augmentation.flip": r.random() < 0.4,
        "augmentation.translation": r.choice([0.0, 0.0, 2.0]),
        "augmentation.scale": r.choice([0.0, 0.0, 0.1]),
        "optimizer.kind": r.choice(["adam", "adamw"]),
        "optimizer.lr": round(10 ** r.uniform(-3.7, -1.8), 6),
        "optimizer.weight_decay": r.choice([0.0, 1e-4, 1e-3, 1e-2, 1e-1]),
        "schedule.kind": r.choice(["cosine", "cosine", "constant"]),
        "schedule.warmup_epochs": r.choice([0.0, 1.0]),
        "training.batch_size": r.choice([8, 16, 32, 64, 128]),
        "training.epochs": r.choice([10, 15, 20, 30, 45, 60] if name != "digits" else [5, 8, 12, 16]),
        "training.label_smoothing": r.choice([0.0, 0.0, 0.1]),
        "training.average": r.choice([0.0, 0.9, 0.98, 0.995]),
    }
    if keys["optimizer.kind"] == "adam":
        keys["optimizer.weight_decay"] = min(keys["optimizer.weight_decay"], 1e-3)
    return keys


def toml(value):
    return json.dumps(value)


def processor_time(pid):
    """Seconds that a process has computed, which says what a training costs however busy the machine is."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(gcnn, folder, output, label, keys, seconds):
    """Trains once; what the report says, and how long it took."""
    place = output / "runs" / f"{folder.name}-{label}"
    sections = {}
    for key, value in keys.items():
        section, name = key.split(".")
        sections.setdefault(section, {})[name] = value
    sections.setdefault("dataset", {})["path"] = str(folder)
    text = 'task = "image-folder"\nseed = 1\n'
    for section, inner in sections.items():
        text += f"\n[{section}]\n" + "".join(f"{name} = {toml(value)}\n" for name, value in inner.items())
    place.parent.mkdir(parents=True, exist_ok=True)
    file = place.with_suffix(".toml")
    file.write_text(text)
    environment = {**os.environ, "RAYON_NUM_THREADS": "1"}
    command = [gcnn, "train", str(file), "--output", str(place), "--quiet", "--no-tui"]
    if place.exists():
        command.append("--resume")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)
    took = 0.0
    while True:
        try:
            _, errors = process.communicate(timeout=2)
            break
        except subprocess.TimeoutExpired:
            took = processor_time(process.pid) or took
            if took > seconds:
                process.terminate()
    line = {"folder": folder.name, "label": label, "keys": keys, "seconds": round(took, 1)}
    metrics = place / "metrics.jsonl"
    if metrics.exists():
        epochs = [json.loads(row) for row in metrics.read_text().splitlines()]
        line["epochs"] = len(epochs)
        line["valid"] = max((row["validation"]["accuracy"] or 0 for row in epochs), default=None)
        line["train"] = epochs[-1]["training"]["accuracy"] if epochs else None
    report = place / "report.json"
    if report.exists():
        found = json.loads(report.read_text())
        line["test"] = found["test"]["metrics"]["accuracy"]
        line["interval"] = found["test"]["intervals"]["accuracy"]
        line["parameters"] = found["parameters"]
        line["warnings"] = found.get("warnings", [])
    elif process.returncode:
        line["error"] = errors.strip()[-400:]
    return line


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("gcnn")
    parser.add_argument("folders", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--only", action="append")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=900, help="of processor time for each training")
    parser.add_argument("--defaults", nargs="*", metavar="KEY=VALUE", help="train what is chosen by default, with these keys, instead")
    parser.add_argument("--label", default="defaults")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    results = args.output / "results.jsonl"
    done = set()
    if results.exists():
        done = {(row["folder"], row["label"]) for row in map(json.loads, results.read_text().splitlines())}
    folders = [f for f in sorted(args.folders.iterdir()) if f.is_dir() and (not args.only or f.name in args.only)]
    if args.defaults is not None:
        keys = {k: json.loads(v) for k, v in (pair.split("=", 1) for pair in args.defaults)}
        jobs = [(folder, args.label, keys) for folder in folders]
    else:
        # One of each folder after the other: a search that is stopped has something of all.
        jobs = [(folder, f"{number:02d}", drawn(folder.name, number)) for number in range(args.count) for folder in folders]
    jobs = [job for job in jobs if (job[0].name, job[1]) not in done]

    def work(job):
        line = run(args.gcnn, job[0], args.output, job[1], job[2], args.seconds)
        with open(results, "a") as file:
            file.write(json.dumps(line) + "\n")
        print(line["folder"], line["label"], line["seconds"], line.get("valid"), line.get("test"), line.get("error", "")[:120], flush=True)

    with ThreadPoolExecutor(args.workers) as pool:
        list(pool.map(work, jobs))


if __name__ == "__main__":
    sys.exit(main())
