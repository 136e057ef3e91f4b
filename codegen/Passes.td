// The passes of nnc from tensors to machine code, in the order of the pipeline.
#ifndef NN_CODEGEN_PASSES_TD
#define NN_CODEGEN_PASSES_TD

include "mlir/Pass/PassBase.td"

def BindBuffers : Pass<"nn-bind-buffers", "::mlir::func::FuncOp"> {
  let summary = "Give every entry point buffers for its inputs, outputs and variables";
  let description = [{
    Turns an entry point's tensor arguments into memref arguments, and its results into writes: a variable's new value
    goes into the variable's own buffer, an output into a buffer added as a further argument.
  }];
}

#endif
