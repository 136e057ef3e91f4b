"""Compares random models with JAX (model_comparison.py): random_jax.py TARGET SEED COUNT."""
import sys

from model_comparison import compare
from random_models import RandomNetwork, draw_plan

target, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
print(f"{count} random models from seed {seed}, target {target}")
failed = 0
for index in range(count):
    plan = draw_plan(seed + index)
    comparison = compare(plan, target)
    # What rounding's chance could explain counts here too: these models are few, and none of them needs it.
    if failures := comparison.failures + comparison.explained:
        failed += 1
        print(f"seed {plan.seed}, batch {plan.batch}, valid {plan.valid}:")
        print("\n".join([*failures, RandomNetwork(plan).text()]))
print(f"{count - failed} of {count} models agree with JAX")
sys.exit(1 if failed else 0)
