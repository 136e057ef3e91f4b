"""The floating-point peak of this machine, measured by peak.c."""

import os
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def measure_peak(threads):
    """FLOP/s of fused multiply-adds in registers on as many threads."""
    with tempfile.TemporaryDirectory() as directory:
        program = os.path.join(directory, "peak")
        subprocess.run(["/usr/lib/llvm-22/bin/clang", "-O2", "-march=native", "-ffp-contract=fast", "-fopenmp",
                        os.path.join(HERE, "peak.c"), "-o", program], check=True)
        return float(subprocess.run([program, str(threads)], capture_output=True, text=True, check=True).stdout)
