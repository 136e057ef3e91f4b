"""Trains on all rows of a table but one, for each, evaluates on that one, and compares with the table that cross-validate
printed for as many folds as there are rows."""
import collections
import csv
import subprocess
import sys

program, table, printed, folder = sys.argv[1:]
with open(table, encoding="utf-8") as file:
    rows = list(csv.reader(file))


def write(path, chosen):
    with open(path, "w", encoding="utf-8") as out:
        csv.writer(out, lineterminator="\n").writerows([rows[0], *chosen])
    return path


alone = []
for left in range(1, len(rows)):
    others = write(f"{folder}/others.csv", rows[1:left] + rows[left + 1:])
    own = write(f"{folder}/own.csv", [rows[left]])
    checkpoint = f"{folder}/fold{left}.st"
    subprocess.run(["nnc-run", "train", program, "--data", others, "--epochs", "3", "--progress", "none", "--checkpoint",
                    checkpoint], check=True)
    result = subprocess.run(["nnc-run", "evaluate", program, "--data", own, "--checkpoint", checkpoint], check=True,
                            capture_output=True, text=True).stdout.split()
    alone.append((result[3], result[5]))
with open(printed, encoding="utf-8") as file:
    folds = [tuple(line.split()[2:]) for line in file if line[0].isdigit()]
assert collections.Counter(folds) == collections.Counter(alone), (folds, alone)
print(len(folds), "folds are as if trained alone")
