"""Fashion-MNIST from Debian's package dataset-fashion-mnist: train.npz, validation.npz (the last 5,000 of the training
images) and test.npz, each with `image` (f32 in [0, 1], one row of 784 an image) and `label` (i32)."""

import gzip
import os
import struct
import tempfile
import zipfile

from .apt import Apt
from .common import DataError, run

VALIDATION = 5000
FOLDER = "usr/share/datasets/fashion-mnist"


def images(folder):
    with tempfile.TemporaryDirectory() as directory:
        apt = Apt()
        apt.update()
        run(["dpkg-deb", "-x", apt.download("dataset-fashion-mnist", directory), directory])
        train, test = (read_pair(os.path.join(directory, FOLDER), name) for name in ("train", "t10k"))
    cut = len(train[1]) - VALIDATION
    parts = {
        "train": (train[0][:cut], train[1][:cut]),
        "validation": (train[0][cut:], train[1][cut:]),
        "test": test,
    }
    for name, (pixels, labels) in parts.items():
        write_npz(os.path.join(folder.path, f"{name}.npz"), pixels, labels)
    return {"source": "dataset-fashion-mnist", "rows": {name: len(part[1]) for name, part in parts.items()}, "classes": 10}


def read_pair(directory, name):
    """The images, each the bytes of its pixels, and the labels of a pair of IDX files."""
    images_shape, pixels = read_idx(os.path.join(directory, f"{name}-images-idx3-ubyte.gz"), 3)
    (count,), labels = read_idx(os.path.join(directory, f"{name}-labels-idx1-ubyte.gz"), 1)
    if images_shape[0] != count:
        raise DataError(f"{name} has {images_shape[0]} images and {count} labels")
    size = images_shape[1] * images_shape[2]
    return [pixels[i * size : (i + 1) * size] for i in range(count)], labels


def read_idx(path, rank):
    with gzip.open(path) as file:
        data = file.read()
    if data[:4] != bytes((0, 0, 8, rank)):
        raise DataError(f"{path} is not an IDX file of bytes of rank {rank}")
    shape = struct.unpack_from(f">{rank}I", data, 4)
    return shape, data[4 + 4 * rank :]


def write_npz(path, pixels, labels):
    as_float = [struct.pack("<f", value / 255) for value in range(256)]
    with zipfile.ZipFile(path + ".tmp", "w", zipfile.ZIP_STORED) as archive:
        with archive.open("image.npy", "w", force_zip64=True) as file:
            file.write(npy_header("<f4", (len(pixels), len(pixels[0]))))
            for image in pixels:
                file.write(b"".join(map(as_float.__getitem__, image)))
        with archive.open("label.npy", "w") as file:
            file.write(npy_header("<i4", (len(labels),)))
            file.write(b"".join(struct.pack("<i", label) for label in labels))
    os.replace(path + ".tmp", path)


def npy_header(dtype, shape):
    header = repr({"descr": dtype, "fortran_order": False, "shape": shape})
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()
