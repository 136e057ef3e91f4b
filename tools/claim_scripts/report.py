"""What the claims share: where things lie, running our tools, and the form of a claim's last line."""

import argparse
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("NNC_BUILD", os.path.join(ROOT, "build", "release"))
NNC_OPT = os.path.join(BUILD, "bin", "nnc-opt")
NNC_RUN = os.path.join(BUILD, "bin", "nnc-run")
LLVM_BIN = "/usr/lib/llvm-22/bin"
MODELS = os.path.join(ROOT, "models")


def arguments(description, **options):
    """Every claim takes --release; one may take further options with a value, each described here."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--release", action="store_true", help="the large size")
    for name, text in options.items():
        parser.add_argument(f"--{name}", default="", help=text)
    return parser.parse_args()


class Table:
    """Rows printed as they come, in columns of fixed width."""

    def __init__(self, *columns):
        self._widths = [max(width, len(name)) for name, width in columns]
        self.row(*(name for name, _ in columns))

    def row(self, *cells):
        assert len(cells) <= len(self._widths), f"{len(cells)} cells in a table of {len(self._widths)} columns"
        print("  ".join(str(cell).ljust(width) for cell, width in zip(cells, self._widths)).rstrip(), flush=True)


def finish(holds, figure):
    """A claim's figure, last; leaves with 0 only where it holds."""
    print(f"{'HOLDS' if holds else 'FAILS'}: {figure}")
    sys.exit(0 if holds else 1)


def run(*command, check=True, **options):
    """Runs a program; returns the finished process with its output as text. A failure ends the claim with its words."""
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if check and result.returncode != 0:
        print(result.stdout + result.stderr)
        finish(False, f"{os.path.basename(str(command[0]))} left with {result.returncode}")
    return result


def read_plan(*arguments):
    """What nnc-opt --nn-plan says of a program."""
    return json.loads(run(NNC_OPT, *arguments, "--nn-plan=json").stdout)


def get_data(name):
    """The folder of a data set, fetched where it is not there yet."""
    return run(sys.executable, os.path.join(ROOT, "tools", "get-data"), name).stdout.splitlines()[-1]
