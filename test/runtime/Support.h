// What the runtime's unit tests share: a folder of their own, files in it, and errors looked at by their text.
#pragma once
#include "core/Error.h"
#include "nnc/program.h"
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <string_view>

extern "C" const nnc_program nnc_program_tokens; // token_program.c
extern "C" const nnc_program nnc_program_linear; // linear_program.c

namespace nnc::test {

inline std::shared_ptr<const nnc_program> tokensProgram() { return {std::shared_ptr<void>(), &nnc_program_tokens}; }
inline std::shared_ptr<const nnc_program> linearProgram() { return {std::shared_ptr<void>(), &nnc_program_linear}; }

/// A folder that goes away with the test.
class TempFolder {
public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "nnc-test-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~TempFolder() { std::filesystem::remove_all(path); }

  std::string operator/(const std::string &name) const { return path + "/" + name; }
  std::string write(const std::string &name, std::string_view content) const {
    std::string file = *this / name;
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
    return file;
  }
  std::string str() const { return path; }

private:
  std::string path;
};

inline std::string readFile(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// The text of the error that `action` throws.
template <typename Action> std::string errorOf(Action action) {
  try {
    action();
  } catch (const Error &error) {
    return error.what();
  }
  return "(no error)";
}

/// Expects an error whose text holds `part`.
#define EXPECT_ERROR(statement, part)                                                                                  \
  do {                                                                                                                 \
    std::string errorText = nnc::test::errorOf([&] { statement; });                                                    \
    EXPECT_NE(errorText.find(part), std::string::npos) << "the error is: " << errorText;                               \
  } while (false)

/// An .npy file of format version 1.
inline std::string npy(const std::string &descr, const std::string &shape, std::string_view data,
                       const std::string &order = "False", int version = 1) {
  std::string header = "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
  std::string text = "\x93NUMPY";
  text += static_cast<char>(version);
  text += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    text += static_cast<char>(header.size() >> (8 * i) & 0xff);
  return text + header + std::string(data);
}

template <typename T> std::string bytesOf(std::initializer_list<T> values) {
  return {reinterpret_cast<const char *>(values.begin()), values.size() * sizeof(T)};
}

/// A data input of a program; dimension 0 is the batch.
inline nnc_input makeInput(const char *name, nnc_dtype dtype, std::initializer_list<int64_t> shape) {
  nnc_input input{};
  input.tensor.name = name;
  input.tensor.dtype = dtype;
  input.tensor.rank = static_cast<int32_t>(shape.size());
  std::copy(shape.begin(), shape.end(), input.tensor.shape);
  return input;
}
inline nnc_input withRange(nnc_input input, int64_t low, int64_t high) {
  input.has_range = 1;
  input.range_min = low;
  input.range_max = high;
  return input;
}

} // namespace nnc::test
