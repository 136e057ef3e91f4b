"""Runs a training command (8 steps an epoch, several epochs) with --profile and --trace, and checks that its tables add up
and that its trace is one that Perfetto opens: TRACE COMMAND..."""
import json
import re
import subprocess
import sys
import time

ROUNDING = 0.0006  # of a number with three digits
TRACED_RUNS = 20


def check(condition, *message):
    if not condition:
        raise SystemExit(" ".join(map(str, message)))


def read_tables(text):
    """Of each entry: (name, ms, runs), then the rows of its two tables without their heads, as lists of cells."""
    entries = []
    for block in re.split(r"^(?=\S+: [\d.]+ ms)", text, flags=re.MULTILINE)[1:]:
        head = re.match(r"(\S+): ([\d.]+) ms, mean of (\d+) runs? on (\d+) threads?", block)
        tables = [part for part in re.split(r"─{10,}\n", block)[1:] if part.strip()]
        rows = [[re.split(r" {2,}", line.strip()) for line in table.rstrip().split("\n")] for table in tables]
        indented = [[line.startswith("   ") for line in table.rstrip().split("\n")] for table in tables]
        check(len(rows) == 4, "two tables with a head each are expected, not", len(rows))
        entries.append((head[1], float(head[2]), int(head[3]), rows[1], indented[1], rows[3]))
    return entries


def milliseconds(row):
    """Six numbers end a row; the first of them is its time."""
    return float(row[-6])


def check_tables(text, wall):
    entries = read_tables(text)
    check([entry[0] for entry in entries] == ["fit.train", "fit.evaluate"], "entries:", [entry[0] for entry in entries])
    spent = 0
    for name, total, runs, layers, indented, kernels in entries:
        spent += 1e-3 * total * runs
        check(layers[-1][0] == "total" and abs(milliseconds(layers[-1]) - total) < ROUNDING, name, "the total is not")
        tops = [milliseconds(row) for row, inner in zip(layers[:-1], indented) if not inner]
        check(abs(sum(tops) - total) < ROUNDING * (len(tops) + 1), name, "layers add up to", sum(tops), "not", total)
        times = [milliseconds(row) for row in kernels]
        check(abs(sum(times) - total) < ROUNDING * (len(times) + 1), name, "kernels add up to", sum(times))
        check(times == sorted(times, reverse=True), name, "the longest kernels do not come first")
    # The first run of an entry does not count.
    check(entries[0][2] == 8 * 3 - 1, "training ran", entries[0][2], "times")
    check(spent <= wall, "the kernels took", spent, "s, the whole process", wall)


def check_trace(path):
    with open(path, encoding="utf-8") as file:
        trace = json.load(file)
    events = trace["traceEvents"]
    names = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    check(names == {0: "entries and kernels", 1: "worker 0", 2: "worker 1"}, "lanes:", names)
    spans = [event for event in events if event["ph"] == "X"]
    check(len(spans) + 1 + len(names) == len(events), "events of other kinds")
    for event in spans:
        check({"name", "cat", "pid", "tid", "ts", "dur"} <= event.keys(), "an event lacks fields:", event)
        check(event["ts"] >= 0 and event["dur"] >= 0, "an impossible time:", event)
        event["end"] = event["ts"] + event["dur"]
    kinds = {kind: [event for event in spans if event["cat"] == kind] for kind in ("entry", "kernel", "work")}
    check(len(kinds["entry"]) == TRACED_RUNS, len(kinds["entry"]), "runs are traced")
    nanosecond = 1e-3

    def inside(inner, outer):
        return outer["ts"] - nanosecond <= inner["ts"] and inner["end"] <= outer["end"] + nanosecond

    for run in kinds["entry"]:
        kernels = [event for event in kinds["kernel"] if inside(event, run)]
        check(abs(sum(kernel["dur"] for kernel in kernels) - run["dur"]) < nanosecond * (len(kernels) + 1),
              "the kernels of a run do not fill it")
        for before, after in zip(kernels, kernels[1:]):
            check(abs(before["end"] - after["ts"]) < 2 * nanosecond, "kernels do not follow each other")
    check(all(any(inside(kernel, run) for run in kinds["entry"]) for kernel in kinds["kernel"]), "a kernel lies outside")
    for work in kinds["work"]:
        check(work["tid"] > 0, "work in the lane of kernels")
        check(any(work["name"] == kernel["name"] and inside(work, kernel) for kernel in kinds["kernel"]),
              "work lies outside its kernel:", work)
    for lane in (1, 2):
        order = sorted((event for event in kinds["work"] if event["tid"] == lane), key=lambda event: event["ts"])
        check(order, "a worker did nothing")
        check(all(a["end"] <= b["ts"] + nanosecond for a, b in zip(order, order[1:])), "a worker is in two places")
    kernel = kinds["kernel"][0]
    check(set(kernel["args"]) == {"layer", "stage", "place", "tasks", "flops", "bytes"}, "a kernel says", kernel["args"])


trace, *command = sys.argv[1:]
start = time.monotonic()
result = subprocess.run([*command, "--trace", trace], stdout=subprocess.PIPE, text=True, check=True)
check_tables(result.stdout, time.monotonic() - start)
check_trace(trace)
