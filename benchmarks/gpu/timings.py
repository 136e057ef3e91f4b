"""The timings of check.py: training steps of nnc in turn with PyTorch's and JAX's. All start from nnc's weights and must
come to the same loss; all get their batch from host memory in each step. nnc's step hands back its loss, so the peers' losses
are read in each step too; a second figure has theirs waited for only once a turn, which lets their launches run ahead."""

import importlib.util
import os
import statistics
import subprocess
import threading

from worker import WorkerFailure

FIRST_TOLERANCE, LATER_TOLERANCE = 1e-4, 1e-2  # of the first loss, of the two after it: Adam's form is each framework's own
TF32_TOLERANCE = 1e-2
PREPARING = 150  # seconds a request may take that compiles
# The part of the time after which nothing more is prepared, and seconds after that for what has been begun.
PREPARED_BY, GRACE = 0.4, 30
SHOWN_KERNELS, SHOWN_LINES = 12, 30  # of a network: in a profile of PyTorch, lines of one of nnc-run
PROFILED_STEPS = 20
# nnc's variants whose f32 products cuBLASLt does: those that it is estimated to do faster, and all.
OF_LIBRARY = ("cublaslt", "cublaslt-all")


class Contestant:
    """What is timed: a worker, and what it is asked with."""

    def __init__(self, name, worker, **arguments):
        self.name, self.worker, self.arguments = name, worker, arguments
        self.losses, self.failed = {}, {}  # by network

    def prepare(self, timeout, network, **more):
        try:
            answer = self.worker.ask(timeout, do="prepare", network=network, **self.arguments, **more)
            self.losses[network] = answer["losses"]
        except WorkerFailure as failure:
            self.failed[network] = str(failure)

    def time(self, network, seconds, read):
        return self.worker.ask(20 + 20 * seconds, do="time", network=network, seconds=seconds, read=read,
                               **self.arguments)["seconds"]

    def drop(self, network):
        try:
            self.worker.ask(20, do="drop", network=network, **self.arguments)
        except WorkerFailure:
            pass  # It is gone with its process.


class Contest:
    def __init__(self, run):
        self.networks = [network for network in run.networks if network.get("timed")]
        self.weights = {}
        self.peers = []
        for module, script, modes in (("torch", "work_torch.py", {"torch eager": "eager", "torch.compile": "compiled",
                                                                  "torch graph": "graph"}),
                                      ("jax", "work_jax.py", {"jax": None})):
            if not importlib.util.find_spec(module):
                run.say(f"{module} is not installed: it is not timed")
                continue
            for name, mode in modes.items():
                if mode == "graph" and not run.gpu:
                    continue
                worker = run.worker(name, script, XLA_PYTHON_CLIENT_PREALLOCATE="false",
                                    TORCHINDUCTOR_COMPILE_THREADS="2")
                self.peers.append(Contestant(name, worker, **({"mode": mode} if mode else {})))
        for network in self.networks:
            self.weights[network["name"]] = os.path.join(run.scratch, f"weights-{len(self.weights)}.npz")
            run.cpu.ask(60, network, do="weights", path=self.weights[network["name"]])
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._prepare, args=(peer,), daemon=True) for peer in self.peers]
        for thread in self._threads:
            thread.start()

    def _prepare(self, peer):
        """On a thread of its own: has a peer compile for one network after the other."""
        for network in self.networks:
            if self._stop.is_set():
                return
            peer.prepare(PREPARING, network["name"], weights=self.weights[network["name"]])

    def wait(self, run):
        """Until the peers have prepared all, or their time is up; nothing of theirs runs after that."""
        until = PREPARED_BY * run.options.seconds
        while any(thread.is_alive() for thread in self._threads) and run.elapsed() < until:
            self._threads[[thread.is_alive() for thread in self._threads].index(True)].join(1)
        self._stop.set()
        for peer, thread in zip(self.peers, self._threads):
            thread.join(max(0, until + GRACE - run.elapsed()))
            if thread.is_alive():
                run.say(f"{peer.name} was still compiling after {run.elapsed():.0f} s, and is out")
                peer.worker.close()
                thread.join()
                peer.losses.clear()

    def close(self):
        self._stop.set()
        for peer in self.peers:
            peer.worker.close()


def begin(run):
    """Has the peers compile while the other sections run."""
    run.contest = Contest(run)


def agrees(losses, own, tolerance):
    errors = [abs(a - b) / abs(b) for a, b in zip(losses, own)]
    return errors[0] <= tolerance and max(errors) <= LATER_TOLERANCE


def measure(contestants, network, rounds, turn, read):
    """Seconds a step by contestant, a value a round; the contestants take turns."""
    times = {contestant.name: [] for contestant in contestants}
    for _ in range(rounds):
        for contestant in contestants:
            if times[contestant.name] is None:
                continue
            try:
                times[contestant.name].append(contestant.time(network, turn, read))
            except WorkerFailure as failure:
                contestant.failed[network], times[contestant.name] = str(failure), None
    return {name: values for name, values in times.items() if values}


def share_of_roofline(run, network, seconds):
    """The least time that this machine's copying and multiplying allow, of the time that was taken."""
    machine, cost = run.results.get("machine_peak", {}).get("torch"), network.get("cost")
    if not machine or not cost:
        return None
    return max(cost["bytes"] / machine["bytes_per_second"], 2 * cost["multiply_adds"] / machine["flops"]) / seconds


def time_network(run, network, own, peers, tolerance, beside=()):
    """Prints a network's table; the figures, or None where nnc has none. False among them: a peer computes something else.
    `own`: nnc; `beside`: more of ours, which do products otherwise and are timed whatever losses they come to."""
    name = network["name"]
    if why := run.broken("timings", name):
        run.say(f"{name}: {why}")
        return None
    for contestant in (own, *beside):
        contestant.prepare(run.timeout, name)
    if name in own.failed:
        run.say(f"{name}: nnc: {own.failed[name]}")
        return None
    taking, agreed = [], True
    for contestant in beside:
        if name in contestant.failed:
            run.say(f"{name}: {contestant.name}: {contestant.failed[name]}")
    for peer in peers:
        if name not in peer.losses:
            run.say(f"{name}: {peer.name} is not timed: {peer.failed.get(name, 'it was not prepared in time')}")
        elif not agrees(peer.losses[name], own.losses[name], tolerance):
            agreed = False
            run.say(f"{name}: {peer.name} is not timed: it computes other losses, {peer.losses[name]} against "
                    f"{own.losses[name]}")
        else:
            taking.append(peer)
    turn, rounds = run.options.turn, run.options.rounds
    prepared = [contestant for contestant in beside if name not in contestant.failed]
    read = measure([own, *prepared, *taking], name, rounds, turn, True)
    ahead = measure([peer for peer in taking if peer.name in read], name, rounds, turn, False)
    for contestant in (own, *beside):
        contestant.drop(name)
    if own.name not in read:
        run.say(f"{name}: nnc: {own.failed[name]}")
        return None
    ours = statistics.median(read[own.name])
    run.say(f"{name:<32}{'min ms':>9}{'median ms':>11}{'nnc / it':>10}{'read once a turn: median ms':>30}{'nnc / it':>10}")
    for contestant, values in read.items():
        median = statistics.median(values)
        line = f"{contestant:<32}{1e3 * min(values):>9.3f}{1e3 * median:>11.3f}{ours / median:>10.2f}"
        if contestant in ahead:
            line += f"{1e3 * statistics.median(ahead[contestant]):>30.3f}{ours / statistics.median(ahead[contestant]):>10.2f}"
        run.say(line)
    for peer in taking:
        if name in peer.failed:
            run.say(f"{name}: {peer.name}: {peer.failed[name]}")
    figures = {"read": read, "ahead": ahead, "agreed": agreed,
               "losses": {contestant.name: contestant.losses.get(name) for contestant in (own, *beside, *peers)},
               "roofline": share_of_roofline(run, network, min(read[own.name])) if own.name == "nnc" else None}
    if figures["roofline"]:
        run.say(f"nnc at its best reaches {figures['roofline']:.0%} of the roofline")
    return figures


def measure_machine(run, contest):
    for peer in contest.peers:
        if peer.arguments.get("mode") == "eager":
            try:
                machine = peer.worker.ask(60, do="machine")
            except WorkerFailure as failure:
                run.say(f"the machine's peaks: {failure}")
                return
            run.record("machine_peak", "torch", machine)
            run.say(f"{machine['device']}, by torch {machine['torch']}: copies {machine['bytes_per_second'] / 1e9:.0f} GB/s "
                    f"read and written; an f32 product without TF32 {machine['flops'] / 1e12:.1f} TFLOP/s")


def our(side, network, name="nnc"):
    """nnc's contestant with the program that a side has of a network."""
    return Contestant(name, side.worker, program=side.program(network), threads=side.threads)


def our_variants(run, network, *variants):
    """The same with those of its variants that the network has."""
    return [our(run.first.of(variant), network, f"nnc {variant}") for variant in variants
            if variant in network.get("variants", ()) and run.gpu]


def time_all(run, section, peers, tolerance):
    """Whether every peer that was timed computes what nnc does, and every network could be timed."""
    held = None
    for network in run.contest.networks:
        name = network["name"]
        # Turns, a third of each for warming up, and what lies between them.
        beside = our_variants(run, network, *OF_LIBRARY)
        expected = run.options.rounds * (2 * len(peers) + len(beside) + 1) * (1.4 * run.options.turn + 0.02)
        if run.left() < expected:
            run.say(f"{name}: skipped, no time")
            continue
        try:
            figures = time_network(run, network, our(run.first, network), peers, tolerance, beside)
        except LookupError as missing:
            run.say(f"{name}: {missing}")
            figures = None
        held = held is not False and figures is not None and figures["agreed"]
        if figures:
            run.record(section, name, figures)
            run.write()
    return held


def timings(run):
    if not hasattr(run, "contest"):
        begin(run)
    run.contest.wait(run)
    run.say(f"prepared after {run.elapsed():.0f} s")
    measure_machine(run, run.contest)
    return time_all(run, "timings", run.contest.peers, FIRST_TOLERANCE)


def tf32(run):
    """Peers with TF32 on beside nnc's programs of tf32 and bf16."""
    if not hasattr(run, "contest"):
        begin(run)
    peers = []
    run.contest.wait(run)
    for peer in run.contest.peers:
        if peer.arguments.get("mode") != "compiled":
            peers.append(Contestant(f"{peer.name} tf32", peer.worker, **peer.arguments, tf32=True))
    # As many as can be timed in what is left; each is prepared just before.
    held = None
    for network in run.contest.networks:
        if run.left() < 30:
            run.say(f"{network['name']}: skipped, no time")
            continue
        for peer in peers:
            peer.prepare(min(60, run.left()), network["name"], weights=run.contest.weights[network["name"]])
        try:
            own = our(run.first.of("tf32"), network, "nnc tf32")
        except LookupError as missing:
            run.say(f"{network['name']}: {missing}")
            continue
        beside = our_variants(run, network, "bf16", "tf32-cublaslt")
        figures = time_network(run, network, own, peers, TF32_TOLERANCE, beside)
        held = held is not False and figures is not None and figures["agreed"]
        if figures:
            run.record("tf32", network["name"], figures)
    return held


def print_profile(run, network, kind="device"):
    """nnc-run's own table of a training step's launches; whether it made one."""
    title = network["name"] if kind == "device" else f"{network['name']}, {kind}"
    try:
        process = run.nnc_run("train", network[kind], "--data", network["data"], "--epochs", "1", "--seed", "1",
                              "--progress", "none", "--profile", timeout=max(1, min(60, run.left())))
    except subprocess.TimeoutExpired:
        run.say(f"{title}: nnc-run --profile was not done within its time")
        return False
    said = (process.stdout + process.stderr).strip().splitlines()
    run.record("profile", title, {"status": process.returncode, "output": said})
    run.say(f"{title}: nnc-run train --profile"
            + (f" left with {process.returncode}" if process.returncode else ""))
    for line in said[:SHOWN_LINES]:
        run.say(f"    {line[:160]}")
    return process.returncode == 0


def print_kernels(run, network, worker):
    """The same by PyTorch's profiler, copies among it; whether it saw any."""
    try:
        found = worker.ask(min(60, run.left()), do="kernels", network=network["name"], program=network["device"],
                           steps=PROFILED_STEPS)["kernels"]
    except WorkerFailure as failure:
        run.say(f"{network['name']}: {failure}")
        return False
    run.record("kernels", network["name"], found)
    total, runs = (sum(kernel[key] for kernel in found) for key in ("microseconds", "runs"))
    run.say(f"{network['name']}: {total:.1f} µs a step on the device, in {runs:.0f} kernels and copies")
    for kernel in found[:SHOWN_KERNELS]:
        spent = kernel["microseconds"]
        run.say(f"    {spent:>10.1f} µs {spent / total:>5.0%}{kernel['runs']:>8.1f} x  {kernel['name'][:90]}")
    return True


def kernels(run):
    networks = [network for network in run.networks if network.get("timed") and network.get("device")]
    if not run.gpu or not networks:
        run.say("there is no GPU" if not run.gpu else "no network that is timed was chosen")
        return None
    has_torch = importlib.util.find_spec("torch")
    if not has_torch:
        run.say("torch is not installed: its profiler is not asked")
    worker = run.worker("kernels", "work_kernels.py", TEARDOWN_CUPTI="0")  # CUDA graphs do not outlive it
    held = None
    try:
        for network in networks:
            if run.left() < 20:
                run.say(f"{network['name']}: skipped, no time")
            elif why := run.broken("kernels", network["name"]):
                run.say(f"{network['name']}: {why}")
            else:
                # Where the library does all products, each one's time says whether it is the faster.
                kinds = [kind for kind in ("device", "cublaslt-all") if network.get(kind)]
                shown = [print_profile(run, network, kind) for kind in kinds]
                shown.append(bool(has_torch) and print_kernels(run, network, worker))
                held = True if any(shown) else held
    finally:
        worker.close()
    return held


def summarize(run):
    """One line a network: nnc beside the fastest peer; again with cuBLASLt, and of what was timed with TF32."""
    for section, own in (("timings", "nnc"), *(("timings", f"nnc {variant}") for variant in OF_LIBRARY), ("tf32", "nnc tf32"),
                         ("tf32", "nnc tf32-cublaslt")):
        if rows := {name: row for name, row in run.results.get(section, {}).items() if own in row["read"]}:
            summarize_section(run, section, own, rows)


def summarize_section(run, section, own, rows):
    run.say(f"{section}, {own}:")
    run.say(f"{'network':<32}{'nnc ms':>9}{'on device':>11}{'roofline':>10}  {'fastest peer':<16}{'ms':>9}{'ratio':>7}"
            f"  {'read once a turn':<16}{'ms':>9}{'ratio':>7}")
    ratios = {"read": [], "ahead": []}
    for name, figures in rows.items():
        ours = statistics.median(figures["read"][own])
        device = sum(kernel["microseconds"] for kernel in run.results.get("kernels", {}).get(name, []))
        # What is known of nnc's f32 programs alone.
        on_device = f"{device / 1e3:.3f}" if device and own == "nnc" else "-"
        roofline = f"{figures['roofline']:.0%}" if figures["roofline"] and own == "nnc" else "-"
        line = f"{name:<32}{1e3 * ours:>9.3f}{on_device:>11}{roofline:>10}"
        for kind, kept in ratios.items():
            peers = {peer: statistics.median(values) for peer, values in figures[kind].items()
                     if not peer.startswith("nnc")}
            if peers:
                fastest = min(peers, key=peers.get)
                kept.append(ours / peers[fastest])
                line += f"  {fastest:<16}{1e3 * peers[fastest]:>9.3f}{kept[-1]:>7.2f}"
        run.say(line)
    for kind, kept in ratios.items():
        if kept:
            words = "its loss read in each step" if kind == "read" else "its losses waited for once a turn"
            run.say(f"{own} / fastest peer, {words}: geometric mean {statistics.geometric_mean(kept):.2f}, greatest "
                    f"{max(kept):.2f}")
    run.record("summary", section if own in ("nnc", "nnc tf32") else f"{section}, {own}", ratios)
