"""Claim avx2: claims matmul and peers hold too where only AVX2 is used, by the peers as well where they allow it. --release
takes both at their large size; the small one takes matrix products on two threads, and the corners of 128 units."""

import os

from report import arguments, finish

import matmul_claim
import peers_claim

MARCH = "x86-64-v3"
# How the peers' libraries are told.
RESTRICTIONS = {"OPENBLAS_CORETYPE": "Haswell", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2",
                "ATEN_CPU_CAPABILITY": "avx2", "XLA_FLAGS": "--xla_cpu_max_isa=AVX2"}


def holds(claim, **small):
    try:
        claim.main(MARCH, **({} if arguments(__doc__).release else small))
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code)
        return end.code == 0


def main():
    arguments(__doc__)
    os.environ.update(RESTRICTIONS)
    results = {"matmul": holds(matmul_claim, thread_counts=(2,)),
               "peers": holds(peers_claim, small=["mlp:128", "flagship:64:32:128", "flagship:200:32:128"])}
    finish(all(results.values()), ", ".join(f"{name} {'holds' if result else 'fails'}" for name, result in results.items()))


if __name__ == "__main__":
    main()
