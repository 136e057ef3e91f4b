"""Which group of tensors in a file of another framework belongs to which layer.

First what --map says, then names that the model file gives its layers; of the others, layers whose tensors have the same
names and shapes are told apart by the groups' names where all of them agree, else by their order, where that is an order: of
names that differ in a number only. What is left over or cannot be told is an error that lists both sides.
"""

import re

from weights.errors import WeightsError, shapes_text


class Group:
    """Tensors of another framework that make one layer. `label`: the layer's own name, where the file says one besides."""

    def __init__(self, name, label=None):
        self.name, self.label = name, label
        self.tensors = {}

    @property
    def shapes(self):
        return {name: tuple(value.shape) for name, value in sorted(self.tensors.items())}

    def is_called(self, name):
        return name in (self.name, self.label)

    def __str__(self):
        label = f" ('{self.label}')" if self.label and self.label != self.name.rsplit("/", 1)[-1] else ""
        return f"{self.name}{label}: {shapes_text(self.shapes)}"


def find_layer(name, layers):
    found = [layer for layer in layers if name == layer.path] or [layer for layer in layers if name == layer.name]
    if len(found) != 1:
        which = "several layers have that name" if found else "the network has no such layer with weights"
        raise WeightsError(f"--map ...={name}: {which}; it has {', '.join(layer.path for layer in layers)}")
    return found[0]


def find_group(name, groups):
    found = [group for group in groups if group.is_called(name)]
    if len(found) != 1:
        which = "several layers of the file have that name" if found else "the file has no such layer"
        raise WeightsError(f"--map {name}=...: {which}; it has {', '.join(group.name for group in groups)}")
    return found[0]


def stem(name):
    return re.sub(r"\d+", "#", re.sub(r"_\d+$", "", name))


def natural(name):
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


class Matcher:
    """`wanted(layer)`: names and shapes of the tensors that a layer has in such a file."""

    def __init__(self, groups, layers, wanted, maps):
        self._groups, self._layers = list(groups), list(layers)
        self._wanted = {layer.path: wanted(layer) for layer in layers}
        self._pairs = {}
        for theirs, ours in maps:
            self._pair(find_group(theirs, groups), find_layer(ours, layers), "--map")

    def match(self):
        """Pairs of a group and a layer, in the order of the layers."""
        for layer in list(self._layers):
            same = [group for group in self._groups if group.is_called(layer.name) or group.is_called(layer.path)]
            if layer.is_named and len(same) == 1 and [other.name for other in self._layers].count(layer.name) == 1:
                self._pair(same[0], layer, "by name")
        for shapes in {tuple(self._wanted[layer.path].items()): None for layer in self._layers}:
            self._match_equal([group for group in self._groups if tuple(group.shapes.items()) == shapes],
                              [layer for layer in self._layers if tuple(self._wanted[layer.path].items()) == shapes])
        if self._groups or self._layers:
            self._refuse("the file and the network do not have the same layers", self._groups, self._layers)
        return sorted(self._pairs.values(), key=lambda pair: list(self._wanted).index(pair[1].path))

    def _match_equal(self, groups, layers):
        if len(groups) != len(layers):
            return
        # A label counts where the model file gives the name: one that Keras made says in which order layers were made.
        by_name = {group.name: group for group in groups}
        called = next((names for names in ([layer.path for layer in layers], [layer.name for layer in layers])
                       if sorted(names) == sorted(by_name)), None)
        if called:
            groups = [by_name[name] for name in called]
        elif len({stem(group.name) for group in groups}) == 1:
            groups = sorted(groups, key=lambda group: natural(group.name))
        else:
            self._refuse("several layers have equal shapes, and neither names nor an order tell which is which", groups, layers)
        for group, layer in zip(groups, layers):
            self._pair(group, layer, "by shape")

    def _pair(self, group, layer, reason):
        if layer.path in self._pairs or group not in self._groups:
            raise WeightsError(f"--map {group.name}={layer.path}: one of the two is mapped twice")
        if group.shapes != self._wanted[layer.path]:
            what = f"{group.name} and {layer.path} belong together ({reason}), and their tensors differ"
            self._refuse(what, [group], [layer])
        self._pairs[layer.path] = (group, layer)
        self._groups.remove(group)
        self._layers.remove(layer)

    def _refuse(self, what, groups, layers):
        lines = [f"{what}; --map THEIRS=OURS says which belong together", "  in the file:"]
        lines += [f"    {group}" for group in groups] or ["    nothing more"]
        lines += ["  in the network, with the tensors that it would have there:"]
        lines += [f"    {layer.path} ({layer.kind}): {shapes_text(self._wanted[layer.path])}"
                  for layer in layers] or ["    nothing more"]
        raise WeightsError("\n".join(lines))
