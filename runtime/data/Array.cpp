// The conversion of an array to the type that an input takes, and the checks of its values.
#include "data/Array.h"
#include "core/Error.h"
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

namespace nnc {
namespace {

struct KindInfo {
  const char *name;
  int64_t bytes;
};

const KindInfo &infoOf(ElementKind kind) {
  static const KindInfo infos[] = {{"f32", 4}, {"f64", 8}, {"i8", 1},  {"i16", 2}, {"i32", 4}, {"i64", 8},
                                   {"u8", 1},  {"u16", 2}, {"u32", 4}, {"u64", 8}, {"bool", 1}};
  return infos[static_cast<int>(kind)];
}

/// Calls `action` with a value of the C++ type of `kind`.
template <typename Action> auto dispatchKind(ElementKind kind, Action action) {
  switch (kind) {
  case ElementKind::f32:
    return action(float());
  case ElementKind::f64:
    return action(double());
  case ElementKind::i8:
    return action(int8_t());
  case ElementKind::i16:
    return action(int16_t());
  case ElementKind::i32:
    return action(int32_t());
  case ElementKind::i64:
    return action(int64_t());
  case ElementKind::u16:
    return action(uint16_t());
  case ElementKind::u32:
    return action(uint32_t());
  case ElementKind::u64:
    return action(uint64_t());
  case ElementKind::u8:
  case ElementKind::boolean:
    break;
  }
  return action(uint8_t());
}

template <typename Action> auto dispatchDtype(int32_t dtype, Action action) {
  switch (dtype) {
  case NNC_F64:
    return action(double());
  case NNC_I32:
    return action(int32_t());
  case NNC_I64:
    return action(int64_t());
  default:
    return action(float());
  }
}

/// Where an element of a file is, for messages.
struct Place {
  const Array &array;
  const nnc_input &input;
  int64_t rowElements;

  std::string at(int64_t index) const {
    std::string text = concat(array.source, ": row ", index / rowElements);
    if (rowElements > 1)
      text += concat(", element ", index % rowElements);
    return text + " (counted from 0)";
  }
};

template <typename To, typename From> To convert(From value, int64_t index, const Place &place) {
  const nnc_input &input = place.input;
  if constexpr (std::is_floating_point_v<From>) {
    if (!std::isfinite(value))
      fail(place.at(index), " is ", std::isnan(value) ? "not a number (NaN)" : "infinite");
    To result = static_cast<To>(value);
    if (!std::isfinite(result))
      fail(place.at(index), " is ", value, ", too large for ", dtypeName(input.tensor.dtype));
    return result;
  } else if constexpr (std::is_floating_point_v<To>) {
    To result = static_cast<To>(value);
    // Compared as 128 bits: converting a float that was rounded up back to From could leave its range.
    if (static_cast<__int128>(result) != static_cast<__int128>(value))
      fail(place.at(index), " is ", +value, ", which ", dtypeName(input.tensor.dtype), " cannot hold exactly");
    return result;
  } else {
    __int128 wide = value;
    __int128 low = input.has_range ? input.range_min : std::numeric_limits<To>::min();
    __int128 high = input.has_range ? input.range_max : std::numeric_limits<To>::max();
    if (wide < low || wide > high)
      fail(place.at(index), " is ", +value, ": input '", input.tensor.name, "' takes ", int64_t(low), " to ",
           int64_t(high));
    return static_cast<To>(value);
  }
}

template <typename From> From load(const std::byte *data, int64_t index) {
  From value;
  std::memcpy(&value, data + index * sizeof(From), sizeof(From));
  return value;
}

/// One pass without a branch in it; only an array with a bad value is looked through again for its place.
template <typename T> bool allValid(const std::byte *data, int64_t count, const nnc_input &input) {
  if constexpr (std::is_floating_point_v<T>) {
    // x - x is 0 for finite x and NaN otherwise; summed in parts, so that the loop vectorises.
    constexpr int kParts = 16;
    T sums[kParts] = {};
    int64_t i = 0;
    for (; i + kParts <= count; i += kParts)
      for (int part = 0; part < kParts; ++part) {
        T value = load<T>(data, i + part);
        sums[part] += value - value;
      }
    T total = 0;
    for (T sum : sums)
      total += sum;
    for (; i < count; ++i) {
      T value = load<T>(data, i);
      total += value - value;
    }
    return total == 0;
  } else {
    if (!input.has_range)
      return true;
    bool valid = true;
    for (int64_t i = 0; i < count; ++i) {
      T value = load<T>(data, i);
      valid &= value >= input.range_min && value <= input.range_max;
    }
    return valid;
  }
}

void checkType(const Array &array, const nnc_input &input) {
  const nnc_tensor &tensor = input.tensor;
  bool agrees = static_cast<int64_t>(array.shape.size()) == tensor.rank;
  for (int32_t i = 1; agrees && i < tensor.rank; ++i)
    agrees = array.shape[i] == tensor.shape[i];
  bool fromFloat = array.kind == ElementKind::f32 || array.kind == ElementKind::f64;
  bool toFloat = tensor.dtype == NNC_F32 || tensor.dtype == NNC_F64;
  if (!agrees || (fromFloat && !toFloat))
    fail(array.source, ": input '", tensor.name, "' takes ", typeText(tensor, /*anyBatch=*/true), ", the file holds ",
         typeText(array.shape, elementName(array.kind)));
  if (array.shape[0] == 0)
    fail(array.source, ": the array ", typeText(array.shape, elementName(array.kind)), " has no rows");
}

} // namespace

const char *elementName(ElementKind kind) { return infoOf(kind).name; }
int64_t elementBytes(ElementKind kind) { return infoOf(kind).bytes; }

Column toColumn(const Array &array, const nnc_input &input) {
  checkType(array, input);
  int64_t count = elementCount(array.shape);
  int64_t rowElements = count / array.shape[0];
  Place place{array, input, rowElements};
  Column column{input.tensor.name, rowElements * dtypeBytes(input.tensor.dtype), array.data, array.owner};
  dispatchKind(array.kind, [&](auto fromTag) {
    dispatchDtype(input.tensor.dtype, [&](auto toTag) {
      using From = decltype(fromTag);
      using To = decltype(toTag);
      if constexpr (!(std::is_floating_point_v<From> && std::is_integral_v<To>)) {
        if constexpr (std::is_same_v<From, To>)
          if (allValid<To>(array.data, count, input))
            return;
        auto values = std::make_shared<std::vector<To>>(count);
        for (int64_t i = 0; i < count; ++i)
          (*values)[i] = convert<To>(load<From>(array.data, i), i, place);
        column.rows = reinterpret_cast<const std::byte *>(values->data());
        column.owner = values;
      }
    });
  });
  return column;
}

} // namespace nnc
