// What recurrent layers have in common: attributes, parameters of one or both directions, dropout, and what they are
// lowered to.
#pragma once
#include "dialect/NN.h"
#include "dialect/RecurrentCell.h"

namespace mlir::nn {

/// The result's type, of a layer's input and attributes.
LogicalResult inferRecurrentLayer(std::optional<Location> loc, StringRef layer, ValueRange operands,
                                  DictionaryAttr attributes, SmallVectorImpl<Type> &results);

/// An op of class NN_RecurrentLayer, as the functions below see it. `cell` says what is its own.
struct RecurrentLayer {
  Operation *op;
  RecurrentCellAttrInterface cell;
  Value input;
  ValueRange params;
  Value mask;
  ValueRange key;
  int64_t units;
  StringRef direction, mergeMode;
  double dropout, recurrentDropout;
  bool sequences, useBias;
  /// Null, or what the file asks for.
  Attribute kernelInitializer, recurrentInitializer, biasInitializer;
  Attribute kernelRegularizer, recurrentRegularizer, biasRegularizer;
  int64_t stream;

  template <typename Op>
  RecurrentLayer(Op layer, Attribute cell)
      : op(layer), cell(cast<RecurrentCellAttrInterface>(cell)), input(layer.getInput()), params(layer.getParams()),
        mask(layer.getMask()), key(layer.getKey()), units(layer.getUnits()), direction(layer.getDirection()),
        mergeMode(layer.getMergeMode()), dropout(layer.getDropout()), recurrentDropout(layer.getRecurrentDropout()),
        sequences(layer.getReturnSequences()), useBias(layer.getUseBias()),
        kernelInitializer(layer.getKernelInitializerAttr()), recurrentInitializer(layer.getRecurrentInitializerAttr()),
        biasInitializer(layer.getBiasInitializerAttr()), kernelRegularizer(layer.getKernelRegularizerAttr()),
        recurrentRegularizer(layer.getRecurrentRegularizerAttr()), biasRegularizer(layer.getBiasRegularizerAttr()),
        stream(layer.getStream()) {}

  /// 1, or 2 where it is bidirectional.
  int64_t countDirections() const { return direction == "bidirectional" ? 2 : 1; }
  /// `defaultBias` is the initialiser of a bias of which the file says nothing.
  SmallVector<ParameterSpec> getParameterSpecs(Attribute defaultBias) const;
  int64_t getMultiplyAdds() const;
  int64_t getNumStreams() const;
  LogicalResult verify() const;
  FailureOr<SmallVector<Value>> lower(OpBuilder &builder) const;
  /// The layer without dropout.
  SmallVector<Value> buildInferenceForm(OpBuilder &builder) const;
};

} // namespace mlir::nn

/// The methods of a recurrent layer's op that its cell (an expression in terms of the op) and the initialiser of its
/// bias decide.
#define NN_RECURRENT_LAYER(Op, cell, defaultBias)                                                                      \
  LogicalResult Op::verify() { return RecurrentLayer(*this, cell).verify(); }                                          \
  SmallVector<ParameterSpec> Op::getParameterSpecs() {                                                                 \
    return RecurrentLayer(*this, cell).getParameterSpecs(defaultBias);                                                 \
  }                                                                                                                    \
  int64_t Op::getDepth() { return 1; }                                                                                 \
  int64_t Op::getMultiplyAdds() { return RecurrentLayer(*this, cell).getMultiplyAdds(); }                              \
  int64_t Op::getNumStreams() { return RecurrentLayer(*this, cell).getNumStreams(); }                                  \
  FailureOr<SmallVector<Value>> Op::lower(OpBuilder &builder) { return RecurrentLayer(*this, cell).lower(builder); }   \
  FailureOr<SmallVector<Value>> Op::buildInferenceForm(OpBuilder &builder) {                                           \
    return RecurrentLayer(*this, cell).buildInferenceForm(builder);                                                    \
  }
