// NumPy's .npy files: a magic number, a version, a Python dictionary that says what follows, and the elements.
#include "data/Npy.h"
#include "core/AtomicFile.h"
#include "core/Error.h"
#include "data/MappedFile.h"
#include <cstring>
#include <optional>
#include <string_view>

namespace nnc {
namespace {

/// Reads the dictionary {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } and nothing more general.
class HeaderParser {
public:
  HeaderParser(std::string_view text, const std::string &source) : text(text), source(source) {}

  void run() {
    expect('{');
    while (!accept('}')) {
      std::string key = parseString();
      expect(':');
      if (key == "descr")
        descr = parseDescr();
      else if (key == "fortran_order")
        fortranOrder = parseBool();
      else if (key == "shape")
        shape = parseShape();
      else
        malformed(concat("unknown key '", key, "'"));
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (!descr || !fortranOrder || !shape)
      malformed("one of 'descr', 'fortran_order' and 'shape' is missing");
  }

  std::optional<std::string> descr;
  std::optional<bool> fortranOrder;
  std::optional<std::vector<int64_t>> shape;

private:
  [[noreturn]] void malformed(const std::string &why) { fail(source, ": not a valid .npy header: ", why); }

  void skipSpace() {
    while (position < text.size() && (text[position] == ' ' || text[position] == '\n'))
      ++position;
  }
  bool accept(char character) {
    skipSpace();
    if (position >= text.size() || text[position] != character)
      return false;
    ++position;
    return true;
  }
  void expect(char character) {
    if (!accept(character))
      malformed(concat("expected '", character, "' at byte ", position));
  }
  std::string parseString() {
    skipSpace();
    char quote = position < text.size() ? text[position] : 0;
    if (quote != '\'' && quote != '"')
      malformed(concat("expected a string at byte ", position));
    size_t end = text.find(quote, position + 1);
    if (end == std::string_view::npos)
      malformed("a string does not end");
    std::string value(text.substr(position + 1, end - position - 1));
    position = end + 1;
    return value;
  }
  std::string parseDescr() {
    skipSpace();
    if (position < text.size() && text[position] == '[')
      fail(source, ": a structured array; save its columns as arrays of their own");
    return parseString();
  }
  bool parseBool() {
    skipSpace();
    for (bool value : {true, false}) {
      std::string_view word = value ? "True" : "False";
      if (text.substr(position, word.size()) == word) {
        position += word.size();
        return value;
      }
    }
    malformed(concat("expected True or False at byte ", position));
  }
  std::vector<int64_t> parseShape() {
    std::vector<int64_t> sizes;
    expect('(');
    while (!accept(')')) {
      skipSpace();
      int64_t size = 0;
      size_t start = position;
      while (position < text.size() && text[position] >= '0' && text[position] <= '9')
        if (__builtin_mul_overflow(size, 10, &size) || __builtin_add_overflow(size, text[position++] - '0', &size))
          malformed("a dimension does not fit into 64 bits");
      if (position == start)
        malformed(concat("expected a dimension at byte ", position));
      sizes.push_back(size);
      if (sizes.size() > 64)
        malformed("more than 64 dimensions");
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return sizes;
  }

  std::string_view text;
  const std::string &source;
  size_t position = 0;
};

ElementKind parseKind(const std::string &descr, const std::string &source) {
  static const struct {
    const char *code;
    ElementKind kind;
  } kinds[] = {{"f4", ElementKind::f32}, {"f8", ElementKind::f64},    {"i1", ElementKind::i8},
               {"i2", ElementKind::i16}, {"i4", ElementKind::i32},    {"i8", ElementKind::i64},
               {"u1", ElementKind::u8},  {"u2", ElementKind::u16},    {"u4", ElementKind::u32},
               {"u8", ElementKind::u64}, {"b1", ElementKind::boolean}};
  if (descr.size() >= 2 && std::strchr("<|=", descr[0]))
    for (const auto &[code, kind] : kinds)
      if (descr.substr(1) == code)
        return kind;
  fail(source, ": element type '", descr,
       "' is not read: save it as little-endian float32, float64, bool or an integer of 8 to 64 bits");
}

} // namespace

Array parseNpy(std::span<const std::byte> bytes, const std::string &source, std::shared_ptr<const void> owner) {
  constexpr std::string_view kMagic = "\x93NUMPY";
  std::string_view text(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  if (text.substr(0, kMagic.size()) != kMagic)
    fail(source, ": not an .npy file");
  if (text.size() < 12)
    fail(source, ": truncated: ends inside its header");
  int major = static_cast<unsigned char>(text[6]);
  if (major < 1 || major > 3)
    fail(source, ": .npy format version ", major, " is not read, only 1 to 3");
  size_t lengthBytes = major == 1 ? 2 : 4;
  size_t length = 0;
  for (size_t i = 0; i < lengthBytes; ++i)
    length |= size_t(static_cast<unsigned char>(text[8 + i])) << (8 * i);
  size_t start = 8 + lengthBytes;
  if (length > text.size() - start)
    fail(source, ": truncated: ends inside its header");
  HeaderParser header(text.substr(start, length), source);
  header.run();

  Array array{source, parseKind(*header.descr, source), *header.shape, bytes.data() + start + length, std::move(owner)};
  // NumPy marks one-dimensional arrays and single rows as both orders or either; only true column order differs.
  int64_t wide = 0;
  for (int64_t size : array.shape)
    wide += size > 1;
  if (*header.fortranOrder && wide > 1)
    fail(source, ": the array is in column (Fortran) order; save numpy.ascontiguousarray of it");
  int64_t count = elementCount(array.shape);
  int64_t needed = 0;
  int64_t held = static_cast<int64_t>(text.size() - start - length);
  if (count < 0 || __builtin_mul_overflow(count, elementBytes(array.kind), &needed) || needed > held)
    fail(source, ": truncated: its header promises ", typeText(array.shape, elementName(array.kind)),
         ", the file holds ", held, " bytes of data");
  if (held > needed)
    fail(source, ": ", held - needed, " bytes follow the array ", typeText(array.shape, elementName(array.kind)));
  return array;
}

Array readNpy(const std::string &path) {
  auto file = MappedFile::open(path);
  return parseNpy(file->bytes(), path, file);
}

void writeNpy(const std::string &path, int32_t dtype, std::span<const int64_t> shape, const void *data) {
  std::string sizes;
  for (int64_t size : shape)
    sizes += std::to_string(size) + (shape.size() == 1 ? "," : ", ");
  static const char *const codes[] = {"<f4", "<f8", "<i4", "<i8"};
  std::string header = concat("{'descr': '", codes[dtype], "', 'fortran_order': False, 'shape': (", sizes, "), }");
  constexpr size_t kPrefix = 10, kAlignment = 64;
  while ((kPrefix + header.size() + 1) % kAlignment)
    header += ' ';
  header += '\n';
  std::string prefix("\x93NUMPY\x01\x00", 8);
  prefix += static_cast<char>(header.size() & 0xff);
  prefix += static_cast<char>(header.size() >> 8);
  size_t bytes = elementCount(shape) * dtypeBytes(dtype);
  AtomicFile file(path);
  file.write(prefix + header);
  file.write(data, bytes);
  file.commit();
}

} // namespace nnc
