// Fields of CSV files that are written.
#pragma once
#include <string>

namespace nnc::run {

/// A CSV field, quoted where it must be.
inline std::string csvField(const std::string &text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos)
    return text;
  std::string quoted = "\"";
  for (char character : text)
    quoted += character == '"' ? std::string("\"\"") : std::string(1, character);
  return quoted + '"';
}

} // namespace nnc::run
