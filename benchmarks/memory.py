"""Peak memory of a process and all it starts."""

import threading
import time

from processes import read, tree

PERIOD_SECONDS = 0.005
# Looking takes at most this share of a processor: at a process of many pages it takes the kernel long.
LOOKING = 0.2


def resident_bytes(pid):
    """Of the process and all below it, now: memory that several share counts once (PSS)."""
    kilobytes = 0
    for member in tree(pid):
        for line in read(f"/proc/{member}/smaps_rollup").splitlines():
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
