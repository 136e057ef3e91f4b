"""Claim avx2: claims matmul and peers hold too where only AVX2 is used, by the peers as well where they allow it."""


import os

from report import arguments, finish

import matmul_claim
import peers_claim

MARCH = "x86-64-v3"
# How the peers' libraries are told.
RESTRICTIONS = {"OPENBLAS_CORETYPE": "Haswell", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2",
                "ATEN_CPU_CAPABILITY": "avx2", "XLA_FLAGS": "--xla_cpu_max_isa=AVX2"}


def holds(claim):
    try:
        claim.main(MARCH)
    except SystemExit as end:
        return end.code == 0


if __name__ == "__main__":
    arguments(__doc__)
    os.environ.update(RESTRICTIONS)
    results = {name: holds(claim) for name, claim in (("matmul", matmul_claim), ("peers", peers_claim))}
    finish(all(results.values()), ", ".join(f"{name} {'holds' if result else 'fails'}" for name, result in results.items()))
