// How the runtime reports what went wrong: an exception with one sentence for the person at the keyboard. The C API
// turns it into a return code and `nnc_last_error`.
#pragma once
#include <sstream>
#include <stdexcept>
#include <string>

namespace nnc {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The parts written one after the other.
template <typename... Parts> std::string concat(const Parts &...parts) {
  std::ostringstream stream;
  (stream << ... << parts);
  return stream.str();
}

template <typename... Parts> [[noreturn]] void fail(const Parts &...parts) { throw Error(concat(parts...)); }

} // namespace nnc
