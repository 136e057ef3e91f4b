"""Runs every layer as a GPU does, on the emulator: losses and gradients are the CPU's, and no kernel races.

    emulated.py [--only TEXT] [--family FAMILY] [--target TARGET]

The cases are check.py's. Each is compiled for this machine's CPU and for target cuda-races, which runs the kernels of
target cuda on the emulator and ends the process where two threads touch the same byte unordered, where not all threads of
a block come to a barrier, and where a kernel touches what is no memory of its own. Results may differ from the CPU's by
what the CPU's may from the reference's; most have the same bits.
"""

import argparse
import concurrent.futures
import multiprocessing
import os
import sys
import tempfile
import time
import zlib

import numpy as np

import check
import nnc_program as nnc

# How a case's process ends.
FAILED, OTHER_BITS = 1, 2


def compare(case, target):
    """Whether all results have the CPU's bits, and failures."""
    equal, failures = True, []
    for text, options in case.programs:
        with tempfile.TemporaryDirectory(prefix="nnc-emulated-") as directory:
            model = os.path.join(directory, "case.mlir")
            with open(model, "w") as file:
                file.write(text)
            folders = [os.path.join(directory, name) for name in ("cpu", "gpu")]
            for folder in folders:
                os.mkdir(folder)
            try:
                cpu = nnc.compile_model(model, directory=folders[0], **options)
                gpu = nnc.compile_model(model, directory=folders[1], target=target, **options)
            except (nnc.CompileError, RuntimeError) as error:
                failures.append(f"does not compile: {error}")
                continue
            instances = cpu.instance(), gpu.instance()
            for entry in cpu.entries:
                random = np.random.default_rng(zlib.crc32(f"{case.name} {entry}".encode()))
                point = check.Point(case, entry, cpu, random)
                expected, got = (point.evaluate(instance, entry) for instance in instances)
                for name, values in expected.items():
                    if np.array_equal(values, got[name], equal_nan=True):
                        continue
                    equal = False
                    error = np.max(np.abs(values - got[name])) / np.max(np.abs(values), initial=1e-3)
                    if not error <= check.FAST_TOLERANCE:
                        failures.append(f"{entry}: {name} is off the CPU's by {error:.1e}")
    return equal, failures


def compare_by_name(name, target, connection):
    """In a process of its own, which an error of the emulator ends."""
    case = next(c for cases in check.all_cases().values() for c in cases if c.name == name)
    np.seterr(invalid="ignore")
    # What the process says as it ends.
    os.dup2(connection.fileno(), 2)
    equal, failures = compare(case, target)
    os.write(2, "".join(f"{line}\n" for line in failures).encode())
    os._exit(FAILED if failures else 0 if equal else OTHER_BITS)


def run(name, target):
    """How the process of a case ended, and what it said."""
    reader, writer = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=compare_by_name, args=(name, target, writer))
    process.start()
    writer.close()
    with os.fdopen(os.dup(reader.fileno())) as said:
        text = said.read()
    reader.close()
    process.join()
    return process.exitcode, text.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="cases whose name holds this text")
    parser.add_argument("--family", choices=list(check.all_cases()), help="upstream ops, or the nn dialect's layers")
    parser.add_argument("--target", default="cuda-races", choices=["cuda-emulator", "cuda-races"])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    families = check.all_cases()
    cases = families[arguments.family] if arguments.family else sum(families.values(), [])
    cases = [case for case in cases if arguments.only in case.name and case.fast]
    start, failed, equal = time.time(), 0, 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        results = pool.map(lambda case: run(case.name, arguments.target), cases)
        for case, (code, text) in zip(cases, results):
            ending = {0: "the CPU's bits", OTHER_BITS: "close to the CPU's"}.get(code, f"FAILED ({code})")
            print(f"{case.name:<48}{case.shapes:>4} shapes  {ending}", flush=True)
            if text:
                print("    " + text.replace("\n", "\n    "), flush=True)
            failed, equal = failed + (code not in (0, OTHER_BITS)), equal + (code == 0)
    print(f"{len(cases) - failed} of {len(cases)} cases hold, {equal} of them bit by bit, {time.time() - start:.0f} s")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
