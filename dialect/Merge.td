// Layers that make one tensor of several.
#ifndef NN_MERGE_TD
#define NN_MERGE_TD

include "dialect/Layer.td"

class NN_MergeLayer<string mnemonic, list<string> layerMethods = []>
    : NN_Function<mnemonic, layerMethods,
                  [InferTypeOpAdaptor, DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let assemblyFormat = [{
    $inputs `` custom<OperandTypes>(ref($inputs), type($inputs)) ``
    custom<LayerAttributes>(attr-dict, "getOperationName()", "::mlir::nn::verifyAttributes<Adaptor>")
  }];
}

def NN_AddOp : NN_MergeLayer<"add"> {
  let summary = "The sum of two or more tensors of one shape";
  let description = [{
    ```mlir
    // %shortcut: tensor<?x784xf32>
    %y = nn.add %x, %shortcut
    ```
  }];
  let arguments = (ins Variadic<NN_FloatTensor>:$inputs, NN_Optional<NN_WordAttr>:$name);
  let results = (outs NN_FloatTensor:$result);
}

def NN_ConcatOp : NN_MergeLayer<"concat", ["getIndexBound"]> {
  let summary = "Tensors one after the other along a dimension";
  let description = [{
    Shapes agree but for the dimension `axis`, by default the last (-1). Axis 0, the batch, is not allowed.

    ```mlir
    // %a: tensor<?x8x3xf32>
    // %b: tensor<?x4x3xf32>
    %y = nn.concat %a, %b {axis = 1}
    ```
  }];
  let arguments = (ins Variadic<NN_AnyTensor>:$inputs, NN_Default<NN_WholeAttr, "-1">:$axis,
                       NN_Optional<NN_WordAttr>:$name);
  let results = (outs NN_AnyTensor:$result);
}

#endif
