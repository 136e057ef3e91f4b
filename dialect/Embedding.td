// The embedding layer.
#ifndef NN_EMBEDDING_TD
#define NN_EMBEDDING_TD

include "dialect/Layer.td"

def NN_EmbeddingOp
    : NN_ParametricLayer<"embedding", ["getIndexBound"],
                         [InferTypeOpAdaptor, DeclareOpInterfaceMethods<DifferentiableOpInterface>,
                          DeclareOpInterfaceMethods<RowLookupOpInterface>]> {
  let summary = "Rows of a table, by index";
  let description = [{
    Replaces each index by a row of the parameter `embeddings` [vocab, dim]: [batch, ...] → [batch, ..., dim], as Keras'
    Embedding does. The runtime refuses indices outside [0, vocab).

    ```mlir
    %e = nn.embedding %tokens {vocab = 10000, dim = 128}
    ```

    An optimiser updates the whole table in each step: moments decay, and rows with them, whether their index occurs or
    not. With `lazy` it updates only the rows whose index occurs in the batch, to the same numbers as it would
    otherwise; other rows, and the optimiser's slots of them, stay as they are, as with PyTorch's SparseAdam and
    TensorFlow Addons' LazyAdam. A step then takes as long as its batch is large, however many rows there are, so it
    suits large tables.

    ```mlir
    %e = nn.embedding %tokens {vocab = 1000000, dim = 64, lazy}
    ```

    All embeddings that share a table must be lazy, or none; nothing else may read it, and it takes no regulariser, as
    both would have a gradient in every row.
  }];
  let arguments = (ins NN_IndexTensor:$input, Variadic<NN_AddedTensor>:$params, NN_PositiveAttr:$vocab,
                       NN_PositiveAttr:$dim, NN_Initializer<"uniform from -0.05 to 0.05">:$embeddings_initializer,
                       NN_Optional<NN_RegularizerAttr>:$embeddings_regularizer, UnitAttr:$lazy,
                       NN_Default<NN_FlagAttr, "true">:$trainable, NN_Optional<NN_WordAttr>:$name);
  let results = (outs NN_FloatTensor:$result);
  let hasVerifier = 1;
}

#endif
