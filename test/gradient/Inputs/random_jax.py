"""Compares random models with JAX (model_comparison.py): random_jax.py TARGET SEED COUNT. One that cannot be decided counts
as a failure: there is none among so few."""
import sys

from model_comparison import compare
from random_models import RandomNetwork, draw_plan

target, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
print(f"{count} random models from seed {seed}, target {target}")
failed = 0
for plan in map(draw_plan, range(seed, seed + count)):
    comparison = compare(plan, target)
    if comparison.failures or comparison.undecided:
        failed += 1
        print(f"seed {plan.seed}, batch {plan.batch}, valid {plan.valid}:")
        print("\n".join([*comparison.failures, comparison.undecided, RandomNetwork(plan).text()]))
print(f"{count - failed} of {count} models agree with JAX")
sys.exit(1 if failed else 0)
