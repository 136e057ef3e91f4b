// SHA-256 (FIPS 180-4), for names in the cache.
#pragma once
#include <string>
#include <string_view>

namespace nnc::run {

/// The hash of `text` as 64 hexadecimal digits.
std::string sha256(std::string_view text);

} // namespace nnc::run
