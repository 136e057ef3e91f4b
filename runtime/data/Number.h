// Numbers in text files: decimal digits to a floating-point number, each way in which that fails told apart.
#pragma once
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>
#include <type_traits>

namespace nnc {

enum class RealStatus { good, noNumber, tooLarge, notFinite };

/// Reads all of `text`. What is too small for T becomes zero or the nearest denormal number.
template <typename T> RealStatus parseReal(std::string_view text, T &value) {
  std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size() || status == std::errc::invalid_argument)
    return RealStatus::noNumber;
  // from_chars tells too small from too large by no value.
  if (status == std::errc::result_out_of_range) {
    if constexpr (std::is_same_v<T, float>)
      value = std::strtof(std::string(digits).c_str(), nullptr);
    else
      value = std::strtod(std::string(digits).c_str(), nullptr);
    if (std::isinf(value))
      return RealStatus::tooLarge;
  }
  return std::isfinite(value) ? RealStatus::good : RealStatus::notFinite;
}

} // namespace nnc
