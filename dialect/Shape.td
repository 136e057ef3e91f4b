// Layers that only change a sample's shape.
#ifndef NN_SHAPE_TD
#define NN_SHAPE_TD

include "dialect/Layer.td"

class NN_ShapeLayer<string mnemonic>
    : NN_UnaryLayer<mnemonic, ["getIndexBound"],
                    [InferTypeOpAdaptor, DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let results = (outs NN_AnyTensor:$result);
}

def NN_FlattenOp : NN_ShapeLayer<"flatten"> {
  let summary = "Each sample as one row: [batch, ...] → [batch, n]";
  let description = [{
    ```mlir
    %y = nn.flatten %image
    ```
  }];
  let arguments = (ins NN_AnyTensor:$input, NN_Optional<NN_WordAttr>:$name);
}

def NN_ReshapeOp : NN_ShapeLayer<"reshape"> {
  let summary = "Each sample in another shape with as many elements";
  let description = [{
    `shape` leaves out the batch. One dimension may be -1: what is left.

    ```mlir
    %y = nn.reshape %x {shape = [28, -1]}
    ```
  }];
  let arguments = (ins NN_AnyTensor:$input, NN_WholesAttr:$shape, NN_Optional<NN_WordAttr>:$name);
}

#endif
