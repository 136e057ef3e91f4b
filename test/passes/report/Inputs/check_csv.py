"""Reads what --nn-report=csv wrote: lines end as RFC 4180 says, all have the header's columns, names survive."""

import csv
import sys

rows = {}
for path in sys.argv[1:]:
    with open(path, newline="", encoding="utf-8") as file:
        text = file.read()
    assert text.count("\n") == text.count("\r\n") and text.endswith("\r\n"), f"{path}: other ends of lines"
    header, *lines = csv.reader(text.splitlines(keepends=True), strict=True)
    for line in lines:
        assert len(line) == len(header), f"{path}: {line}"
    rows[path] = [dict(zip(header, line)) for line in lines]

plain, hostile, both = sys.argv[1:]
names = ["</script><script>hostile()</script>", "a, {{data}} & <b>é", "(no layer)"]
assert [row["layer"] for row in rows[hostile]] == names
# Of a comparison: a line for each kind and one for the total, which is their sum.
for step in ("all", "again", "fit"):
    lines = [row for row in rows[both] if row["step"] == step]
    assert [row["kind"] for row in lines] == ["dense", "(no layer)", "total"], lines
    for column in ("depth", "longest_path", "multiply_adds_per_sample", "peak_bytes", "lower_bound_bytes"):
        assert [row[column] != "" for row in lines] == [False, False, True], f"{step}: {column} is of the whole"
    for column in ("layers", "trainable", "flops_backward", "bytes", "activation_bytes"):
        *parts, total = [int(row[column]) for row in lines]
        assert sum(parts) == total, f"{step}: {column} does not add up"
