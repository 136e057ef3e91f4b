// Helpers for shape rules: errors that name the layer, what it got and what it takes.
#pragma once
#include "dialect/Interfaces.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"

namespace mlir::nn {

/// A shape rule's error, `'nn.dense' (name): ` followed by what the caller streams. Without a location no one listens:
/// someone only asks whether the shapes would do.
class ShapeError {
public:
  ShapeError() = default;
  explicit ShapeError(InFlightDiagnostic diagnostic) : diagnostic(std::move(diagnostic)) {}
  template <typename T> ShapeError &operator<<(T &&value) {
    if (diagnostic)
      *diagnostic << std::forward<T>(value);
    return *this;
  }
  operator LogicalResult() const { return failure(); }
  template <typename T> operator FailureOr<T>() const { return failure(); }

private:
  std::optional<InFlightDiagnostic> diagnostic;
};

ShapeError emitShapeError(std::optional<Location> loc, StringRef layer, DictionaryAttr attributes);

/// The product of sizes, a dynamic one (the batch) counting 1; INT64_MAX where 63 bits are too few.
int64_t countElements(ArrayRef<int64_t> sizes);

/// Whether two shapes are equal, a dynamic dimension being equal to any.
bool mayBeEqual(ArrayRef<int64_t> left, ArrayRef<int64_t> right);

/// The type of `value` where it is a ranked tensor of at least `minRank` dimensions, static but for the batch;
/// otherwise an error that says what layer `layer` takes.
FailureOr<RankedTensorType> checkInput(std::optional<Location> loc, StringRef layer, DictionaryAttr attributes,
                                       Value value, int64_t minRank, int64_t maxRank = INT64_MAX);

/// The same for a layer that computes: the elements must be floats.
FailureOr<RankedTensorType> checkFloatInput(std::optional<Location> loc, StringRef layer, DictionaryAttr attributes,
                                            Value value, int64_t minRank, int64_t maxRank = INT64_MAX);

/// The shape rule of a function of one tensor of floats: the result has its type.
LogicalResult inferSameType(std::optional<Location> loc, StringRef layer, DictionaryAttr attributes, Value value,
                            int64_t minRank, SmallVectorImpl<Type> &results);

/// The shape rule of what makes one step of all of time: [batch, time, features] to [batch, features], or with
/// `keepTime` [batch, 1, features].
LogicalResult inferOverTime(std::optional<Location> loc, StringRef layer, DictionaryAttr attributes, Value value,
                            bool keepTime, SmallVectorImpl<Type> &results);

/// The tightest bound that those who read `value` put on its elements (LayerOpInterface::getIndexBound).
std::optional<int64_t> getBoundOfUsers(Value value);

} // namespace mlir::nn
