// Models, steps and variables: the ops a model file is made of, above the layers.
#ifndef NN_STRUCTURE_TD
#define NN_STRUCTURE_TD

include "dialect/Layer.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/OpAsmInterface.td"

class NN_Callable<string mnemonic, list<Trait> traits = []> : NN_Op<mnemonic, traits # [
    IsolatedFromAbove, Symbol, SingleBlock, HasParent<"::mlir::ModuleOp">,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def NN_ModelOp : NN_Callable<"model"> {
  let summary = "A network: layers with implicit parameters";
  let description = [{
    A function of tensors, built of layers. The first dimension of every input and result is the batch, written `?`.
    Calling a model twice shares its parameters.

    ```mlir
    nn.model @classifier(%x: tensor<?x784xf32>) -> tensor<?x10xf32> {
      %h = nn.dense %x {units = 256, activation = relu}
      %y = nn.dense %h {units = 10}
      nn.return %y
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type, StrArrayAttr:$arg_names);
  let regions = (region SizedRegion<1>:$body);
  let extraClassDeclaration = [{
    FunctionType getSignature() { return getFunctionType(); }
  }];
}

def NN_StepOp : NN_Callable<"step"> {
  let summary = "One training step: a loss computed from a batch, and what it updates";
  let description = [{
    Computes a scalar loss from one batch through any number of model calls, and says with `nn.minimize` which
    parameters it updates and how.

    ```mlir
    nn.step @fit(%x: tensor<?x784xf32>, %label: tensor<?xi32>) {
      %logits = nn.call @classifier(%x) : tensor<?x10xf32>
      %loss = nn.sparse_categorical_crossentropy %logits, %label {from_logits}
      %accuracy = nn.accuracy %logits, %label
      nn.metric "accuracy" %accuracy
      nn.minimize %loss over [@classifier] with #nn.sgd<lr = 1.0e-2>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type, StrArrayAttr:$arg_names);
  let regions = (region SizedRegion<1>:$body);
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    FunctionType getSignature() { return getFunctionType(); }
  }];
}

def NN_ReturnOp : NN_Op<"return", [Terminator, Pure, HasParent<"ModelOp">]> {
  let summary = "Ends a model with its results";
  let arguments = (ins Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = "($results^ `` custom<OperandTypes>(ref($results), type($results)))? attr-dict";
}

def NN_EndOp : NN_Op<"end", [Terminator, Pure, HasParent<"StepOp">]> {
  let summary = "Ends a step; implied where it is not written";
  let assemblyFormat = "attr-dict";
}

def NN_CallOp : NN_Op<"call", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Applies a model to inputs";
  let description = [{
    ```mlir
    %y = nn.call @classifier(%x) : tensor<?x10xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<AnyRankedTensor>:$inputs);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $callee `(` ($inputs^ `` custom<OperandTypes>(ref($inputs), type($inputs)))? `)` attr-dict `:` type($results)
  }];
}

def NN_MinimizeOp : NN_Op<"minimize", [HasParent<"StepOp">, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Updates parameters so that the loss falls";
  let description = [{
    Names models whose trainable parameters are updated by the optimiser. Regularisers of these parameters are added to
    the loss.

    ```mlir
    nn.minimize %loss over [@encoder, @head] with #nn.adam<lr = 1.0e-3>
    ```
  }];
  let arguments = (ins NN_Scalar:$loss, TypedArrayAttrBase<FlatSymbolRefAttr, "symbols">:$targets,
                       NN_OptimizerAttr:$optimizer);
  let hasVerifier = 1;
  let assemblyFormat = [{
    $loss `` custom<OperandType>(ref($loss), type($loss)) `over` $targets `with` $optimizer attr-dict
  }];
}

def NN_MetricOp : NN_Op<"metric", [HasParent<"StepOp">]> {
  let summary = "Reports a scalar of the step under a name";
  let description = [{
    The value is a mean over the batch's valid samples; the runtime averages it over the batches of an epoch, each
    weighted by its number of samples.
  }];
  let arguments = (ins StrAttr:$metric_name, NN_Scalar:$value);
  let assemblyFormat = "$metric_name $value `` custom<OperandType>(ref($value), type($value)) attr-dict";
}

def NN_VariableOp : NN_Op<"variable", [Symbol, HasParent<"::mlir::ModuleOp">]> {
  let opDocGroup = NN_CompilerGroup;
  let summary = "A parameter, optimiser slot or counter that outlives a step";
  let description = [{
    Parameters are made by `--nn-materialize-params`, slots and counters by `--nn-build-entries`. A variable's
    name is the dotted path `model.layer.parameter`.

    ```mlir
    nn.variable @classifier.dense.kernel : tensor<784x256xf32> {initializer = #nn.glorot_uniform, trainable}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<AnyRankedTensor>:$type,
                       NN_Optional<NN_InitializerAttr>:$initializer,
                       NN_Optional<NN_RegularizerAttr>:$regularizer,
                       UnitAttr:$trainable, DefaultValuedStrAttr<StrAttr, "parameter">:$role);
  let hasVerifier = 1;
  let assemblyFormat = [{
    $sym_name `:` $type ``
    custom<LayerAttributes>(attr-dict, "getOperationName()", "::mlir::nn::verifyAttributes<Adaptor>")
  }];
  let extraClassDeclaration = [{
    RankedTensorType getTensorType() { return ::llvm::cast<RankedTensorType>(getType()); }
    bool isParameter() { return getRole() == "parameter"; }
  }];
}

def NN_GetVariableOp : NN_Op<"get_variable", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let opDocGroup = NN_CompilerGroup;
  let summary = "The value of a variable";
  let arguments = (ins FlatSymbolRefAttr:$variable);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$variable `:` type($result) attr-dict";
}

def NN_GradientOp : NN_Op<"gradient", [Pure]> {
  let opDocGroup = NN_CompilerGroup;
  let summary = "The gradients of a scalar with respect to values above it";
  let description = [{
    Made by `--nn-build-entries`, expanded by `--nn-differentiate`.

    ```mlir
    // %k: tensor<4x2xf32>
    // %b: tensor<2xf32>
    %dk, %db = nn.gradient %loss wrt (%k, %b) : tensor<f32>, tensor<4x2xf32>, tensor<2xf32>
                                          -> tensor<4x2xf32>, tensor<2xf32>
    ```
  }];
  let arguments = (ins NN_Scalar:$scalar, Variadic<NN_FloatTensor>:$values);
  let results = (outs Variadic<NN_FloatTensor>:$gradients);
  let assemblyFormat = [{
    $scalar `wrt` `(` $values `)` attr-dict `:` type($scalar) `,` type($values) `->` type($gradients)
  }];
}

def NN_PhiloxOp : NN_Op<"philox", [Pure]> {
  let opDocGroup = NN_CompilerGroup;
  let summary = "Four random 32-bit words of a counter-based generator";
  let description = [{
    Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). The key is the 64-bit
    seed; the 128-bit counter is, from its low word up, the low 32 bits of `c0`, `c1`, `c2` and `c3`. A scalar op for
    use inside linalg.generic bodies; `--nn-expand-random` turns it into arith, on scalars or vectors alike.

    ```mlir
    %w:4 = nn.philox %seed, [%feature, %sample, %step, %stream]
    ```
  }];
  let arguments = (ins I64:$seed, I64:$c0, I64:$c1, I64:$c2, I64:$c3);
  let results = (outs I32:$r0, I32:$r1, I32:$r2, I32:$r3);
  let assemblyFormat = "$seed `,` `[` $c0 `,` $c1 `,` $c2 `,` $c3 `]` attr-dict";
}

#endif
