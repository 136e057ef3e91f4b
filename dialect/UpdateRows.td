// The update of those rows of a parameter that a step has looked up.
#ifndef NN_UPDATEROWS_TD
#define NN_UPDATEROWS_TD

include "dialect/Layer.td"

def NN_UpdateRowsOp : NN_Function<"update_rows", [], [InferTypeOpAdaptor]> {
  let opDocGroup = NN_CompilerGroup;
  let summary = "An optimiser's update of the rows of a parameter that look-ups have read";
  let description = [{
    Made by `--nn-build-entries` of a parameter that lazy layers read. `others` are the parameter's slots, the look-ups'
    indices and their gradients; `batched` has a flag a look-up. Each look-up has the indices of the rows that it
    has read, [...], and the gradient of these rows, [..., row]; an index that is too large stands for the last row. A
    row's gradient is the sum of its gradients in a look-up, in their order, and over look-ups from the last to the
    first. Where a look-up is `batched`, its indices have samples first, and those from `valid` on are padding, which
    looks nothing up. All rows that nothing has looked up stay as they are, in the parameter and in its slots.

    ```mlir
    // %table: tensor<1000x64xf32>
    // %m: tensor<1000x64xf32>
    // %ids: tensor<32x16xi32>
    // %grad: tensor<32x16x64xf32>
    // %lr: f64
    // %t: tensor<i64>
    // %valid: tensor<i64>
    %table1, %m1 = nn.update_rows %table with #nn.sgd<momentum = 0.9> rate %lr step %t valid %valid
        others(%m, %ids, %grad) {batched = array<i1: true>}
        : tensor<1000x64xf32>, f64, tensor<i64>, tensor<i64>, tensor<1000x64xf32>, tensor<32x16xi32>,
          tensor<32x16x64xf32>
    ```

    It becomes a sort of the indices, so that equal ones stand together, and a loop over the rows that occur, whose
    turns touch a row each (`nn.independent_turns`). No step of it goes through the whole parameter.
  }];
  // Not three lists of operands: what tells them apart, AttrSizedOperandSegments, asks for properties.
  let arguments = (ins NN_FloatTensor:$parameter, F64:$learning_rate, NN_I64Scalar:$step, NN_I64Scalar:$valid,
                       Variadic<NN_AnyTensor>:$others, NN_OptimizerAttr:$optimizer, DenseBoolArrayAttr:$batched);
  let results = (outs Variadic<NN_FloatTensor>:$updated);
  let hasVerifier = 1;
  let assemblyFormat = [{
    $parameter `with` $optimizer `rate` $learning_rate `step` $step `valid` $valid `others` `(` $others `)`
    attr-dict `:` type(operands)
  }];
  let extraClassDeclaration = [{
    size_t getNumLookups() { return getBatched().size(); }
    ::mlir::OperandRange getSlots() { return getOthers().drop_back(2 * getNumLookups()); }
    ::mlir::OperandRange getIndices() { return getOthers().take_back(2 * getNumLookups()).drop_back(getNumLookups()); }
    ::mlir::OperandRange getGradients() { return getOthers().take_back(getNumLookups()); }
  }];
}

#endif
