// Tables, words and vocabularies.
#include "Support.h"
#include "data/Table.h"
#include "data/Tokenizer.h"

using namespace nnc;
using namespace nnc::test;

namespace {

std::vector<std::string> words(std::string_view text) {
  WordReader reader(text);
  std::vector<std::string> result;
  for (std::string_view word = reader.next(); !word.empty(); word = reader.next())
    result.emplace_back(word);
  return result;
}

using Words = std::vector<std::string>;

TEST(Table, ReadsCsv) {
  Table table = parseCsv("text,label\n\"one, \"\"two\"\"\nthree\",a\r\n\n plain , b \n", "t.csv");
  ASSERT_EQ(table.rows(), 2);
  EXPECT_EQ(table.cell(0, 0), "one, \"two\"\nthree");
  EXPECT_EQ(table.cell(1, 0), "plain");
  EXPECT_EQ(table.cell(1, 1), "b");
  EXPECT_EQ(table.line(0), 3);
  EXPECT_EQ(table.place(1), "t.csv:5");
}

TEST(Table, ReadsTsvWithoutQuoting) {
  Table table = parseTsv("\xef\xbb\xbftext\tlabel\r\n\"quoted\tb\n\tempty text\n", "t.tsv");
  ASSERT_EQ(table.rows(), 2);
  EXPECT_EQ(table.header, (Words{"text", "label"}));
  EXPECT_EQ(table.cell(0, 0), "\"quoted");
  EXPECT_EQ(table.cell(1, 0), "");
}

TEST(Table, KeepsEmptyLinesOfText) {
  Table table = parseLines("one\n\n two\r\n\n", "t.txt");
  ASSERT_EQ(table.rows(), 4);
  EXPECT_EQ(table.cell(0, 0), "one");
  EXPECT_EQ(table.cell(1, 0), "");
  EXPECT_EQ(table.cell(2, 0), " two");
  EXPECT_EQ(table.cell(3, 0), "");
  EXPECT_EQ(parseLines("\n", "t.txt").rows(), 1);
}

TEST(Table, OfOneColumnDropsEmptyLines) {
  Table csv = parseCsv("text\none\n\n\"\"\ntwo\n", "t.csv");
  ASSERT_EQ(csv.rows(), 3);
  EXPECT_EQ(csv.cell(1, 0), "");
  EXPECT_EQ(parseTsv("text\none\n\ntwo\n", "t.tsv").rows(), 2);
}

TEST(Table, RefusesWhatIsNotUtf8) {
  EXPECT_ERROR(parseCsv("a\ncaf\xe9\n", "t.csv"), "t.csv:2: the text is not UTF-8");
  EXPECT_ERROR(parseTsv("a\xff\n1\n", "t.tsv"), "t.tsv:1: the text is not UTF-8");
  EXPECT_ERROR(parseLines("a\nb\n\xc3", "t.txt"), "t.txt:3: the text is not UTF-8");
}

TEST(Table, QuotesForMessages) {
  EXPECT_EQ(shown(std::string_view("a\0b\n", 4)), "'a\\x00b\\x0a'");
  EXPECT_EQ(shown("größe"), "'größe'");
  EXPECT_EQ(shown(std::string(59, 'a') + "öb"), "'" + std::string(59, 'a') + "ö...'");
}

TEST(Table, NamesTheLineOfAnError) {
  EXPECT_ERROR(parseCsv("a,b\n1,2\n1,2,3\n", "t.csv"), "t.csv:3: 3 fields, but the header names 2");
  EXPECT_ERROR(parseTsv("a\tb\n1\n", "t.tsv"), "t.tsv:2: 1 field, but the header names 2");
  EXPECT_ERROR(parseCsv("a\n\"open\n", "t.csv"), "t.csv:2: not valid CSV: the quote that opens here is not closed");
  EXPECT_ERROR(parseCsv("a,b\n1,2\n\n3,\"open\n\n5,6\n7,8\n", "t.csv"),
               "t.csv:4: not valid CSV: the quote that opens here is not closed");
  EXPECT_ERROR(parseCsv("a,b\n1,2\n\n\"open\n5,6\n", "t.csv"), "t.csv:4: not valid CSV: the quote that opens here");
  EXPECT_ERROR(parseCsv("a,b\n\"x\ny\",\"open\n5,6\n", "t.csv"), "t.csv:3: not valid CSV: the quote that opens here");
  EXPECT_ERROR(parseCsv("a,b\n1,\"open\n2,\"shut\"\n", "t.csv"),
               "t.csv:2: not valid CSV: the field that starts here ends in line 3, and text follows");
  EXPECT_ERROR(parseCsv("a\n\"x\"y\n", "t.csv"), "t.csv:2: not valid CSV");
  EXPECT_ERROR(parseCsv("a,a\n1,2\n", "t.csv"), "two columns are named 'a'");
  EXPECT_ERROR(parseCsv("a,b\n", "t.csv"), "no rows after the header");
  EXPECT_ERROR(parseCsv("\n\n", "t.csv"), "no header");
  EXPECT_ERROR(parseTsv("a\tb", "t.tsv"), "no rows after the header");
}

TEST(Words, AreRunsOfLettersAndNumbersInLowerCase) {
  EXPECT_EQ(words("Hello, WORLD! x86-64 C++ 3.14"), (Words{"hello", "world", "x86", "64", "c", "3", "14"}));
  EXPECT_EQ(words("don't rock'n'roll it’s 'quoted' dogs'"), (Words{"don't", "rock'n'roll", "it's", "quoted", "dogs"}));
  EXPECT_EQ(words("ÄPFEL Straße ДОМ 日本語"), (Words{"äpfel", "straße", "дом", "日本語"}));
  EXPECT_EQ(words("e\xcc\x81t\xcc\x81"), (Words{"e\xcc\x81t\xcc\x81"}));
  EXPECT_EQ(words(""), Words{});
  EXPECT_EQ(words(" ... !"), Words{});
}

TEST(Words, SurviveBytesThatAreNoText) {
  EXPECT_EQ(words("a\xff"
                  "b\xc3"),
            (Words{"a", "b"}));
  EXPECT_EQ(words(std::string_view("a\0b", 3)), (Words{"a", "b"}));
}

TEST(Vocabulary, KeepsTheMostFrequentWords) {
  VocabularyBuilder builder;
  builder.add("b b b a a c c d");
  EXPECT_EQ(builder.build(5).words(), (Words{"b", "a", "c"}));
  EXPECT_EQ(builder.build(100).words(), (Words{"b", "a", "c", "d"}));
  EXPECT_EQ(builder.build(2).words(), Words{});
}

TEST(Vocabulary, PadsOnTheLeftAndKeepsTheFirstWords) {
  Vocabulary vocabulary({"a", "b"});
  std::vector<int32_t> tokens(4, 9);
  vocabulary.encode("B new A", tokens);
  EXPECT_EQ(tokens, (std::vector<int32_t>{0, 3, 1, 2}));
  vocabulary.encode("a b a b b b", tokens);
  EXPECT_EQ(tokens, (std::vector<int32_t>{2, 3, 2, 3}));
  vocabulary.encode("", tokens);
  EXPECT_EQ(tokens, (std::vector<int32_t>{0, 0, 0, 0}));
  EXPECT_ERROR(Vocabulary({"a", "a"}), "the word 'a' twice");
}

} // namespace
