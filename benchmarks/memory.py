"""Peak memory of a process and all it starts."""

import os
import threading
import time

PERIOD_SECONDS = 0.005
# Looking takes at most this share of a processor: at a process of many pages it takes the kernel long.
LOOKING = 0.2


def _read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:  # It ended meanwhile.
        return ""


def _tree(pid):
    children = " ".join(_read(f"/proc/{pid}/task/{task}/children") for task in _tasks(pid)).split()
    return [pid] + [member for child in children for member in _tree(int(child))]


def _tasks(pid):
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def resident_bytes(pid):
    """Of the process and all below it, now: memory that several share counts once (PSS)."""
    kilobytes = 0
    for member in _tree(pid):
        for line in _read(f"/proc/{member}/smaps_rollup").splitlines():
            if line.startswith("Pss:"):
                kilobytes += int(line.split()[1])
    return 1024 * kilobytes


class PeakMemory:
    """Samples a process tree until it is told to stop; `peak` is the largest sum seen, in bytes."""

    def __init__(self, pid):
        self.peak = 0
        self._pid, self._done = pid, threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def _sample(self):
        while not self._done.is_set():
            start = time.perf_counter()
            self.peak = max(self.peak, resident_bytes(self._pid))
            self._done.wait(max(PERIOD_SECONDS, (time.perf_counter() - start) * (1 / LOOKING - 1)))

    def stop(self):
        self._done.set()
        self._thread.join()
        return self.peak
