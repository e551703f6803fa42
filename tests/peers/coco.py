#!/usr/bin/env python3
"""Holds Quern's average precision against pycocotools on the same boxes: equal to 1e-6.

    coco.py JUDGE_BOXES QUERN [MODEL TASK PICTURES]…      (needs numpy and pycocotools: scripts/peers_python)

First on random boxes: many classes, equal scores, crowds, pictures without boxes, more than 100 boxes a picture. Then, for each model, on
what it finds in a folder of pictures; the truth is its own better boxes, moved a little.
"""
import contextlib
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

CLOSE = 1e-6
# key of judge_boxes and of quern eval, and where pycocotools has the number
STATS = [("map", "map", 0), ("map50", "map50", 1), ("map75", "map75", 2), ("small", "map_small", 3), ("medium", "map_medium", 4),
         ("large", "map_large", 5), ("recall", "recall", 8)]


def judged_by_pycocotools(truth_file, boxes_file, categories=None):
    """(twelve numbers, mean precision of each category or None)."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(truth_file))
        judge = COCOeval(truth, truth.loadRes(str(boxes_file)), "bbox")
        if categories:
            judge.params.catIds = sorted(categories)
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    precision = judge.eval["precision"][:, :, :, 0, 2]  # overlap, recall, category; all areas, 100 boxes
    each = [precision[:, :, k] for k in range(precision.shape[2])]
    return judge.stats, [float(p[p > -1].mean()) if (p > -1).any() else None for p in each]


def random_boxes(rng, count, side):
    corner = rng.uniform(0, side * 0.8, (count, 2))
    extent = np.exp(rng.uniform(np.log(4), np.log(side * 0.6), (count, 2)))
    return np.round(np.hstack([corner, extent]), 1)


def random_case(seed):
    """A truth and found boxes that partly lie on it."""
    rng = np.random.default_rng(seed)
    classes, pictures, side = int(rng.integers(1, 30)), int(rng.integers(1, 40)), 400
    images = [{"id": int(i) * 3 + 1, "file_name": f"{i}.jpg", "width": side, "height": side} for i in rng.permutation(pictures)]
    annotations, found = [], []
    for image in images:
        if rng.random() < 0.15:
            continue  # nothing in it, though the model may find something
        crowded = rng.random() < 0.1
        for box in random_boxes(rng, int(rng.integers(0, 8)) + (130 if crowded else 0), side):
            category = 1 if crowded else int(rng.integers(1, classes + 1))
            area = float(box[2] * box[3]) * (rng.uniform(0.4, 1) if rng.random() < 0.5 else 1)
            annotations.append({"id": len(annotations) + 1, "image_id": image["id"], "category_id": category * 7, "bbox": box.tolist(), "area": area,
                                "iscrowd": int(rng.random() < 0.08)})
            for _ in range(int(rng.integers(0, 4))):
                moved = box + rng.normal(0, 0.06, 4) * np.repeat(box[2:].mean(), 4)
                moved[2:] = np.maximum(moved[2:], 1)
                found.append((image["id"], category * 7, moved))
    for image in images:
        for box in random_boxes(rng, int(rng.integers(0, 6)), side):
            found.append((image["id"], int(rng.integers(1, classes + 1)) * 7, box))
    levels = 20 if seed % 2 else 10**6  # few levels: many equal scores
    rows = [{"image_id": i, "category_id": c, "bbox": b.tolist(), "score": float(rng.integers(1, levels + 1) / levels)} for i, c, b in found]
    rng.shuffle(rows)
    categories = [{"id": c * 7, "name": f"class {c}"} for c in range(1, classes + 1)]
    return {"images": images, "annotations": annotations, "categories": categories}, rows


def differences(ours, theirs, key):
    for name, long_name, at in STATS:
        mine, its = ours[long_name if key == "eval" else name], float(theirs[at])
        its = None if its < 0 else its
        if (mine is None) != (its is None) or (mine is not None and abs(mine - its) > CLOSE):
            yield f"{name}: {mine} here, {its} by pycocotools"


def check_random(judge, folder, seed):
    truth, rows = random_case(seed)
    if not rows:
        return []
    (folder / "truth.json").write_text(json.dumps(truth))
    (folder / "boxes.json").write_text(json.dumps(rows))
    ours = json.loads(subprocess.run([judge, folder / "truth.json", folder / "boxes.json"], check=True, capture_output=True).stdout)
    stats, each = judged_by_pycocotools(folder / "truth.json", folder / "boxes.json")
    wrong = list(differences(ours, stats, "judge"))
    for k, (mine, its) in enumerate(zip(ours["classes"], each, strict=True)):
        if (mine["ap"] is None) != (its is None) or (its is not None and abs(mine["ap"] - its) > CLOSE):
            wrong.append(f"category {k}: {mine['ap']} here, {its} by pycocotools")
    return wrong


def truth_from_model(quern, model, task, pictures, seed):
    """COCO annotations: the model's better boxes, moved a little."""
    rng = np.random.default_rng(seed)
    words = [quern, "run", model, *map(str, pictures), "--task", task, "--score", "0.35", "--json"]
    said = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
    names = sorted({box["label"] for picture in said["pictures"] for box in picture["boxes"]})
    truth = {"images": [], "annotations": [], "categories": [{"id": i + 1, "name": name} for i, name in enumerate(names)]}
    for i, picture in enumerate(said["pictures"]):
        truth["images"].append({"id": i + 1, "file_name": Path(picture["file"]).name, "width": picture["width"], "height": picture["height"]})
        for box in picture["boxes"]:
            x, y, w, h = (box[key] + rng.normal(0, 0.05) * min(box["width"], box["height"]) for key in ("x", "y", "width", "height"))
            truth["annotations"].append({"id": len(truth["annotations"]) + 1, "image_id": i + 1, "category_id": names.index(box["label"]) + 1,
                                         "bbox": [x, y, max(w, 1), max(h, 1)], "area": max(w, 1) * max(h, 1), "iscrowd": 0})
    return truth


def check_model(quern, folder, model, task, data):
    pictures = sorted(p for p in Path(data).iterdir() if p.suffix in {".jpg", ".jpeg", ".png"})
    truth = truth_from_model(quern, model, task, pictures, 5)
    (folder / "truth.json").write_text(json.dumps(truth))
    words = [quern, "eval", model, "--data", data, "--labels", folder / "truth.json", "--task", task, "--boxes", folder / "boxes.json", "--json"]
    ours = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
    stats, _ = judged_by_pycocotools(folder / "truth.json", folder / "boxes.json")
    print(f"coco: {Path(model).name}: {len(truth['annotations'])} boxes in {len(pictures)} pictures, mAP {ours['metrics']['map']:.4f}")
    return list(differences(ours["metrics"], stats, "eval"))


def main():
    judge, quern, *rest = sys.argv[1:]
    failed, seeds = 0, range(30)
    with tempfile.TemporaryDirectory(prefix="quern-coco-") as scratch:
        for seed in seeds:
            for sentence in check_random(judge, Path(scratch), seed):
                failed += 1
                print(f"coco: seed {seed}: {sentence}")
        for model, task, data in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
            for sentence in check_model(quern, Path(scratch), model, task, data):
                failed += 1
                print(f"coco: {model}: {sentence}")
    print(f"coco: {len(seeds)} random cases, {len(rest) // 3} models, {failed} differences from pycocotools")
    return 1 if failed else 0


sys.exit(main())
