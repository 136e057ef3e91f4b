// The embedding layer.
#ifndef NN_EMBEDDING_TD
#define NN_EMBEDDING_TD

include "dialect/Layer.td"

def NN_EmbeddingOp
    : NN_ParametricLayer<"embedding", ["getIndexBound"],
                         [InferTypeOpAdaptor, DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "Rows of a table, by index";
  let description = [{
    Replaces each index by a row of the parameter `embeddings` [vocab, dim]: [batch, ...] → [batch, ..., dim], as Keras'
    Embedding does. The runtime refuses indices outside [0, vocab).

    ```mlir
    %e = nn.embedding %tokens {vocab = 10000, dim = 128}
    ```
  }];
  let arguments = (ins NN_IndexTensor:$input, Variadic<NN_FloatTensor>:$params, NN_PositiveAttr:$vocab,
                       NN_PositiveAttr:$dim, OptionalAttr<NN_InitializerAttr>:$embeddings_initializer,
                       OptionalAttr<NN_RegularizerAttr>:$embeddings_regularizer,
                       DefaultValuedAttr<NN_FlagAttr, "true">:$trainable, OptionalAttr<NN_WordAttr>:$name);
  let results = (outs NN_FloatTensor:$result);
}

#endif
