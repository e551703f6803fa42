"""Mean average precision by pycocotools, kept picture by picture so that pictures can be drawn again (bootstrap)."""

import contextlib
import io
from dataclasses import dataclass

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

RECALLS = np.linspace(0, 1, 101)


class Matched:
    """What a set of detections matched. Indexing by picture numbers, with repetition, gives the same of those pictures."""

    def __init__(self, classes, weights):
        self.classes, self.weights = classes, weights

    def __len__(self):
        return len(self.weights)

    def __getitem__(self, chosen):
        return Matched(self.classes, np.bincount(chosen, minlength=len(self.weights)) * self.weights)

    def precision(self, thresholds=slice(None)):
        """Average precision, classes x thresholds (NaN for a class without objects)."""
        return np.array([average_precision(one, self.weights, thresholds) for one in self.classes])


def quietly(work):
    with contextlib.redirect_stdout(io.StringIO()):
        return work()


def matched(told, boxes, names):
    """told: COCO's form of the truth; boxes: per picture n x 6 of detections.detect; names: of the class indices."""
    def run():
        truth = COCO()
        truth.dataset = told
        truth.createIndex()
        ids = {made["name"]: made["id"] for made in told["categories"]}
        rows = [(image["id"], b[0], b[1], b[2] - b[0], b[3] - b[1], b[4], ids[names[int(b[5])]])
                for image, found in zip(told["images"], boxes) for b in found]
        judge = COCOeval(truth, truth.loadRes(np.array(rows, np.float64).reshape(-1, 7)), "bbox")
        judge.params.catIds = [ids[name] for name in names]
        judge.params.imgIds = [image["id"] for image in told["images"]]
        judge.params.areaRng, judge.params.areaRngLbl = [[0, 1e10]], ["all"]
        judge.params.maxDets = [100]
        judge.evaluate()
        return judge.evalImgs

    found, count = quietly(run), len(told["images"])
    return Matched([gathered(found[k * count:(k + 1) * count]) for k in range(len(names))], np.ones(count))


@dataclass(frozen=True)
class Ranked:
    """The detections of one class over all pictures, best first: their pictures, and by overlap threshold which of them count (are not
    ignored) and where the true ones are; and the objects of each picture."""

    owner: np.ndarray
    counts: np.ndarray
    true: list
    objects: np.ndarray


def gathered(pictures):
    """One class's results of pycocotools, a picture each (None where there is nothing), ranked."""
    nothing = {"dtScores": [], "dtMatches": np.zeros((10, 0)), "dtIgnore": np.zeros((10, 0)), "gtIgnore": np.zeros(0)}
    pictures = [one if one is not None else nothing for one in pictures]
    owner = np.concatenate([np.full(len(one["dtScores"]), k) for k, one in enumerate(pictures)]).astype(int)
    order = np.argsort(-np.concatenate([np.asarray(one["dtScores"], float) for one in pictures]), kind="mergesort")
    counts = ~np.concatenate([one["dtIgnore"] for one in pictures], 1)[:, order].astype(bool)
    hit = np.concatenate([one["dtMatches"] for one in pictures], 1)[:, order].astype(bool)
    objects = np.array([np.sum(one["gtIgnore"] == 0) for one in pictures], float)
    return Ranked(owner[order], counts, [np.flatnonzero(row) for row in hit & counts], objects)


def average_precision(ranked, weights, thresholds):
    """pycocotools' 101-point average precision of one class, each picture counted `weights` times; one number a threshold.
    The envelope of the precision is reached at true detections only, so only they are looked at."""
    total, weight, values = float(ranked.objects @ weights), weights[ranked.owner], []
    for counts, true in zip(ranked.counts[thresholds], ranked.true[thresholds]):
        if total == 0:
            values.append(np.nan)
            continue
        found = np.cumsum(weight[true])
        precision = found / np.maximum(np.cumsum(weight * counts)[true], np.spacing(1))
        precision = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
        values.append(float(precision[np.searchsorted(found / total, RECALLS, side="left")].mean()))
    return values


def half(found):
    """mAP at an overlap of 0.5."""
    return float(np.nanmean(found.precision(slice(0, 1))))


def coco(found):
    """mAP over overlaps 0.5, 0.55 … 0.95."""
    return float(np.nanmean(found.precision()))
