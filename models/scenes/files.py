"""Pictures as files: JPEG in memory, on disk, and in a tar that is the same byte for byte every time."""

import io
import tarfile
from pathlib import Path

import cv2
import numpy as np


def encode_jpeg(picture, quality=90):
    """The bytes of a JPEG of an RGB picture."""
    done, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return data.tobytes()


def decode_jpeg(data):
    """The RGB picture of a JPEG's bytes."""
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def read_jpeg(path):
    """The RGB picture of a JPEG file."""
    return decode_jpeg(Path(path).read_bytes())


def write_tar(path, files):
    """Writes (name, bytes) pairs as a plain tar with nothing in it that changes: no times, no owners."""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
