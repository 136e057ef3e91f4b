"""Finds the files of test/layers/: each is a layer family's, and nothing lists them. test/layers/README.md says what they
define."""

import functools
import importlib.util
import os

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "layers")


@functools.cache
def families():
    """The families' modules, by name."""
    found = {}
    for file in sorted(os.listdir(FOLDER)):
        name, extension = os.path.splitext(file)
        if extension == ".py":
            spec = importlib.util.spec_from_file_location(f"layers.{name}", os.path.join(FOLDER, file))
            found[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(found[name])
    return found


def every(name):
    """What all families together yield by the function `name`."""
    for family in families().values():
        if hasattr(family, name):
            yield from getattr(family, name)()


def table(name):
    """All families' dictionaries called `name`, as one."""
    joined = {}
    for family in families().values():
        for key, value in getattr(family, name, {}).items():
            if key in joined:
                raise ValueError(f"{family.__file__}: {name} has {key!r} from another family already")
            joined[key] = value
    return joined


def draws():
    """All families' functions (random, value, others) -> Layer, or None where no layer of theirs takes the value."""
    return [draw for family in families().values() for draw in getattr(family, "DRAWS", [])]


def formula(name):
    """The JAX formula called `name`, of whichever family."""
    for family in families().values():
        if hasattr(family, name) and getattr(family, name).__module__ == family.__name__:
            return getattr(family, name)
    raise AttributeError(f"no family in {FOLDER} has a formula {name!r}")
