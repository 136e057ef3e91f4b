"""The floating-point peak of this machine, as nnc-run --profile measures it."""

import ctypes
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "test", "support"))
from runtime_library import link_with_runtime  # noqa: E402


def measure_peak(threads):
    """FLOP/s of fused multiply-adds in registers on as many threads: the best of a second."""
    with tempfile.TemporaryDirectory() as directory:
        library = os.path.join(directory, "peak.so")
        link_with_runtime(library, os.path.join(HERE, "peak.cpp"))
        measure = ctypes.CDLL(library).measure_peak
        measure.restype = ctypes.c_double
        return max(measure(ctypes.c_int(threads)) for _ in range(5))
