"""Contestants that are timed in turn on one machine, each a process of its own: a Python script that serves requests on its
stdin, one JSON value a line, with answers on its stdout (serve below).

No two run at the same time: after each turn the parent waits until the contestant's threads have stopped spinning.
"""

import argparse
import json
import os
import subprocess
import sys
import time

from memory import PeakMemory
from processes import is_running

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)

# A contestant's fastest round says what it can do undisturbed once its so many fastest ones are this close: rounds that a
# neighbour on the machine slows down differ by more.
SETTLED_ROUNDS, SETTLED_SHARE = 3, 0.03
# Times as many rounds as asked for are taken at most.
MOST_ROUNDS = 5
BATCH_SECONDS, FEWEST_BATCHES = 0.001, 4

# Those of OpenBLAS spin for a number of cycles, 25 ms and on a slow machine more than twice that; of a contestant that has not
# come to rest after so long one goes on to the next.
LONGEST_REST_SECONDS, LOOK_SECONDS = 1, 0.002


def make_parser(description, rounds, threads=True):
    """A benchmark's command line, with the options that all have."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    if threads:
        parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--march", default="native")
    parser.add_argument("--rounds", type=int, default=rounds)
    return parser


def python_of(environment):
    """The Python of build/<environment>: venv (numpy, JAX; of the tests), venv-torch or venv-keras."""
    path = os.path.join(ROOT, "build", environment, "bin", "python")
    if not os.path.exists(path):
        how = "tools/setup --test" if environment == "venv" else f"benchmarks/setup {environment.removeprefix('venv-')}"
        sys.exit(f"no {path}; run {how}")
    return path


def start(environment, script, threads, arguments=(), variables=None):
    """A Python script of this folder, with as many processors as threads, and its stdin and stdout to talk to it."""
    variables = dict(os.environ, CUDA_VISIBLE_DEVICES="", PYTHONPATH=os.path.join(ROOT, "test", "support"), **(variables or {}))
    for library in ("OMP", "OPENBLAS", "MKL"):
        variables[f"{library}_NUM_THREADS"] = str(threads)
    command = [python_of(environment), os.path.join(HERE, script), *map(str, arguments)]
    processors = sorted(os.sched_getaffinity(0))[:threads]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables,
                            preexec_fn=lambda: os.sched_setaffinity(0, processors))


class Contestant:
    def __init__(self, name, environment, script, threads, arguments=()):
        self.name = name
        self._process = start(environment, script, threads, arguments)
        memory = PeakMemory(self._process.pid)
        self.ready = self._answer()
        # Of getting ready, which takes the first steps and whatever is compiled.
        self.peak_memory = memory.stop()
        self._wait_for_rest()

    def ask(self, request):
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        self._wait_for_rest()
        return answer

    def _wait_for_rest(self):
        """Until none of its threads runs or could."""
        end = time.monotonic() + LONGEST_REST_SECONDS
        while is_running(self._process.pid) and time.monotonic() < end:
            time.sleep(LOOK_SECONDS)

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} died")
        return json.loads(line)

    def close(self):
        self._process.stdin.close()
        self._process.wait()


def serve(answer, ready=None):
    """The contestant's side: says that it is ready, then answers requests until there are no more."""
    print(json.dumps(ready), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


def warm_up(call, seconds):
    """Calls for a third of the time, at least once: how many, and the seconds that they took."""
    start, count = time.perf_counter(), 0
    while count == 0 or time.perf_counter() - start < seconds / 3:
        call(1)
        count += 1
    return count, time.perf_counter() - start


def time_calls(call, seconds):
    """Seconds a call, after calls for a third of the time to warm up. `call(count)` calls as often. What a first call that
    takes longer than two turns would gain by another is small beside it: it is the turn's."""
    count, taken = warm_up(call, seconds)
    if count == 1 and taken > 2 * seconds:
        return taken
    count = max(1, round(seconds * count / taken))
    start = time.perf_counter()
    call(count)
    return (time.perf_counter() - start) / count


def time_fastest(call, seconds):
    """Seconds a call in the fastest batch of calls, after calls for a third of the time to warm up: a batch takes a
    millisecond where calls are shorter, so that what interrupts a turn spoils few of them. There are at least FEWEST_BATCHES,
    however long a call takes."""
    count, taken = warm_up(call, seconds)
    size = max(1, round(BATCH_SECONDS * count / taken))
    begin, batches = time.perf_counter(), []
    while len(batches) < FEWEST_BATCHES or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        call(size)
        batches.append((time.perf_counter() - start) / size)
    return min(batches)


def time_fastest_step(step, seconds):
    """Seconds of the fastest of the steps that fit into a turn; of one at least."""
    begin, times = time.perf_counter(), []
    while not times or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return min(times)


def is_settled(times):
    """Whether the fastest rounds agree. `times`: a value a round."""
    fastest = sorted(times)[:SETTLED_ROUNDS]
    return len(fastest) == SETTLED_ROUNDS and fastest[-1] <= (1 + SETTLED_SHARE) * fastest[0]


def serve_steps(step):
    """A contestant that trains: `step()` takes a training step and returns its loss. Says the losses of the first three, and
    when, on the clock of all processes, the first was done; then answers {"seconds": S} with seconds a step, or, where it says
    "fastest" too, with those of the turn's fastest step, which needs a `step()` that returns when all is done."""

    def repeat(count):
        for _ in range(count):
            step()

    losses = [step()]
    first_done = time.monotonic()
    losses += [step() for _ in range(2)]

    def answer(request):
        seconds = request["seconds"]
        return time_fastest_step(step, seconds) if "fastest" in request else time_calls(repeat, seconds)

    serve(answer, {"losses": losses, "first_done": first_done})


def time_in_turn(contestants, rounds, seconds, fastest=False):
    """Seconds a step of contestants that train, by name: one value a round. With `fastest`, those of each turn's fastest step;
    and contestants whose fastest rounds do not agree after so many have more, up to MOST_ROUNDS times as many."""
    times = {contestant.name: [] for contestant in contestants}
    request = {"seconds": seconds} | ({"fastest": True} if fastest else {})
    for done in range(MOST_ROUNDS * rounds if fastest else rounds):
        for contestant in contestants:
            if done < rounds or not is_settled(times[contestant.name]):
                times[contestant.name].append(contestant.ask(request))
    for contestant in contestants:
        contestant.close()
    return times
