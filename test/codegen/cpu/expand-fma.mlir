// RUN: nnc-opt %s --nn-expand-fma=march=x86-64 | FileCheck %s
// RUN: nnc-opt %s --nn-expand-fma=march=x86-64-v3 | FileCheck %s --check-prefix=FMA
// RUN: nnc-opt %s --nn-expand-fma=march=cortex-a72 | FileCheck %s --check-prefix=FMA
// RUN: not nnc-opt %s --nn-expand-fma=march=pdp11 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// UNKNOWN: --march takes native or a processor of x86-64 or AArch64 that LLVM knows ({{.*}}), not 'pdp11'

// CHECK-LABEL: func @fma
// CHECK: %[[product:.*]] = arith.mulf %arg0, %arg1
// CHECK: arith.addf %[[product]], %arg2
// FMA: math.fma
func.func @fma(%a: vector<4xf32>, %b: vector<4xf32>, %c: vector<4xf32>) -> vector<4xf32> {
  %r = math.fma %a, %b, %c : vector<4xf32>
  return %r : vector<4xf32>
}
