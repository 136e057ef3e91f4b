"""Compares random models with JAX (model_comparison.py): random_jax.py TARGET SEED COUNT."""
import sys

from model_comparison import compare, compare_seed
from random_models import RandomNetwork

target, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
print(f"{count} random models from seed {seed}, target {target}")
failed = left_out = 0
for first in range(seed, seed + count):
    plan, undecided, comparison = compare_seed(lambda plan: compare(plan, target), first)
    left_out += undecided
    if comparison.failures:
        failed += 1
        print(f"seed {plan.seed}, batch {plan.batch}, valid {plan.valid}:")
        print("\n".join([*comparison.failures, RandomNetwork(plan).text()]))
print(f"{count - failed} of {count} models agree with JAX; {left_out} others left out, on which JAX in f32 breaks the rule")
sys.exit(1 if failed else 0)
