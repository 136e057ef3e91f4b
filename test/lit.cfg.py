# How lit runs our tests: `lit build/release/test`. On PATH: nnc-opt, nnc-run, FileCheck, not, split-file.
# Substitutions: %python (with numpy, and jax where the test says REQUIRES: jax), %runtime_python (the same, into which
# nnc's runtime can be loaded), %keras_python (REQUIRES: keras), %src (the repository), %build, %clang, %lld.
import glob
import os
import shutil
import subprocess

import lit.formats

config.name = "nnc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "support", "lib"]
config.test_source_root = os.path.join(config.nnc_source_dir, "test")
config.test_exec_root = os.path.join(config.nnc_build_dir, "test")

path = [os.path.join(config.nnc_build_dir, "bin"), config.llvm_bin, os.environ.get("PATH", "")]
config.environment["PATH"] = os.pathsep.join(path)
# Programs compiled by tests stay out of the user's cache and find no settings of the user's.
config.environment["XDG_CACHE_HOME"] = os.path.join(config.test_exec_root, "cache")
config.environment["NO_COLOR"] = "1"
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"
config.environment["PYTHONPATH"] = os.path.join(config.test_source_root, "support")
config.environment["NNC_BUILD"] = config.nnc_build_dir
if config.nnc_sanitizers:
    # The packaged libraries poison their own allocators' memory, which ASan would report.
    config.environment["ASAN_OPTIONS"] = "allow_user_poisoning=0:detect_leaks=0"


def find_python():
    """The Python with the tests' packages: $NNC_PYTHON, else the one tools/setup --test makes, else the system's."""
    candidates = [os.environ.get("NNC_PYTHON"), os.path.join(config.nnc_source_dir, "build/venv/bin/python")]
    for candidate in candidates:
        if candidate and os.path.exists(candidate):
            return candidate
    return shutil.which("python3")


def python_modules(python, names):
    code = "import importlib.util as u,sys; print(*[n for n in sys.argv[1:] if u.find_spec(n)])"
    return subprocess.run([python, "-c", code, *names], capture_output=True, text=True).stdout.split()


python = find_python()
config.available_features.update(python_modules(python, ["h5py", "numpy", "jax", "safetensors"]))
keras_python = os.path.join(config.nnc_source_dir, "build/venv-keras/bin/python")
if os.path.exists(keras_python):
    config.available_features.add("keras")
if os.path.exists("/proc/cpuinfo"):
    with open("/proc/cpuinfo") as cpuinfo:
        flags = cpuinfo.read().split()
    config.available_features.update({"avx2", "avx512f"} & set(flags))
if shutil.which("chromium"):
    config.available_features.add("chromium")
# NVIDIA's assembler, where codegen/gpu/DeviceImage.cpp looks for it.
cuda_folders = [os.path.join(os.environ[name], "bin") for name in ("CUDA_HOME", "CUDA_PATH") if name in os.environ]
cuda_folders += ["/usr/local/cuda/bin", os.path.join(config.nnc_source_dir, "build/cuda/nvidia/cu13/bin")]
cuda_path = os.pathsep.join([os.environ.get("PATH", ""), *cuda_folders])
if all(shutil.which(tool, path=cuda_path) for tool in ("ptxas", "fatbinary")):
    config.available_features.add("ptxas")
for tool in ("nnc-opt", "nnc-run"):
    if os.path.exists(os.path.join(config.nnc_build_dir, "bin", tool)):
        config.available_features.add(tool)

config.substitutions += [
    ("%keras_python", keras_python),
    ("%python", python),
    ("%runtime_python", f"env LD_PRELOAD={config.nnc_sanitizers} {python}" if config.nnc_sanitizers else python),
    ("%src", config.nnc_source_dir),
    ("%build", config.nnc_build_dir),
    ("%clang", os.path.join(config.llvm_bin, "clang")),
    ("%lld", os.path.join(config.llvm_bin, "ld.lld")),
]
