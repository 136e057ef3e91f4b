"""Few of the tests' random models (test/support/random_models.py) that between them have every layer, loss, metric, optimiser
and schedule that random models have: `layers:SEED` names one."""

import re

import numpy as np

from random_models import RandomNetwork, draw_plan

SEEDS = 300
BATCHES = 8
# Their learning rates are large, and a step's result feeds the next.
STEPS = 5


class LayerNetwork:
    def __init__(self, name):
        plan = draw_plan(int(name.removeprefix("layers:")))
        self._network = RandomNetwork(plan)
        # Of a batch, the samples that are not padding.
        self.batch, self.rows = plan.batch, plan.valid

    def model(self):
        return self._network.text()

    def data(self):
        random = np.random.default_rng(7)
        batches = [self._network.draw_data(random) for _ in range(BATCHES)]
        return {name: np.concatenate([batch[name] for batch in batches])
                for name in batches[0]}


def parts_of(name):
    """Ops and attributes of the dialect that a network has."""
    try:
        return set(re.findall(r"#?\bnn\.\w+", LayerNetwork(name).model()))
    except ValueError:  # No model comes of this seed.
        return set()


def layer_networks(is_sound):
    """Names of few networks that have all parts, of those that are sound."""
    parts = {name: parts_of(name) for name in (f"layers:{seed}" for seed in range(SEEDS))}
    missing, chosen = set().union(*parts.values()), []
    while missing and parts:
        name = max(parts, key=lambda each: len(parts[each] & missing))
        found = parts.pop(name) & missing
        if not found:
            break
        if is_sound(name):
            chosen.append(name)
            missing -= found
    return chosen
