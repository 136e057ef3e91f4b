"""JAX as comparisons want it, imported before anything computes with it: in 64-bit mode, its programs compiled without
optimisation, since each runs but a few times and takes far longer to compile."""

import os

FLAGS = ("--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false "
         "--xla_cpu_multi_thread_eigen=false")
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {FLAGS}".strip()
os.environ["JAX_ENABLE_X64"] = "1"
