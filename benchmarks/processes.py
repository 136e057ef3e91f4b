"""What /proc says of a process and all that it starts."""

import os


def read(path):
    """A file of /proc; nothing where the process has ended meanwhile."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def tasks(pid):
    """Its threads' numbers."""
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def tree(pid):
    """The process and all below it."""
    children = " ".join(read(f"/proc/{pid}/task/{task}/children") for task in tasks(pid)).split()
    return [pid] + [member for child in children for member in tree(int(child))]


def is_running(pid):
    """Whether a thread of the process, or of one below it, runs or waits for a processor."""
    # The state stands behind the name, which may hold anything.
    return any(read(f"/proc/{member}/task/{task}/stat").rpartition(")")[2].split()[:1] == ["R"]
               for member in tree(pid) for task in tasks(member))
