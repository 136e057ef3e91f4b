// .npy and .npz files, and the conversion of their arrays to an input's type.
#include "data/Array.h"
#include "Support.h"
#include "data/Npy.h"
#include <cmath>
#include <cstring>
#include <zlib.h>

using namespace nnc;
using namespace nnc::test;

namespace {

class ArrayTest : public testing::Test {
protected:
  TempFolder folder;

  Column read(const std::string &content, const nnc_input &input) {
    return toColumn(readNpy(folder.write("x.npy", content)), input);
  }
  template <typename T> std::vector<T> values(const Column &column, size_t count) {
    std::vector<T> result(count);
    std::memcpy(result.data(), column.rows, count * sizeof(T));
    return result;
  }
};

TEST_F(ArrayTest, ReadsAllFormatVersions) {
  nnc_input input = makeInput("x", NNC_F32, {4, 2});
  std::string data = bytesOf<float>({1, 2, 3, 4, 5, 6});
  for (int version : {1, 2, 3})
    EXPECT_EQ(values<float>(read(npy("<f4", "(3, 2)", data, "False", version), input), 6),
              (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_ERROR(read(npy("<f4", "(3, 2)", data, "False", 4), input), "format version 4");
}

TEST_F(ArrayTest, ConvertsWhatIsExpected) {
  nnc_input f32 = makeInput("x", NNC_F32, {4}), i32 = makeInput("x", NNC_I32, {4}), f64 = makeInput("x", NNC_F64, {4});
  EXPECT_EQ(values<float>(read(npy("<f8", "(2,)", bytesOf<double>({0.1, 2})), f32), 2), (std::vector<float>{0.1f, 2}));
  EXPECT_EQ(values<double>(read(npy("<f4", "(1,)", bytesOf<float>({0.5f})), f64), 1), (std::vector<double>{0.5}));
  EXPECT_EQ(values<float>(read(npy("|u1", "(2,)", bytesOf<uint8_t>({0, 255})), f32), 2), (std::vector<float>{0, 255}));
  EXPECT_EQ(values<int32_t>(read(npy("<i8", "(2,)", bytesOf<int64_t>({-5, 7})), i32), 2),
            (std::vector<int32_t>{-5, 7}));
  EXPECT_EQ(values<int32_t>(read(npy("|b1", "(2,)", bytesOf<uint8_t>({0, 1})), i32), 2), (std::vector<int32_t>{0, 1}));
}

TEST_F(ArrayTest, RefusesWhatWouldChangeValues) {
  nnc_input f32 = makeInput("x", NNC_F32, {4}), i32 = makeInput("x", NNC_I32, {4});
  EXPECT_ERROR(read(npy("<i8", "(1,)", bytesOf<int64_t>({int64_t(1) << 40})), i32), "row 0 (counted from 0) is");
  EXPECT_ERROR(read(npy("<i4", "(2,)", bytesOf<int32_t>({1, 16777217})), f32), "row 1 (counted from 0) is 16777217");
  EXPECT_ERROR(read(npy("<u8", "(1,)", bytesOf<uint64_t>({UINT64_MAX})), f32), "cannot hold exactly");
  EXPECT_ERROR(read(npy("<f8", "(1,)", bytesOf<double>({1e300})), f32), "too large for f32");
  EXPECT_ERROR(read(npy("<f4", "(1,)", bytesOf<float>({1})), i32),
               "input 'x' takes tensor<?xi32>, the file holds tensor<1xf32>");
}

TEST_F(ArrayTest, RefusesOtherShapes) {
  nnc_input input = makeInput("image", NNC_F32, {8, 784});
  EXPECT_ERROR(read(npy("<f4", "(0, 784)", ""), input), "has no rows");
  EXPECT_ERROR(read(npy("<f4", "(1, 28)", bytesOf<float>({0})), input), "truncated");
  EXPECT_ERROR(read(npy("<f4", "(1, 1)", bytesOf<float>({0, 1})), input), "4 bytes follow the array tensor<1x1xf32>");
  EXPECT_ERROR(read(npy("<f4", "(1, 1)", bytesOf<float>({0})), input),
               "input 'image' takes tensor<?x784xf32>, the file holds tensor<1x1xf32>");
  EXPECT_ERROR(read(npy("<f4", "()", bytesOf<float>({0})), input), "the file holds tensor<f32>");
}

TEST_F(ArrayTest, NamesTheRowOfABadValue) {
  nnc_input image = makeInput("x", NNC_F32, {8, 2});
  float nan = std::nanf(""), inf = INFINITY;
  EXPECT_ERROR(read(npy("<f4", "(2, 2)", bytesOf<float>({0, 1, 2, nan})), image),
               "row 1, element 1 (counted from 0) is not a number (NaN)");
  EXPECT_ERROR(read(npy("<f4", "(2, 2)", bytesOf<float>({0, -inf, 2, 3})), image),
               "row 0, element 1 (counted from 0) is infinite");
  nnc_input label = withRange(makeInput("label", NNC_I32, {8}), 0, 9);
  EXPECT_ERROR(read(npy("<i4", "(3,)", bytesOf<int32_t>({0, 9, 10})), label),
               "row 2 (counted from 0) is 10: input 'label' takes 0 to 9");
  EXPECT_ERROR(read(npy("|i1", "(1,)", bytesOf<int8_t>({-1})), label), "is -1: input 'label' takes 0 to 9");
}

TEST_F(ArrayTest, FindsABadValueAnywhereInLongData) {
  nnc_input input = makeInput("x", NNC_F32, {1});
  for (size_t bad : {0u, 15u, 16u, 36u}) {
    std::vector<float> data(37, 1.0f);
    data[bad] = std::nanf("");
    std::string bytes(reinterpret_cast<char *>(data.data()), data.size() * 4);
    EXPECT_ERROR(read(npy("<f4", "(37,)", bytes), input), concat("row ", bad, " "));
  }
}

TEST_F(ArrayTest, RefusesDamagedHeaders) {
  auto error = [&](const std::string &content) { return errorOf([&] { readNpy(folder.write("bad.npy", content)); }); };
  EXPECT_NE(error("").find("the file is empty"), std::string::npos);
  EXPECT_NE(error("hello, world").find("not an .npy file"), std::string::npos);
  EXPECT_NE(error("\x93NUMPY\x01").find("truncated"), std::string::npos);
  EXPECT_NE(error(std::string("\x93NUMPY\x01\x00\xff\xff{'descr'", 18)).find("truncated"), std::string::npos);
  EXPECT_NE(error(npy("<f4", "(99999999999999999999,)", "")).find("64 bits"), std::string::npos);
  EXPECT_NE(error(npy("<f4", "(4611686018427387905, 4)", "")).find("truncated"), std::string::npos);
  EXPECT_NE(error(npy(">f4", "(1,)", "abcd")).find("element type '>f4' is not read"), std::string::npos);
  EXPECT_NE(error(npy("<f4", "(2, 2)", std::string(16, 0), "True")).find("Fortran"), std::string::npos);
  EXPECT_NE(error(npy("<f4", "(2, x)", "")).find("expected a dimension"), std::string::npos);
  EXPECT_NE(errorOf([&] { readNpy(folder / "none.npy"); }).find("none.npy: cannot open: No such file"),
            std::string::npos);
}

TEST_F(ArrayTest, ReadsBackWhatItWrites) {
  int64_t shape[] = {2, 3};
  int32_t numbers[] = {1, 2, 3, 4, 5, 6};
  writeNpy(folder / "w.npy", NNC_I32, shape, numbers);
  Array array = readNpy(folder / "w.npy");
  EXPECT_EQ(array.kind, ElementKind::i32);
  EXPECT_EQ(array.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(std::memcmp(array.data, numbers, sizeof(numbers)), 0);
}

/// A zip archive of one member, stored or deflated.
std::string zip(const std::string &name, const std::string &content, bool deflated) {
  std::string packed = content;
  if (deflated) {
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    packed.resize(deflateBound(&stream, content.size()));
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(content.data()));
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = reinterpret_cast<Bytef *>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
  }
  auto number = [](uint64_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i)
      text += static_cast<char>(value >> (8 * i));
    return text;
  };
  uLong crc = crc32(0, reinterpret_cast<const Bytef *>(content.data()), static_cast<uInt>(content.size()));
  std::string fields = number(20, 2) + number(0, 2) + number(deflated ? 8 : 0, 2) + number(0, 4) + number(crc, 4) +
                       number(packed.size(), 4) + number(content.size(), 4) + number(name.size(), 2) + number(0, 2);
  std::string local = number(0x04034b50, 4) + fields + name + packed;
  std::string directory = number(0x02014b50, 4) + number(20, 2) + fields + number(0, 2) + number(0, 2) + number(0, 2) +
                          number(0, 4) + number(0, 4) + name;
  return local + directory + number(0x06054b50, 4) + number(0, 4) + number(1, 2) + number(1, 2) +
         number(directory.size(), 4) + number(local.size(), 4) + number(0, 2);
}

TEST_F(ArrayTest, ReadsArchives) {
  std::string content = npy("<f4", "(256,)", std::string(1024, 0));
  for (bool deflated : {false, true}) {
    auto arrays = readNpz(folder.write("a.npz", zip("x.npy", content, deflated)));
    ASSERT_EQ(arrays.count("x"), 1u);
    EXPECT_EQ(arrays["x"].shape, (std::vector<int64_t>{256}));
  }
}

TEST_F(ArrayTest, RefusesDamagedArchives) {
  std::string good = zip("x.npy", npy("<f4", "(256,)", std::string(1024, 0)), true);
  auto error = [&](const std::string &content) { return errorOf([&] { readNpz(folder.write("bad.npz", content)); }); };
  for (size_t length = 1; length < good.size(); ++length)
    EXPECT_NE(error(good.substr(0, length)), "(no error)") << length;
  std::string flipped = good;
  flipped[50] = static_cast<char>(flipped[50] ^ 1);
  EXPECT_NE(error(flipped).find("not a readable .npz archive"), std::string::npos);
  // A member that claims a gigabyte from a few bytes is refused before anything is allocated.
  std::string bomb = good;
  size_t directory = bomb.find("PK\x01\x02");
  bomb[directory + 27] = 0x40;
  EXPECT_NE(error(bomb).find("claims"), std::string::npos);
}

} // namespace
