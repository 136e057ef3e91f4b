"""Links compiled programs with nnc's runtime into a shared object that Python can call."""

import os

from nnc_program import BUILD_DIR, SOURCE_DIR, run_tool


def link_with_runtime(library, *inputs):
    """Writes `library` from objects and C++ sources, which find the runtime's headers."""
    run_tool("clang++", "-std=c++20", "-O1", "-fPIC", "-shared", "-pthread", "-fuse-ld=lld",
             f"-I{SOURCE_DIR}/runtime", f"-I{SOURCE_DIR}/runtime/include", *inputs, "-o", library, "-Wl,--whole-archive",
             os.path.join(BUILD_DIR, "lib", "libnnc_runtime.a"), "-Wl,--no-whole-archive", "-lz", "-lcsv", "-lutf8proc",
             "-ldl")
