"""The rules by which tools/get-data makes rows, on made-up packages: no network."""

import os
import sys
import tempfile
import unittest
import zipfile

import numpy as np

sys.path.insert(0, os.path.join(sys.argv.pop(1), "tools"))
from datasets import common, debian, fashion_mnist


class Folder:
    def __init__(self):
        self.files = {}

    def write(self, name, data):
        self.files[name] = data.decode()


class FakeApt:
    """An index of a few packages; the second file is of an update."""

    def __init__(self, packages, texts):
        self._files = {"packages": packages, "texts": texts, "update": [dict(packages[0], Section="changed")]}

    def index_files(self, kind):
        return ["texts"] if kind == "Translations" else ["packages", "update"]

    def stanzas(self, name):
        return self._files[name]


def package(name, section, text, source=None):
    return {"Package": name, "Section": section, "Description-md5": text, **({"Source": source} if source else {})}


class DebianRows(unittest.TestCase):
    def rows(self, packages):
        texts = {p["Description-md5"] for p in packages}
        return debian.descriptions(FakeApt(packages, [{"Description-md5": t, "Description-en": t} for t in texts]))

    def test_sorted_by_name_with_the_section_of_the_release(self):
        rows = self.rows([package("b", "libs", "B"), package("a", "non-free/net", "A")])
        self.assertEqual(rows, [("a", "A", "net"), ("b", "B", "libs")])

    def test_first_binary_of_a_source_and_section(self):
        rows = self.rows([package("b1", "libs", "one", "src (1.0)"), package("b2", "libs", "two", "src"),
                          package("b3", "doc", "three", "src")])
        self.assertEqual(rows, [("src", "one", "libs"), ("src", "three", "doc")])

    def test_first_of_identical_descriptions(self):
        rows = self.rows([package("a", "libs", "same"), package("b", "net", "same")])
        self.assertEqual(rows, [("a", "same", "libs")])

    def test_a_full_stop_stands_for_an_empty_line(self):
        self.assertEqual(debian.plain_text("tool\n does it.\n .\n And more."), "tool\n does it.\n And more.")


class Splits(unittest.TestCase):
    def test_by_hash_of_the_source(self):
        # The digests begin with 37d2b12d, f0c929a9 and 251d177e: 936554797, 4039715241 and 622663550.
        self.assertEqual([common.split_of(source) for source in ("bash", "perl", "cmake")],
                         ["train", "validation", "test"])

    def test_tables_have_a_header_and_one_line_a_row(self):
        folder = Folder()
        counts = common.write_text_splits(folder, [(f"s{i}", f"text\twith\nbreaks {i}", "label") for i in range(50)])
        self.assertEqual(sum(counts.values()), 50)
        for split, count in counts.items():
            lines = folder.files[f"{split}.tsv"].splitlines()
            self.assertEqual(lines[0], "text\tlabel")
            self.assertEqual(len(lines), count + 1)
            self.assertTrue(all(line.count("\t") == 1 for line in lines))


class Images(unittest.TestCase):
    def test_numpy_reads_what_is_written(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "x.npz")
            fashion_mnist.write_npz(path, [bytes([0, 255]), bytes([51, 102])], [3, 9])
            with np.load(path) as arrays:
                self.assertEqual(arrays["image"].dtype, np.float32)
                np.testing.assert_array_equal(arrays["image"], np.float32([[0, 1], [0.2, 0.4]]))
                np.testing.assert_array_equal(arrays["label"], np.int32([3, 9]))


if __name__ == "__main__":
    unittest.main()
