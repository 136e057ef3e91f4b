"""Claim gradients: every adjoint agrees with finite differences in f64 to 1e-6, over at least five shapes each; the f32
path agrees with the reference; and where one op that an adjoint is made of is negated, then zeroed, the checks notice
every time, save for the ops listed as excused. The checks are the tests' own, test/gradient/check.py."""

import os
import subprocess
import sys

from report import ROOT, arguments, finish

arguments(__doc__)
process = subprocess.Popen([sys.executable, os.path.join(ROOT, "test", "gradient", "check.py")], stdout=subprocess.PIPE,
                           text=True)
line = ""
for line in process.stdout:
    print(line, end="", flush=True)
finish(process.wait() == 0, line.strip())
