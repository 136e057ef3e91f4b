"""What the claims on studies share: a study is conducted, and must be without faults."""

import os
import sys

from report import ROOT, arguments, finish

sys.path.append(os.path.join(ROOT, "benchmarks"))
from study import StudyError  # noqa: E402


def judge(doc, conduct, held):
    """`conduct(size)` returns faults and the number of trainings; `held` is what these show where there are none."""
    try:
        faults, trainings = conduct("full" if arguments(doc).release else "small")
    except StudyError as error:
        finish(False, error)
    finish(not faults, "; ".join(faults) or f"{trainings} trainings {held}")
