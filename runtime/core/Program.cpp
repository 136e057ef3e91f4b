// Looking things up in a program's descriptor, and opening a shared object that holds one.
#include "core/Program.h"
#include "core/Error.h"
#include <algorithm>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <filesystem>
#include <link.h>

namespace nnc {
namespace {

/// Number of symbols in a dynamic symbol table with a GNU hash table only: one past the last symbol of any chain.
size_t countByGnuHash(const uint32_t *table) {
  uint32_t buckets = table[0], firstSymbol = table[1], bloomWords = table[2];
  const uint32_t *bucket = table + 4 + bloomWords * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
  const uint32_t *chain = bucket + buckets;
  uint32_t last = 0;
  for (uint32_t i = 0; i < buckets; ++i)
    last = std::max(last, bucket[i]);
  if (last < firstSymbol)
    return firstSymbol;
  while (!(chain[last - firstSymbol] & 1))
    ++last;
  return last + 1;
}

/// The name of the one dynamic symbol that starts with `nnc_program` and is defined here.
std::string programSymbol(void *handle, const std::string &path) {
  link_map *map = nullptr;
  if (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0)
    fail(path, ": ", dlerror());
  const ElfW(Sym) *symbols = nullptr;
  const char *strings = nullptr;
  size_t count = 0;
  for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; ++entry) {
    switch (entry->d_tag) {
    case DT_SYMTAB:
      symbols = reinterpret_cast<const ElfW(Sym) *>(entry->d_un.d_ptr);
      break;
    case DT_STRTAB:
      strings = reinterpret_cast<const char *>(entry->d_un.d_ptr);
      break;
    case DT_HASH:
      count = reinterpret_cast<const uint32_t *>(entry->d_un.d_ptr)[1];
      break;
    case DT_GNU_HASH:
      count = std::max(count, countByGnuHash(reinterpret_cast<const uint32_t *>(entry->d_un.d_ptr)));
      break;
    }
  }
  std::string found;
  for (size_t i = 0; symbols && strings && i < count; ++i) {
    const char *name = strings + symbols[i].st_name;
    if (symbols[i].st_shndx == SHN_UNDEF || std::strncmp(name, "nnc_program", std::strlen("nnc_program")) != 0)
      continue;
    if (!found.empty())
      fail(path, ": exports two programs, '", found, "' and '", name, "': link one object into each shared object");
    found = name;
  }
  if (found.empty())
    fail(path, ": exports no nnc_program: not a program compiled by nnc-opt");
  return found;
}

} // namespace

std::shared_ptr<const nnc_program> openProgram(const std::string &path) {
  if (!std::filesystem::exists(path))
    fail(path, ": no such file");
  // Without a slash dlopen would search the library path.
  std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  void *handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    fail("cannot load the compiled program: ", dlerror());
  std::shared_ptr<void> library(handle, dlclose);
  auto *program = static_cast<const nnc_program *>(dlsym(handle, programSymbol(handle, path).c_str()));
  if (!program)
    fail(path, ": ", dlerror());
  validateProgram(*program, path);
  return {library, program};
}

bool usesDevice(const nnc_program &program) { return std::ranges::any_of(entriesOf(program), runsOnDevice); }

const nnc_variable *findVariable(const nnc_program &program, std::string_view name) {
  for (const nnc_variable &variable : variablesOf(program))
    if (name == variable.tensor.name)
      return &variable;
  return nullptr;
}

const nnc_input *findInput(const nnc_entry &entry, nnc_input_role role) {
  for (const nnc_input &input : inputsOf(entry))
    if (input.role == role)
      return &input;
  return nullptr;
}

const nnc_input *findInput(const nnc_entry &entry, std::string_view name) {
  for (const nnc_input &input : inputsOf(entry))
    if (name == input.tensor.name)
      return &input;
  return nullptr;
}

const nnc_output *findOutput(const nnc_entry &entry, nnc_output_role role) {
  for (const nnc_output &output : outputsOf(entry))
    if (output.role == role)
      return &output;
  return nullptr;
}

const char *entryKindName(int32_t kind) {
  static const char *const names[] = {"init", "train", "evaluate", "predict", "gradient"};
  return kind >= 0 && kind <= NNC_GRADIENTS ? names[kind] : "unknown";
}

const char *precisionName(int32_t precision) {
  static const char *const names[] = {"f32", "tf32", "bf16"};
  return precision >= 0 && precision <= NNC_PRECISION_BF16 ? names[precision] : "unknown";
}

int32_t precisionOf(const nnc_program &program) {
  for (const nnc_entry &entry : entriesOf(program))
    if (entry.precision != NNC_PRECISION_F32)
      return entry.precision;
  return NNC_PRECISION_F32;
}

const nnc_entry *findEntry(const nnc_program &program, nnc_entry_kind kind, std::string_view symbol) {
  const nnc_entry *found = nullptr;
  for (const nnc_entry &entry : entriesOf(program)) {
    if (entry.kind != kind || (!symbol.empty() && symbol != entry.symbol))
      continue;
    if (found)
      return nullptr;
    found = &entry;
  }
  return found;
}

const nnc_entry &requireEntry(const nnc_program &program, nnc_entry_kind kind, std::string_view symbol,
                              const char *option) {
  if (const nnc_entry *entry = findEntry(program, kind, symbol))
    return *entry;
  std::string names;
  for (const nnc_entry &entry : entriesOf(program))
    if (entry.kind == kind)
      names += concat(names.empty() ? "" : ", ", "'", entry.symbol, "'");
  if (names.empty())
    fail("program '", program.name, "' has no ", entryKindName(kind), " entry",
         kind == NNC_TRAIN || kind == NNC_EVALUATE ? ": its model file has no nn.step, or --entries left it out" : "");
  if (symbol.empty())
    fail("program '", program.name, "' has several ", entryKindName(kind), " entries: choose one of ", names,
         option ? concat(" with ", option) : "");
  fail("program '", program.name, "' has no ", entryKindName(kind), " entry for '", symbol, "', only for ", names);
}

} // namespace nnc
