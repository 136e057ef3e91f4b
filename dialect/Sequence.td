// Masks that tell the steps of a sequence from its padding.
#ifndef NN_SEQUENCE_TD
#define NN_SEQUENCE_TD

include "dialect/Layer.td"

def NN_PaddingMaskOp : NN_UnaryLayer<"padding_mask", [], [InferTypeOpAdaptor]> {
  let summary = "1 where a token is none of padding, else 0";
  let description = [{
    Of integers [batch, time], by default those that are not 0, which is what nnc's vocabularies pad with; Keras'
    Embedding makes it with mask_zero.

    ```mlir
    // %tokens: tensor<?x64xi32>
    %mask = nn.padding_mask %tokens {padding = 0}
    ```
  }];
  let arguments = (ins NN_IndexTensor:$input, NN_Default<NN_WholeAttr, "0">:$padding,
                       NN_Optional<NN_WordAttr>:$name);
  let results = (outs NN_IndexTensor:$result);
}

def NN_SequenceMaskOp : NN_UnaryLayer<"sequence_mask", [], [InferTypeOpAdaptor]> {
  let summary = "1 for the first steps of a sample, as many as its length, else 0";
  let description = [{
    Of lengths [batch] it makes [batch, maxlen], as TensorFlow's sequence_mask does.

    ```mlir
    // %lengths: tensor<?xi32>
    %mask = nn.sequence_mask %lengths {maxlen = 64}
    ```
  }];
  let arguments = (ins NN_IndexTensor:$input, NN_PositiveAttr:$maxlen, NN_Optional<NN_WordAttr>:$name);
  let results = (outs NN_IndexTensor:$result);
}

#endif
