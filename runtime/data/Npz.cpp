// .npz: a zip archive whose members are .npy files, stored or deflated. Read by its central directory; 64-bit sizes as
// zip64 writes them.
#include "core/Error.h"
#include "data/MappedFile.h"
#include "data/Npy.h"
#include <zlib.h>

namespace nnc {
namespace {

struct Member {
  std::string name;
  int method = 0;
  uint32_t crc = 0;
  uint64_t compressed = 0, size = 0, headerOffset = 0;
};

class ZipReader {
public:
  ZipReader(std::span<const std::byte> bytes, const std::string &source) : bytes(bytes), source(source) {}

  std::vector<Member> members() {
    uint64_t end = findEnd();
    uint64_t count = read(end + 10, 2), offset = read(end + 16, 4);
    if (count == 0xffff || offset == 0xffffffff) {
      uint64_t locator = end - kLocatorBytes;
      if (end < kLocatorBytes || read(locator, 4) != 0x07064b50)
        damaged("no zip64 directory");
      uint64_t end64 = read(locator + 8, 8);
      if (read(end64, 4) != 0x06064b50)
        damaged("no zip64 directory");
      count = read(end64 + 32, 8);
      offset = read(end64 + 48, 8);
    }
    if (count > bytes.size() / kEntryBytes)
      damaged("more members than the file could hold");
    std::vector<Member> result;
    for (uint64_t i = 0; i < count; ++i)
      result.push_back(readEntry(offset));
    return result;
  }

  /// The member's bytes, and whoever owns them.
  std::pair<std::span<const std::byte>, std::shared_ptr<const void>> extract(const Member &member,
                                                                             std::shared_ptr<const void> owner) {
    uint64_t header = member.headerOffset;
    if (read(header, 4) != 0x04034b50)
      damaged(concat("member '", member.name, "' is not where the directory says"));
    uint64_t start = header + 30 + read(header + 26, 2) + read(header + 28, 2);
    if (start > bytes.size() || member.compressed > bytes.size() - start)
      damaged(concat("member '", member.name, "' is truncated"));
    std::span<const std::byte> packed = bytes.subspan(start, member.compressed);
    if (member.method == 0) {
      if (member.compressed != member.size)
        damaged(concat("member '", member.name, "' has two sizes"));
      checkSum(packed, member);
      return {packed, owner};
    }
    if (member.method != Z_DEFLATED)
      fail(source, ": member '", member.name, "' is compressed by method ", member.method, ", only deflate is read");
    return inflateMember(packed, member);
  }

private:
  static constexpr uint64_t kEndBytes = 22, kLocatorBytes = 20, kEntryBytes = 46;
  /// Deflate makes at most this many bytes of one.
  static constexpr uint64_t kMaxRatio = 1032;

  [[noreturn]] void damaged(const std::string &why) { fail(source, ": not a readable .npz archive: ", why); }

  uint64_t read(uint64_t offset, int count) {
    if (offset > bytes.size() || bytes.size() - offset < static_cast<uint64_t>(count))
      damaged("truncated");
    uint64_t value = 0;
    for (int i = 0; i < count; ++i)
      value |= uint64_t(bytes[offset + i]) << (8 * i);
    return value;
  }

  /// The end record: the last one, followed only by its comment of at most 64 KiB.
  uint64_t findEnd() {
    if (bytes.size() < kEndBytes)
      damaged("too short");
    uint64_t last = bytes.size() - kEndBytes;
    for (uint64_t back = 0; back <= 0xffff && back <= last; ++back)
      if (read(last - back, 4) == 0x06054b50 && read(last - back + 20, 2) == back)
        return last - back;
    damaged("it does not end as a zip archive does (truncated?)");
  }

  /// Reads a directory entry and moves `offset` behind it.
  Member readEntry(uint64_t &offset) {
    if (read(offset, 4) != 0x02014b50)
      damaged("its directory is damaged");
    Member member;
    if (read(offset + 8, 2) & 1)
      fail(source, ": the archive is encrypted");
    member.method = static_cast<int>(read(offset + 10, 2));
    member.crc = static_cast<uint32_t>(read(offset + 16, 4));
    member.compressed = read(offset + 20, 4);
    member.size = read(offset + 24, 4);
    member.headerOffset = read(offset + 42, 4);
    uint64_t nameBytes = read(offset + 28, 2), extraBytes = read(offset + 30, 2), commentBytes = read(offset + 32, 2);
    uint64_t name = offset + kEntryBytes;
    if (name + nameBytes + extraBytes + commentBytes > bytes.size())
      damaged("its directory is truncated");
    member.name.assign(reinterpret_cast<const char *>(bytes.data()) + name, nameBytes);
    readZip64(name + nameBytes, extraBytes, member);
    offset = name + nameBytes + extraBytes + commentBytes;
    return member;
  }

  /// Sizes that do not fit into 32 bits are in extra field 1, in this order, each only where its own field is full.
  void readZip64(uint64_t offset, uint64_t extraBytes, Member &member) {
    uint64_t end = offset + extraBytes;
    while (offset + 4 <= end) {
      uint64_t id = read(offset, 2), size = read(offset + 2, 2);
      uint64_t field = offset + 4;
      if (size > end - field)
        damaged("its directory is damaged");
      if (id == 1)
        for (uint64_t *value : {&member.size, &member.compressed, &member.headerOffset})
          if (*value == 0xffffffff) {
            *value = read(field, 8);
            field += 8;
          }
      offset += 4 + size;
    }
  }

  void checkSum(std::span<const std::byte> content, const Member &member) {
    uLong crc = crc32_z(0, reinterpret_cast<const Bytef *>(content.data()), content.size());
    if (crc != member.crc)
      damaged(concat("member '", member.name, "' does not match its checksum"));
  }

  std::pair<std::span<const std::byte>, std::shared_ptr<const void>> inflateMember(std::span<const std::byte> packed,
                                                                                   const Member &member) {
    if (member.size / kMaxRatio > packed.size())
      damaged(concat("member '", member.name, "' claims ", member.size, " bytes from ", packed.size()));
    auto content = std::make_shared<std::vector<std::byte>>(member.size);
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
      fail(source, ": cannot start zlib");
    uint64_t consumed = 0, produced = 0;
    int status = Z_OK;
    constexpr uint64_t kChunk = uint64_t(1) << 30; // zlib counts in 32 bits
    while (status == Z_OK) {
      stream.next_in = const_cast<Bytef *>(reinterpret_cast<const Bytef *>(packed.data() + consumed));
      stream.avail_in = static_cast<uInt>(std::min(kChunk, packed.size() - consumed));
      stream.next_out = reinterpret_cast<Bytef *>(content->data() + produced);
      stream.avail_out = static_cast<uInt>(std::min(kChunk, member.size - produced));
      uInt offered = stream.avail_in, room = stream.avail_out;
      status = inflate(&stream, Z_NO_FLUSH);
      consumed += offered - stream.avail_in;
      produced += room - stream.avail_out;
    }
    inflateEnd(&stream);
    if (status != Z_STREAM_END || produced != member.size)
      damaged(concat("member '", member.name, "' does not unpack"));
    checkSum(*content, member);
    return {std::span<const std::byte>(*content), content};
  }

  std::span<const std::byte> bytes;
  const std::string &source;
};

} // namespace

std::map<std::string, Array> parseNpz(std::span<const std::byte> bytes, const std::string &source,
                                      std::shared_ptr<const void> owner) {
  ZipReader zip(bytes, source);
  std::map<std::string, Array> arrays;
  for (const Member &member : zip.members()) {
    constexpr std::string_view kSuffix = ".npy";
    if (!member.name.ends_with(kSuffix))
      continue;
    std::string name = member.name.substr(0, member.name.size() - kSuffix.size());
    auto [content, contentOwner] = zip.extract(member, owner);
    if (!arrays.emplace(name, parseNpy(content, source + ":" + member.name, contentOwner)).second)
      fail(source, ": two members are named '", member.name, "'");
  }
  if (arrays.empty())
    fail(source, ": the archive holds no .npy arrays");
  return arrays;
}

std::map<std::string, Array> readNpz(const std::string &path) {
  auto file = MappedFile::open(path);
  return parseNpz(file->bytes(), path, file);
}

} // namespace nnc
