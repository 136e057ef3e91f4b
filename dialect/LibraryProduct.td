// A matrix product that a library of the device's vendor can do.
#ifndef NN_LIBRARYPRODUCT_TD
#define NN_LIBRARYPRODUCT_TD

include "dialect/NNDialect.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def NN_LibraryProductOp : NN_Op<"library_product"> {
  let opDocGroup = NN_CompilerGroup;
  let summary = "What a launch computes, as a matrix product for cuBLASLt";
  let description = [{
    Made by `--nn-map-to-gpu` at the start of a launch: where cuBLASLt is there when the program runs, it does what the
    launch's own code does elsewhere. `a` is [batches, rows, terms], `b` [batches, terms, columns], `d` [batches, rows,
    columns]: d = a * b, or with `accumulate` d + a * b; to which `bias`, of the columns, is added, where there is one;
    with `relu`, of which what is above zero is taken. All have elements of f32 or of f64. Columns of `d` and of `bias`
    lie side by side; of `a` and `b`, the elements along one of the last two dimensions. `workspace` is the library's.

    ```mlir
    // %a: memref<1x32x784xf32>
    // %b: memref<1x784x512xf32>
    // %bias: memref<512xf32>
    // %d: memref<1x32x512xf32>
    // %w: memref<33554432xi8>
    nn.library_product %a, %b into %d workspace %w bias(%bias) {relu}
        : memref<1x32x784xf32>, memref<1x784x512xf32>, memref<1x32x512xf32>, memref<33554432xi8>, memref<512xf32>
    ```
  }];
  let arguments = (ins Arg<AnyMemRef, "the first factor", [MemRead]>:$a,
                       Arg<AnyMemRef, "the second factor", [MemRead]>:$b,
                       Arg<AnyMemRef, "the result", [MemRead, MemWrite]>:$d,
                       Arg<AnyMemRef, "bytes that hold nothing before and after", [MemRead, MemWrite]>:$workspace,
                       Arg<Variadic<AnyMemRef>, "what each row is added to", [MemRead]>:$bias,
                       UnitAttr:$accumulate, UnitAttr:$relu);
  let hasVerifier = 1;
  let assemblyFormat = [{
    $a `,` $b `into` $d `workspace` $workspace (`bias` `(` $bias^ `)`)? attr-dict `:` type(operands)
  }];
}

#endif
