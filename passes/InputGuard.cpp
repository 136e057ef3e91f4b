// One pass over the characters of a file, with as much of the grammar as telling brackets from other uses of their
// characters takes: strings, comments, arrows and comparisons.
#include "passes/InputGuard.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::nn;

namespace {

/// Deeper than anything the compiler prints, and far from where the parser's recursion overflows the stack.
constexpr int maxDepth = 256;
/// Names that stand for names for names, each used twice, write a type that is larger than any memory.
constexpr int64_t maxAliasSize = 1 << 16, maxUsedSize = 1 << 24;
/// Affine expressions are parsed by recursion too.
constexpr int maxOperators = 1024;

/// What a name stands for: how deep its brackets nest, and how many names it is in the end, itself included.
struct AliasExtent {
  int depth = 0;
  int64_t size = 1;
};

class InputScanner {
public:
  explicit InputScanner(StringRef text) : text(text) {}

  std::optional<InputProblem> scan() {
    if (text.starts_with("ML\xefR"))
      return InputProblem{0, "is bytecode, which is not read: print the module as text"};
    if (text.starts_with("\xef\xbb\xbf"))
      return InputProblem{0, "begins with a byte order mark: save it as UTF-8 without one"};
    while (position < text.size())
      if (std::optional<InputProblem> problem = scanToken())
        return problem;
    return std::nullopt;
  }

private:
  std::optional<InputProblem> scanToken() {
    size_t start = position;
    char c = text[position++];
    if (c == '"')
      return skipString(), std::nullopt;
    if (c == '/' && peek() == '/')
      return skipLine(), std::nullopt;
    if (c == '-' && peek() == '>')
      return ++position, std::nullopt;
    if ((c == '<' || c == '>') && peek() == '=')
      return ++position, std::nullopt;
    if (c == '\n' && depth == 0)
      return finishAlias(), std::nullopt;
    if (c == '#' || c == '!')
      return scanAlias(start);
    if (llvm::isDigit(c) || c == '.')
      return scanNumber(start);
    if (StringRef("([{<").contains(c)) {
      operators = 0;
      ++depth;
      if (!noteDepth(depth))
        return tooDeep(start);
      return c == '<' ? checkShape() : std::nullopt;
    }
    if (StringRef(")]}>").contains(c)) {
      operators = 0;
      depth = std::max(depth - 1, 0);
    } else if (c == ',' || c == '=') {
      operators = 0;
    } else if (StringRef("+-*").contains(c) && ++operators > maxOperators) {
      return InputProblem{start, ("an expression has more than " + Twine(maxOperators) + " operators").str()};
    }
    return std::nullopt;
  }

  static bool isNameCharacter(char c) { return llvm::isAlnum(c) || c == '_' || c == '.' || c == '$'; }

  /// Takes note of a depth that parsing reaches; false where that is too deep.
  bool noteDepth(int reached) {
    aliasExtent.depth = std::max(aliasExtent.depth, reached);
    return reached <= maxDepth;
  }

  static InputProblem tooDeep(size_t start) {
    return {start, ("brackets, or names that stand for them, nest deeper than " + Twine(maxDepth) + " levels").str()};
  }

  /// Numbers as other languages write them, of which the parser says no more than that it expected something else.
  std::optional<InputProblem> scanNumber(size_t start) {
    if (start > 0 && (isNameCharacter(text[start - 1]) || StringRef("%@^").contains(text[start - 1])))
      return std::nullopt;
    StringRef rest = text.substr(start), whole = rest.take_while(llvm::isDigit);
    StringRef exponent = rest.drop_front(whole.size());
    position = start + std::max<size_t>(whole.size(), 1);
    if (whole.empty()) {
      StringRef digits = rest.drop_front().take_while(llvm::isDigit);
      if (digits.empty())
        return std::nullopt;
      return InputProblem{start, ("a number begins with a digit: 0." + digits).str()};
    }
    if (!exponent.consume_front("e") && !exponent.consume_front("E"))
      return std::nullopt;
    StringRef sign = exponent.take_while([](char c) { return c == '+' || c == '-'; }),
              digits = exponent.drop_front(sign.size()).take_while(llvm::isDigit);
    StringRef after = exponent.drop_front(sign.size() + digits.size());
    if (sign.size() > 1 || digits.empty() || (!after.empty() && isNameCharacter(after.front())))
      return std::nullopt;
    return InputProblem{start, ("a number with an exponent has a point: " + whole + ".0e" + sign + digits).str()};
  }

  /// `#name` or `!name`: a definition at the start of a line, else a use, which is as deep as its definition.
  std::optional<InputProblem> scanAlias(size_t start) {
    size_t length = text.substr(position).take_while(isNameCharacter).size();
    StringRef name = text.substr(start, 1 + length);
    position += length;
    bool isDefinition = depth == 0 && (start == 0 || text[start - 1] == '\n');
    if (isDefinition) {
      alias = name;
      aliasExtent = {};
      return std::nullopt;
    }
    auto known = aliases.find(name);
    if (known == aliases.end())
      return std::nullopt;
    if (!noteDepth(depth + known->second.depth + 1))
      return tooDeep(start);
    int64_t &size = alias.empty() ? usedSize : aliasExtent.size;
    int64_t most = alias.empty() ? maxUsedSize : maxAliasSize;
    size += known->second.size;
    if (size > most)
      return InputProblem{start, ("written out without names, this has more than " + Twine(most) + " parts").str()};
    return std::nullopt;
  }

  void finishAlias() {
    if (!alias.empty())
      aliases[alias] = aliasExtent;
    alias = StringRef();
  }

  char peek() const { return position < text.size() ? text[position] : '\0'; }

  void skipString() {
    while (position < text.size() && text[position] != '"')
      position += text[position] == '\\' ? 2 : 1;
    ++position;
  }

  void skipLine() { position = std::min(text.find('\n', position), text.size()); }

  /// The dimensions after a `<`, as in `<?x64x128xf32>`: upstream multiplies them without a look. What fits but is too
  /// large, our own passes report by layer.
  std::optional<InputProblem> checkShape() {
    StringRef rest = text.substr(position).ltrim();
    int64_t elements = 1;
    while (true) {
      StringRef digits = rest.take_while(llvm::isDigit);
      StringRef dimension = digits.empty() && rest.starts_with("?") ? rest.take_front(1) : digits;
      if (dimension.empty() || !rest.substr(dimension.size()).starts_with("x"))
        return std::nullopt;
      int64_t size = 1;
      if (dimension != "?" && (dimension.getAsInteger(10, size) || llvm::MulOverflow(elements, size, elements)))
        return InputProblem{position, "a shape has more elements than can be counted"};
      rest = rest.substr(dimension.size() + 1);
    }
  }

  StringRef text;
  size_t position = 0;
  int depth = 0;
  int operators = 0;
  /// The definition that is being read, its extent so far, and the definitions before it.
  StringRef alias;
  AliasExtent aliasExtent;
  /// What all names outside of definitions stand for.
  int64_t usedSize = 0;
  llvm::StringMap<AliasExtent> aliases;
};

} // namespace

std::optional<InputProblem> nn::findInputProblem(StringRef text) { return InputScanner(text).scan(); }
