// What an op or an attribute must say of itself so that no pass needs to know its name.
#ifndef NN_INTERFACES_TD
#define NN_INTERFACES_TD

include "mlir/IR/OpBase.td"

def LayerOpInterface : OpInterface<"LayerOpInterface"> {
  let cppNamespace = "::mlir::nn";
  let description = [{
    A layer, loss or metric: one mathematical function of its inputs and parameters. The shape rule is the op's
    InferTypeOpInterface. All defaults describe a function without parameters.
  }];
  let verify = [{ return ::mlir::nn::verifyLayer($_op); }];
  let methods = [
    InterfaceMethod<[{
      The parameters the layer trains, in the order it takes them as `params` operands. Asked only while the op has no
      `params` operands yet; shapes never depend on the batch.
    }], "::llvm::SmallVector<::mlir::nn::ParameterSpec>", "getParameterSpecs", (ins), "", [{ return {}; }]>,
    InterfaceMethod<"The operands that hold parameters; empty until they are materialised.",
      "::mlir::MutableOperandRange", "getParamsMutable", (ins), "",
      [{ return ::mlir::MutableOperandRange($_op.getOperation(), 0, 0); }]>,
    InterfaceMethod<[{
      Multiply-adds of one forward evaluation; a dynamic (batch) dimension counts as 1. Elementwise arithmetic does not
      count, as is the field's custom. INT64_MAX stands for all that 63 bits cannot count.
    }], "int64_t", "getMultiplyAdds", (ins), "", [{ return 0; }]>,
    InterfaceMethod<"How many layers with weights a path through this op passes.",
      "int64_t", "getDepth", (ins), "", [{ return 0; }]>,
    InterfaceMethod<[{
      For an integer operand that indexes something: the exclusive upper bound of valid values (the lower is 0).
    }], "::std::optional<int64_t>", "getIndexBound", (ins "unsigned":$operandNumber), "",
      [{ return ::std::nullopt; }]>,
    InterfaceMethod<[{
      The op's one meaning in upstream dialects (linalg, tensor, scf, arith, math): builds it at the builder's
      insertion point and returns one value per result, of the result's type. Shapes are static and parameters present
      when it is called. Must not erase the op. Also the reference that gradients and fast paths are checked against.
    }], "::llvm::FailureOr<::llvm::SmallVector<::mlir::Value>>", "lower", (ins "::mlir::OpBuilder &":$builder)>,
  ];
}

def DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::mlir::nn";
  let description = [{
    Reverse-mode differentiation of one op. Upstream ops get it through external models. A layer that lacks it is
    lowered first and its lowering differentiated, so a layer implements it only where a gradient derived by hand is
    better.

    The adjoint is built from `getSavedValues` and the incoming gradients only; what is emitted may use nothing else
    from outside, which the differentiation verifies.
  }];
  let methods = [
    InterfaceMethod<[{
      The values that gradients flow to: by default the operands. An op with regions adds the values it captures.
    }], "::llvm::SmallVector<::mlir::Value>", "getGradientInputs", (ins), "",
      [{ return ::llvm::to_vector($_op->getOperands()); }]>,
    InterfaceMethod<[{
      Which of the gradient inputs a result depends on in a differentiable way at all (an index, a label or a mask does
      not). Default: those whose element type is a float.
    }], "bool", "isDifferentiableInput", (ins "unsigned":$index), "", [{
      ::mlir::Value value =
          ::llvm::cast<::mlir::nn::DifferentiableOpInterface>($_op.getOperation()).getGradientInputs()[index];
      return ::llvm::isa<::mlir::FloatType>(::mlir::getElementTypeOrSelf(value.getType()));
    }]>,
    InterfaceMethod<[{
      Why this op, as it stands, has no gradient to the wanted inputs after all (a loop of unknown length, an unusual
      body); empty where it has one. Written to follow the op's name in an error.
    }], "::std::string", "getObstacle", (ins "::llvm::ArrayRef<bool>":$wanted), "", [{ return {}; }]>,
    InterfaceMethod<[{
      Replaces the op by a form with the further results its adjoint reads (an LSTM's gates) and returns that form;
      the default is the op itself. The new form's first results correspond to the old op's results, whose uses it
      has taken over; the old op is erased.
    }], "::llvm::FailureOr<::mlir::Operation *>", "makeSavingForm", (ins "::mlir::OpBuilder &":$builder), "",
      [{ return $_op.getOperation(); }]>,
    InterfaceMethod<"The operands and results that the adjoint reads.",
      "::llvm::SmallVector<::mlir::Value>", "getSavedValues", (ins)>,
    InterfaceMethod<[{
      Emits the adjoint. `saved` corresponds to `getSavedValues()`; `resultGrads` has one entry per result, null where
      no gradient arrives (at least one is not null); `wanted` has one flag per gradient input. Returns one value per
      gradient input, of that input's type; null where not wanted or identically zero.
    }], "::llvm::FailureOr<::llvm::SmallVector<::mlir::Value>>", "buildAdjoint",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$saved, "::llvm::ArrayRef<::mlir::Value>":$resultGrads,
           "::llvm::ArrayRef<bool>":$wanted)>,
  ];
}

def MaskedOpInterface : OpInterface<"MaskedOpInterface"> {
  let cppNamespace = "::mlir::nn";
  let description = [{
    An op that mixes the samples of a batch (a loss, a metric, batch normalisation). In a compiled step it takes the
    number of valid samples, a tensor<i64>; samples from there on are padding and are removed by select.
  }];
  let methods = [
    InterfaceMethod<"The optional operand that holds the number of valid samples.",
      "::mlir::MutableOperandRange", "getValidMutable", (ins)>,
  ];
}

def RowLookupOpInterface : OpInterface<"RowLookupOpInterface"> {
  let cppNamespace = "::mlir::nn";
  let description = [{
    A layer that reads rows of a parameter (an embedding): result[i..., :] is the table's row indices[i...], its last
    one where the index is larger. It reads nothing else of the table, so a step's gradient of the table is zero in all
    rows but those looked up; a lazy layer asks that the step leave the others alone.
  }];
  let methods = [
    InterfaceMethod<"The table [rows, ...]; null until parameters are materialised.", "::mlir::Value", "getTable">,
    InterfaceMethod<"Which rows are read: integers, samples first.", "::mlir::Value", "getIndices">,
    InterfaceMethod<"The rows that were read.", "::mlir::Value", "getRows">,
    InterfaceMethod<"Whether a step updates only the rows that it looks up.", "bool", "isLazy">,
  ];
}

def StabilizableOpInterface : OpInterface<"StabilizableOpInterface"> {
  let cppNamespace = "::mlir::nn";
  let description = [{
    An op that, together with those that make its operands, has a form of the same value that rounds and overflows less
    (a loss of probabilities that softmax made: one of logits).
  }];
  let methods = [
    InterfaceMethod<"Rewrites the op into that form; fails, having changed nothing, where there is none.",
      "::llvm::LogicalResult", "stabilize", (ins "::mlir::RewriterBase &":$rewriter)>,
  ];
}

def ClassWeightedOpInterface : OpInterface<"ClassWeightedOpInterface"> {
  let cppNamespace = "::mlir::nn";
  let description = [{
    A loss whose targets are class numbers. Compiled with class weights, a training step multiplies each sample's loss by
    the weight of its true class; the mean still divides by the number of samples, as Keras' does.
  }];
  let methods = [
    InterfaceMethod<"The type of the weights: one a class, of the predictions' element type.",
      "::mlir::RankedTensorType", "getClassWeightsType", (ins)>,
    InterfaceMethod<"Builds the loss with such weights; the op itself stays. Nothing differentiates by the weights.",
      "::mlir::Value", "buildWeighted", (ins "::mlir::OpBuilder &":$builder, "::mlir::Value":$weights)>,
  ];
}

def RandomOpInterface : OpInterface<"RandomOpInterface"> {
  let cppNamespace = "::mlir::nn";
  let description = [{
    An op that draws random numbers. In a compiled step it takes the key (seed and step counter, each tensor<i64>); its
    `stream` attribute (i64, stable for a layer) sets it apart from other ops. Numbers are Philox 4x32-10 of seed,
    stream, step and logical coordinates, never of a position in memory.
  }];
  let verify = [{ return ::mlir::nn::verifyRandom($_op); }];
  let methods = [
    InterfaceMethod<"The operands (seed, step); empty until a step is compiled.",
      "::mlir::MutableOperandRange", "getKeyMutable", (ins)>,
    InterfaceMethod<"How many streams, from `stream` on, it draws from; 0 where, as it is configured, it draws nothing.",
      "int64_t", "getNumStreams", (ins), "", [{ return 1; }]>,
    InterfaceMethod<"Sets the stream that tells this op's numbers from those of others.",
      "void", "setStream", (ins "int64_t":$stream), "",
      [{ $_op->setAttr("stream", ::mlir::Builder($_op->getContext()).getI64IntegerAttr(stream)); }]>,
  ];
}

def TrainingOnlyOpInterface : OpInterface<"TrainingOnlyOpInterface"> {
  let cppNamespace = "::mlir::nn";
  let description = [{ An op that acts otherwise outside training (dropout, batch normalisation). }];
  let methods = [
    InterfaceMethod<"Builds what the op does in evaluation and prediction; one value per result.",
      "::llvm::FailureOr<::llvm::SmallVector<::mlir::Value>>", "buildInferenceForm",
      (ins "::mlir::OpBuilder &":$builder)>,
  ];
}

def RecurrentCellAttrInterface : AttrInterface<"RecurrentCellAttrInterface"> {
  let cppNamespace = "::mlir::nn";
  let description = [{
    What a recurrent layer computes in one step (an LSTM's gates and states). Blocks of the batch, the loop over time,
    masks, dropout and what is kept for the gradient are the same for all (dialect/RecurrentForward.cpp).
  }];
  let methods = [
    InterfaceMethod<"How many columns of the kernels a unit has.", "int64_t", "getGates">,
    InterfaceMethod<"The shape of the bias.", "::llvm::SmallVector<int64_t>", "getBiasShape", (ins "int64_t":$units), "",
      [{ return {$_attr.getGates() * units}; }]>,
    InterfaceMethod<"Whether a cell state is carried besides the output.", "bool", "hasCellState", (ins), "",
      [{ return false; }]>,
    InterfaceMethod<"How many buffers [rows, units] a step needs for itself, forward and backward.",
      "int64_t", "getNumScratch", (ins), "", [{ return 0; }]>,
    InterfaceMethod<"What its gradient reads.", "::mlir::nn::RecurrentMemory", "getMemory">,
    InterfaceMethod<"Makes the activated gates of a step.",
      "void", "buildGates", (ins "::mlir::ImplicitLocOpBuilder &":$b, "::mlir::nn::RecurrentStep &":$step)>,
    InterfaceMethod<[{
      The states after a step, of one element: from its gates and the states before, the output last.
    }], "::llvm::SmallVector<::mlir::Value>", "buildStates",
      (ins "::mlir::ImplicitLocOpBuilder &":$b, "::mlir::ValueRange":$gates, "::mlir::ValueRange":$states)>,
    InterfaceMethod<[{
      Makes the gradients of a step's gates before their activation, and of the states before the step.
    }], "void", "buildBackward",
      (ins "::mlir::ImplicitLocOpBuilder &":$b, "::mlir::nn::RecurrentBackwardStep &":$step)>,
    InterfaceMethod<[{
      The gradient of the recurrent kernel from [time, batch, ...] of: the outputs before each step, as the kernel sees
      them, the activated gates (null where they are not kept), and the gradient of the gates.
    }], "::mlir::Value", "buildRecurrentKernelGradient",
      (ins "::mlir::ImplicitLocOpBuilder &":$b, "::mlir::Value":$outputs, "::mlir::Value":$gates,
           "::mlir::Value":$gateGradient)>,
  ];
}

def InitializerAttrInterface : AttrInterface<"InitializerAttrInterface"> {
  let cppNamespace = "::mlir::nn";
  let description = [{ How a parameter gets its first values. }];
  let methods = [
    InterfaceMethod<[{
      Builds a tensor of `type` in upstream dialects (plus nn.philox). `seed` is a tensor<i64>; `stream` tells this
      parameter from all others. Reports a type that the initialiser cannot fill at `loc` and returns null.
    }], "::mlir::Value", "build",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc, "::mlir::RankedTensorType":$type,
           "::mlir::Value":$seed, "int64_t":$stream)>,
  ];
}

def RegularizerAttrInterface : AttrInterface<"RegularizerAttrInterface"> {
  let cppNamespace = "::mlir::nn";
  let description = [{ A penalty on a parameter, added to the loss (and therefore differentiated with it). }];
  let methods = [
    InterfaceMethod<"Builds the penalty, a scalar tensor of the parameter's element type, in upstream dialects.",
      "::mlir::Value", "buildPenalty",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc, "::mlir::Value":$parameter)>,
  ];
}

def ScheduleAttrInterface : AttrInterface<"ScheduleAttrInterface"> {
  let cppNamespace = "::mlir::nn";
  let description = [{ A learning rate that changes from step to step. }];
  let methods = [
    InterfaceMethod<[{
      Builds the rate, an f64, of arith and math ops on scalars. `step` is an f64: how many updates there were before
      this one, 0 in the first step.
    }], "::mlir::Value", "buildRate",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc, "::mlir::Value":$step)>,
  ];
}

def OptimizerAttrInterface : AttrInterface<"OptimizerAttrInterface"> {
  let cppNamespace = "::mlir::nn";
  let description = [{
    An update rule, with its state per parameter (slots). What all optimisers take, the rate and the clipping of
    gradients, is theirs by the parameters of their common class; a rule is handed the results.
  }];
  let methods = [
    InterfaceMethod<[{
      The learning rate given in the file: a number, in whose place the runtime may set another, or a schedule.
    }], "::mlir::nn::Rate", "getRate", (ins), "", [{ return $_attr.getLr(); }]>,
    InterfaceMethod<"How gradients are clipped before the update.",
      "::mlir::nn::Clipping", "getClipping", (ins), "",
      [{ return {$_attr.getClipvalue(), $_attr.getClipnorm(), $_attr.getGlobalClipnorm()}; }]>,
    InterfaceMethod<"The slots that a parameter of this type needs, and how they begin; names such as `m`, `v`.",
      "::llvm::SmallVector<::mlir::nn::SlotSpec>", "getSlots", (ins "::mlir::RankedTensorType":$parameter)>,
    InterfaceMethod<[{
      Builds the update as one linalg.generic over the parameter with the parameter and its slots as outs, so that it
      happens in place. `learningRate` is an f64, `step` a tensor<i64> that is 1 in the first step. Returns the new
      parameter, then the new slots. An update is element by element: of some rows of a parameter and its slots it gives
      the same rows of what it gives of the whole.
    }], "::llvm::SmallVector<::mlir::Value>", "buildUpdate",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc, "::mlir::Value":$parameter,
           "::mlir::Value":$gradient, "::mlir::ValueRange":$slots, "::mlir::Value":$learningRate,
           "::mlir::Value":$step)>,
  ];
}

#endif
