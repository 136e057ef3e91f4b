"""A run of check.py: the archive, the machine, the time that is left, the two sides that are compared, where results go."""

import ctypes
import datetime
import glob
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import time

from worker import Worker

# Processors left to the peers, which compile at the same time.
SPARE_PROCESSORS = 4


class Side:
    """Where programs of a kind run: on the GPU ("device", and a network's variants, which do products otherwise) or on the
    CPU ("cpu")."""

    def __init__(self, name, worker, kind, threads):
        self.name, self.worker, self.kind, self.threads = name, worker, kind, threads

    def of(self, kind):
        """The same worker with programs of another kind."""
        return Side(f"{self.name}, {kind}", self.worker, kind, self.threads)

    def program(self, network):
        if not network.get(self.kind):
            raise LookupError(network.get("refused", f"there is no {self.kind} program"))
        return network[self.kind]

    def ask(self, timeout, network, **request):
        return self.worker.ask(timeout, program=self.program(network), threads=self.threads, **request)


def find_gpu():
    """(what the CUDA driver says of its first device, None), or (None, why there is none)."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        return None, f"there is no CUDA driver ({error})"
    count, version, name = ctypes.c_int(), ctypes.c_int(), ctypes.create_string_buffer(256)
    if status := driver.cuInit(0):
        return None, f"cuInit failed with error {status}"
    driver.cuDriverGetVersion(ctypes.byref(version))
    driver.cuDeviceGetCount(ctypes.byref(count))
    if count.value == 0:
        return None, "the CUDA driver knows no device"
    driver.cuDeviceGetName(name, len(name), 0)
    return {"name": name.value.decode(), "cuda": f"{version.value // 1000}.{version.value % 1000 // 10}"}, None


def processor_name():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def find_cublaslt():
    """The path of cuBLASLt's library in a package of this Python, such as PyTorch comes with; None where the loader finds
    one by itself, or there is none."""
    names = ("libcublasLt.so.13", "libcublasLt.so.12")
    for name in names:
        try:
            ctypes.CDLL(name)
            return None
        except OSError:
            pass
    found = (path for name in names for folder in sys.path for path in glob.glob(f"{folder}/nvidia/*/lib/{name}"))
    return next(found, None)


class Run:
    def __init__(self, root, options, scratch):
        self.root, self.options, self.scratch = root, options, scratch
        self._start = time.monotonic()
        self._output = open(os.path.join(options.out, "output.txt"), "w")
        with open(os.path.join(root, "manifest.json")) as file:
            self.manifest = json.load(file)
        names = [name for name in options.networks.split(",") if name]
        self.networks = [self._located(network) for network in self.manifest["networks"]
                         if network["name"] in names or not names]
        if unknown := set(names) - {network["name"] for network in self.networks}:
            raise SystemExit(f"the archive has no network {', '.join(sorted(unknown))}; manifest.json lists what it has")
        self.verdicts, self.results = {}, {}
        self.gpu, self.no_gpu = find_gpu()
        if self.gpu and not any(network.get("device") for network in self.networks):
            self.gpu, self.no_gpu = None, "the archive has no program for one"
        if self.gpu and "NNC_CUBLASLT" not in os.environ and (library := find_cublaslt()):
            os.environ["NNC_CUBLASLT"] = library  # for all that is started from here
        processors = len(os.sched_getaffinity(0))
        threads = options.threads or (processors - SPARE_PROCESSORS if processors > 2 * SPARE_PROCESSORS else processors)
        cpu = Side(f"CPU, {threads} threads", self.worker("nnc on the CPU", "work_nnc.py"), "cpu", threads)
        if self.gpu:
            self.first = Side("GPU", self.worker("nnc on the GPU", "work_nnc.py"), "device", threads)
            self.second = cpu
        else:
            self.first = cpu
            self.second = Side("CPU, 1 thread", self.worker("nnc on one thread", "work_nnc.py"), "cpu", 1)
        self.cpu = cpu
        # Of one request. A GPU's that takes longer hangs; few processors take their time.
        self.timeout = 60 if self.gpu else 300

    def _located(self, network):
        """With paths of this machine."""
        keys = ("device", "cpu", "data", *network.get("variants", ()))
        return network | {key: os.path.join(self.root, network[key]) for key in keys if network.get(key)}

    def worker(self, name, script, **variables):
        paths = [os.path.join(self.root, folder) for folder in ("test/support", "benchmarks")]
        paths += filter(None, [os.environ.get("PYTHONPATH")])
        return Worker(name, script, os.path.join(self.options.out, "workers.log"),
                      {"PYTHONPATH": os.pathsep.join(paths), "NNC_RUNTIME": os.path.join(self.root, "lib", "libnnc.so"),
                       "PYTHONDONTWRITEBYTECODE": "1"} | variables)

    def elapsed(self):
        return time.monotonic() - self._start

    def left(self):
        """Seconds of the run's."""
        return self.options.seconds - self.elapsed()

    def say(self, text):
        print(text, flush=True)
        self.log(text)

    def log(self, text):
        self._output.write(text + "\n")
        self._output.flush()

    def record(self, section, name, values):
        self.results.setdefault(section, {})[name] = values

    def broken(self, section, name):
        """Why a network could not be compared at all, in the sections after that: each failure of a GPU takes its time."""
        figures = self.results.get("agreement", {}).get(name, {})
        if section == "agreement" or "error" not in figures:
            return None
        return f"agreement failed: {figures['error'].splitlines()[0]}"

    def introduce(self):
        packed = self.manifest
        versions = {name: "installed" if importlib.util.find_spec(name) else "not installed" for name in ("torch", "jax")}
        self.machine = {
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"), "gpu": self.gpu,
            "no_gpu": self.no_gpu, "processor": processor_name(), "processors": len(os.sched_getaffinity(0)),
            "system": platform.platform(), "python": platform.python_version(), **versions}
        if smi := shutil.which("nvidia-smi"):
            query = "name,driver_version,memory.total,clocks.max.sm,clocks.max.mem,power.limit"
            try:
                self.machine["nvidia-smi"] = subprocess.run([smi, f"--query-gpu={query}", "--format=csv"], timeout=30,
                                                            capture_output=True, text=True).stdout.strip()
            except (OSError, subprocess.TimeoutExpired) as error:
                self.machine["nvidia-smi"] = str(error)
        self.say(f"{packed['compiler']}, commit {packed['commit']}, for {packed['device_target'] or 'the CPU alone'}; "
                 f"{len(self.networks)} networks")
        for name, value in self.machine.items():
            if value:
                self.say(f"{name}: {value}")
        self.say(f"compared: {self.first.name} against {self.second.name}")

    def nnc_run(self, *arguments, timeout, before=()):
        """The finished process, its output as text."""
        library_path = os.pathsep.join(filter(None, [os.path.join(self.root, "lib"), os.environ.get("LD_LIBRARY_PATH")]))
        return subprocess.run([*before, os.path.join(self.root, "bin", "nnc-run"), *arguments], capture_output=True, text=True,
                              timeout=timeout, env=dict(os.environ, LD_LIBRARY_PATH=library_path))

    def write(self):
        """What there is until now: a run that is cut off leaves it."""
        with open(os.path.join(self.options.out, "results.json"), "w") as file:
            json.dump({"machine": self.machine, "commit": self.manifest["commit"], "verdicts": self.verdicts,
                       "seconds": self.elapsed(), **self.results}, file, indent=1)

    def close(self):
        for side in (self.first, self.second):
            side.worker.close()
        if contest := getattr(self, "contest", None):
            contest.close()
