"""Claim add-a-layer: a new layer needs its own op description (.td), its own code (.cpp), tests of its own, one line in
dialect/CMakeLists.txt and one include in dialect/NNOps.td, and changes nothing else. Shown on the commit that brought
nn.gaussian_noise, whose files this lists. Needs the history: in a shallow clone or an archive it fails and says so."""

import os
import re

from report import ROOT, Table, arguments, finish, run

LAYER, DESCRIPTION = "nn.gaussian_noise", "dialect/GaussianNoise.td"
# Files that the commit may change, each by as many lines as this; all others it must add.
ONE_LINE = {"dialect/CMakeLists.txt": r"\s+\w+\.cpp", "dialect/NNOps.td": r'include "dialect/\w+\.td"'}
# Where an added file may lie.
OWN = re.compile(r"(dialect/[^/]+\.(td|cpp|h)|test/.+)$")


def git(*command, check=True):
    return run("git", "-C", ROOT, *command, check=check)


def find_commit():
    """The commit that added the layer's description."""
    inside = git("rev-parse", "--show-toplevel", check=False)
    if inside.returncode != 0 or not os.path.samefile(inside.stdout.strip(), ROOT):
        finish(False, f"{ROOT} is no git checkout, so there is no history to show the commit from; clone the repository")
    if git("rev-parse", "--is-shallow-repository").stdout.strip() == "true":
        finish(False, "this clone is shallow, so the commit may be missing; `git fetch --unshallow` gets the history")
    commits = git("log", "--diff-filter=A", "--format=%H", "--no-renames", "--", DESCRIPTION).stdout.split()
    if not commits:
        finish(False, f"no commit in this history adds {DESCRIPTION}")
    return commits[-1]


def main():
    arguments(__doc__)
    commit = find_commit()
    print(git("show", "--no-patch", "--format=%h %s", commit).stdout, end="")
    table = Table(("change", 6), ("file", 44), ("lines", 8), ("", 10))
    strange = 0
    lines = {}
    for line in git("show", "--numstat", "--format=", "--no-renames", commit).stdout.splitlines():
        added, removed, path = line.split("\t")
        lines[path] = f"+{added} -{removed}"
    for line in git("show", "--name-status", "--format=", "--no-renames", commit).stdout.splitlines():
        change, path = line.split("\t")
        patch = git("show", "--unified=0", "--format=", "--no-renames", commit, "--", path).stdout
        added = [text[1:] for text in patch.splitlines() if text.startswith("+") and not text.startswith("+++")]
        allowed = (change == "A" and OWN.match(path) is not None) or (
            change == "M" and path in ONE_LINE and lines[path] == "+1 -0" and re.fullmatch(ONE_LINE[path], added[0]))
        strange += not allowed
        table.row(change, path, lines[path], "" if allowed else "  VIOLATION")
    own = sum(path not in ONE_LINE for path in lines)
    finish(strange == 0, f"{LAYER} came with {own} files of its own and {len(lines) - own} lines elsewhere; "
                         f"{strange} changes beyond that")


if __name__ == "__main__":
    main()
