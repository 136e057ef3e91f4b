// NumPy's files: .npy (format versions 1 to 3) and .npz, a zip archive of them.
#pragma once
#include "data/Array.h"
#include <map>
#include <span>

namespace nnc {

/// Reads the header of an .npy file that lies in `bytes`; the array points into them and keeps `owner`.
Array parseNpy(std::span<const std::byte> bytes, const std::string &source, std::shared_ptr<const void> owner);

Array readNpy(const std::string &path);

/// The arrays of an archive by name (without `.npy`).
std::map<std::string, Array> readNpz(const std::string &path);
std::map<std::string, Array> parseNpz(std::span<const std::byte> bytes, const std::string &source,
                                      std::shared_ptr<const void> owner);

/// Writes a C-ordered array of i32 or f32.
void writeNpy(const std::string &path, int32_t dtype, std::span<const int64_t> shape, const void *data);

} // namespace nnc
