"""Claim fuzz-models: random well-formed models, up to 12 layers deep, of odd sizes, with shared weights, several losses,
masks, regularisers, every optimiser: the first result, the loss, all gradients and the parameters after three updates
agree with JAX. The error in f32, against JAX in f64, is at most four times that of JAX in f32, and 8 ulp of the largest
element; what parameters and data that is asked on, and of which models it cannot be, model_comparison.py says: those are
counted, and others take their place. A violation is reduced to the smallest model that shows it, and the
errors on many other draws of its data say whether it is chance."""

import argparse
import concurrent.futures
import os
import queue
import time

from model_comparison import ERROR_DRAWS, Worker, compare_errors, compare_seed
from random_models import RandomNetwork
from reduce_model import reduce
from report import finish

COUNT, RELEASE_COUNT, SEED = 200, 5000, 1
# Of a reduction, and how many of them there are at most.
SECONDS, MOST_REDUCTIONS = 120, 3


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", action="store_true", help=f"the large size: {RELEASE_COUNT} models")
    parser.add_argument("--count", type=int, help=f"how many models; {COUNT} where nothing says otherwise")
    parser.add_argument("--seed", type=int, default=SEED, help="of the first model; the others' follow")
    return parser.parse_args()


def show(plan, failures):
    print(f"seed {plan.seed}, batch {plan.batch}, valid {plan.valid}:")
    print("\n".join([*(f"  {failure}" for failure in failures), RandomNetwork(plan).text()]), flush=True)


def show_smallest(worker, plan, comparison):
    show(plan, comparison.failures)
    if comparison.kind == "disagrees":
        ratios = ", ".join(f"{name} {ratio:.2f}" for name, ratio in compare_errors(plan).items())
        print(f"our errors divided by those of JAX in f32, in geometric mean of {ERROR_DRAWS} other draws: {ratios}")

    def fails(smaller):
        RandomNetwork(smaller)
        return worker.compare(smaller).kind == comparison.kind

    smallest = reduce(plan, fails, SECONDS)
    print("the smallest model that shows it:")
    show(smallest, worker.compare(smallest).failures)


def main():
    arguments = read_arguments()
    count = arguments.count or (RELEASE_COUNT if arguments.release else COUNT)
    seeds = range(arguments.seed, arguments.seed + count)
    jobs = os.cpu_count()
    workers = queue.SimpleQueue()
    for _ in range(jobs):
        workers.put(Worker("cpu"))

    def compare_one(seed):
        worker = workers.get()
        try:
            return compare_seed(worker.compare, seed)
        finally:
            workers.put(worker)

    print(f"{count} models, seeds {seeds.start} to {seeds.stop - 1}, {jobs} at a time", flush=True)
    start, tensors, layers, redrawn, undecided, failed = time.monotonic(), 0, 0, 0, 0, []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for index, (plan, others, comparison) in enumerate(pool.map(compare_one, seeds), 1):
            tensors += comparison.tensors
            layers += sum(len(picks) for picks in plan.models)
            redrawn += comparison.draws > 1
            undecided += others
            if comparison.failures:
                failed.append((plan, comparison))
                print(f"seed {plan.seed}: {comparison.failures[0].splitlines()[0]}", flush=True)
            if index % 50 == 0:
                print(f"{index} models, {layers} layers, {tensors} tensors, {redrawn} with data drawn again, {undecided} left "
                      f"out, {len(failed)} violations, {time.monotonic() - start:.0f} s", flush=True)
    worker = workers.get()
    for plan, comparison in failed[:MOST_REDUCTIONS]:
        show_smallest(worker, plan, comparison)
    worker.close()
    while not workers.empty():
        workers.get().close()
    finish(not failed, f"{len(failed)} of {count} random models from seed {seeds.start} disagree with JAX "
                       f"({layers} layers, {tensors} tensors compared; {redrawn} with data drawn again and {undecided} others "
                       f"left out, on which JAX in f32 breaks the rule itself)")


if __name__ == "__main__":
    main()
