// An array as a data file holds it, and its conversion to the type that an input takes.
#pragma once
#include "data/Dataset.h"
#include "nnc/program.h"
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace nnc {

enum class ElementKind { f32, f64, i8, i16, i32, i64, u8, u16, u32, u64, boolean };

const char *elementName(ElementKind kind);
int64_t elementBytes(ElementKind kind);

/// Dense, row-major, little-endian; the data may lie at any address.
struct Array {
  std::string source; // file, and member of an archive
  ElementKind kind = ElementKind::f32;
  std::vector<int64_t> shape;
  const std::byte *data = nullptr;
  std::shared_ptr<const void> owner;
};

/// Checks an array's shape and values against `input` and gives its rows in the input's type.
///
/// Shapes must agree in all dimensions but the first. An array of the input's own type is used where it lies.
/// Otherwise: integers and booleans go to integers, in range, and to floats, exactly; f32 goes to f64; f64 is rounded
/// to f32. Floats must be finite; integers must lie in the input's range. Throws an Error that names the file and the
/// row.
Column toColumn(const Array &array, const nnc_input &input);

} // namespace nnc
