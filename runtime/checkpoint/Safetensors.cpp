// The safetensors format, read and written.
#include "checkpoint/Safetensors.h"
#include "core/AtomicFile.h"
#include "core/Error.h"
#include "core/Tensor.h"
#include "data/MappedFile.h"
#include <algorithm>
#include <nlohmann/json.hpp>

namespace nnc {
namespace {

using Json = nlohmann::json;

constexpr const char *kMetadata = "__metadata__";
constexpr uint64_t kLengthBytes = 8;
/// The format's own limit for its header.
constexpr uint64_t kMaxHeader = 100'000'000;

const char *const kDtypes[] = {"F32", "F64", "I32", "I64"}; // by nnc_dtype

int32_t parseDtype(const std::string &name) {
  for (int32_t dtype = NNC_F32; dtype <= NNC_I64; ++dtype)
    if (name == kDtypes[dtype])
      return dtype;
  return -1;
}

class Reader {
public:
  Reader(std::span<const std::byte> bytes, const std::string &source) : bytes(bytes), source(source) {}

  Safetensors run() {
    if (bytes.size() < kLengthBytes)
      damaged("too short");
    uint64_t length = 0;
    for (uint64_t i = 0; i < kLengthBytes; ++i)
      length |= uint64_t(bytes[i]) << (8 * i);
    if (length > kMaxHeader || length > bytes.size() - kLengthBytes)
      damaged(concat("its header of ", length, " bytes does not fit into the file's ", bytes.size()));
    auto *text = reinterpret_cast<const char *>(bytes.data()) + kLengthBytes;
    Json header = Json::parse(text, text + length, boundDepth(), /*allow_exceptions=*/false);
    if (!header.is_object())
      damaged("its header is not a JSON object");
    data = bytes.subspan(kLengthBytes + length);
    Safetensors contents;
    for (const auto &[name, value] : header.items()) {
      if (name == kMetadata)
        readMetadata(value, contents);
      else
        contents.tensors.emplace(name, readTensor(name, value));
    }
    checkExtents(contents);
    return contents;
  }

private:
  [[noreturn]] void damaged(const std::string &why) { fail(source, ": not a readable checkpoint: ", why); }

  /// A header is three levels deep; refusing more keeps a hostile one from growing a tree.
  static Json::parser_callback_t boundDepth() {
    return [](int depth, Json::parse_event_t, Json &) { return depth <= 4; };
  }

  void readMetadata(const Json &value, Safetensors &contents) {
    if (!value.is_object())
      damaged("its metadata is not an object");
    for (const auto &[key, text] : value.items()) {
      if (!text.is_string())
        damaged(concat("its metadata '", key, "' is not a text"));
      contents.metadata.emplace(key, text.get<std::string>());
    }
  }

  std::vector<uint64_t> readNumbers(const std::string &name, const Json &value, const char *key) {
    auto found = value.find(key);
    if (found == value.end() || !found->is_array())
      damaged(concat("tensor '", name, "' has no ", key));
    std::vector<uint64_t> numbers;
    for (const Json &number : *found) {
      if (!number.is_number_unsigned() || number.get<uint64_t>() > uint64_t(INT64_MAX))
        damaged(concat("tensor '", name, "' has ", key, " that are no sizes"));
      numbers.push_back(number.get<uint64_t>());
    }
    return numbers;
  }

  StoredTensor readTensor(const std::string &name, const Json &value) {
    if (!value.is_object())
      damaged(concat("tensor '", name, "' is not described by an object"));
    StoredTensor tensor;
    auto dtype = value.find("dtype");
    if (dtype == value.end() || !dtype->is_string())
      damaged(concat("tensor '", name, "' has no dtype"));
    tensor.dtype = parseDtype(dtype->get<std::string>());
    if (tensor.dtype < 0)
      fail(source, ": tensor '", name, "' has dtype ", dtype->get<std::string>(), "; F32, F64, I32 and I64 are read");
    for (uint64_t size : readNumbers(name, value, "shape"))
      tensor.shape.push_back(static_cast<int64_t>(size));
    auto offsets = readNumbers(name, value, "data_offsets");
    int64_t needed = 0;
    int64_t count = elementCount(tensor.shape);
    bool fits = count >= 0 && !__builtin_mul_overflow(count, dtypeBytes(tensor.dtype), &needed);
    if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data.size() || !fits ||
        static_cast<uint64_t>(needed) != offsets[1] - offsets[0])
      damaged(concat("tensor '", name, "' of ", typeText(tensor.shape, dtypeName(tensor.dtype)),
                     " does not lie in the file (truncated?)"));
    tensor.bytes = data.subspan(offsets[0], offsets[1] - offsets[0]);
    return tensor;
  }

  /// Tensors lie one behind the other, none over another, and reach the file's end.
  void checkExtents(const Safetensors &contents) {
    std::vector<std::span<const std::byte>> extents;
    for (const auto &[name, tensor] : contents.tensors)
      extents.push_back(tensor.bytes);
    std::sort(extents.begin(), extents.end(), [](const auto &left, const auto &right) {
      return left.data() != right.data() ? left.data() < right.data() : left.size() < right.size();
    });
    const std::byte *next = data.data();
    for (const auto &extent : extents) {
      if (extent.data() != next)
        damaged("its tensors overlap or leave gaps");
      next += extent.size();
    }
    if (next != data.data() + data.size())
      damaged("it is longer or shorter than its header says");
  }

  std::span<const std::byte> bytes, data;
  const std::string &source;
};

} // namespace

Safetensors parseSafetensors(std::span<const std::byte> bytes, const std::string &source,
                             std::shared_ptr<const void> owner) {
  Safetensors contents = Reader(bytes, source).run();
  contents.owner = std::move(owner);
  return contents;
}

Safetensors readSafetensors(const std::string &path) {
  auto file = MappedFile::open(path);
  return parseSafetensors(file->bytes(), path, file);
}

void writeSafetensors(const std::string &path, const Safetensors &contents) {
  Json header = Json::object(); // sorted by key, so that equal contents give equal bytes
  if (!contents.metadata.empty())
    header[kMetadata] = contents.metadata;
  uint64_t offset = 0;
  for (const auto &[name, tensor] : contents.tensors) {
    header[name] = {{"dtype", kDtypes[tensor.dtype]},
                    {"shape", tensor.shape},
                    {"data_offsets", {offset, offset + tensor.bytes.size()}}};
    offset += tensor.bytes.size();
  }
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  constexpr size_t kAlignment = 64; // of the tensors in the file, for readers that map it
  text.append((kAlignment - (kLengthBytes + text.size()) % kAlignment) % kAlignment, ' ');
  char length[kLengthBytes];
  for (uint64_t i = 0; i < kLengthBytes; ++i)
    length[i] = static_cast<char>(text.size() >> (8 * i));

  AtomicFile file(path);
  file.write(length, sizeof(length));
  file.write(text);
  for (const auto &[name, tensor] : contents.tensors)
    file.write(tensor.bytes.data(), tensor.bytes.size());
  file.commit();
}

} // namespace nnc
