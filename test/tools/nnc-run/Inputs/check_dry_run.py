"""Checks the largest batch that --dry-run finds with programs compiled for it and for one more, that it tries few,
and that memory which is none is refused."""

import json
import os
import re
import subprocess
import sys

model, directory = sys.argv[1:]
THREADS = 2


def bytes_for(batch):
    """What a program takes, by its plan."""
    entries = "--entries=init,train,evaluate"
    command = ["nnc-opt", model, "--nn-plan=json", f"--batch={batch}", entries]
    plan = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return plan["arena_bytes"] + THREADS * plan["worker_bytes"]


for budget in (8_000_000, 123_456_789):
    cache = os.path.join(directory, str(budget))
    command = ["nnc-run", "train", model, "--dry-run", "--memory", str(budget), "--threads", str(THREADS)]
    result = subprocess.run(command, env={**os.environ, "XDG_CACHE_HOME": cache}, capture_output=True, text=True)
    print(result.stdout, result.stderr)
    asked = int(re.search(r"\((\d+) bytes\)", result.stdout)[1])
    assert asked == bytes_for(32), asked
    assert result.returncode == (asked > budget), result.returncode
    batch = int(re.search(r"largest batch that fits: (\d+)", result.stdout)[1])
    assert bytes_for(batch) <= budget < bytes_for(batch + 1), batch
    compiled = len(os.listdir(os.path.join(cache, "nnc")))
    assert compiled <= 8, f"{compiled} programs were compiled"

for text in ("0", "-1", "x", "16XB", "16GBx", "nan", "inf", "1e3", "99999999999TB", "0.5", ""):
    command = ["nnc-run", "train", model, "--dry-run", f"--memory={text}"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2 and "error: --memory" in result.stderr, f"'{text}': {result.stderr}"
