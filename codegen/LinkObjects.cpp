// The linker, lld, as a library: it reads and writes files, so that objects go through temporary ones.
#include "codegen/LinkObjects.h"
#include "codegen/TemporaryFiles.h"
#include "lld/Common/Driver.h"
#include "llvm/ObjCopy/CommonConfig.h"
#include "llvm/ObjCopy/ELF/ELFConfig.h"
#include "llvm/ObjCopy/ELF/ELFObjcopy.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

LLD_HAS_DRIVER(elf)

using namespace llvm;

namespace {

/// What lld makes of `objects` when it gets `options` too.
Expected<std::unique_ptr<MemoryBuffer>> link(ArrayRef<const char *> options, ArrayRef<SmallVector<char>> objects) {
  mlir::nn::TemporaryFiles files;
  SmallVector<const char *> arguments = {"ld.lld", "--threads=1"};
  llvm::append_range(arguments, options);
  for (const SmallVector<char> &object : objects) {
    Expected<StringRef> path = files.make(object);
    if (!path)
      return path.takeError();
    arguments.push_back(path->data());
  }
  Expected<StringRef> output = files.make();
  if (!output)
    return output.takeError();
  arguments.append({"-o", output->data()});
  std::string messages;
  raw_string_ostream stream(messages);
  lld::Result result = lld::lldMain(arguments, stream, stream, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode != 0)
    return createStringError("the program's parts do not link: " + messages);
  ErrorOr<std::unique_ptr<MemoryBuffer>> linked = MemoryBuffer::getFile(*output, /*IsText=*/false,
                                                                        /*RequiresNullTerminator=*/false,
                                                                        /*IsVolatile=*/true);
  if (!linked)
    return createStringError(linked.getError(), "cannot read " + *output + ": " + linked.getError().message());
  return std::move(*linked);
}

} // namespace

Expected<SmallVector<char>> mlir::nn::linkRelocatable(ArrayRef<SmallVector<char>> objects) {
  Expected<std::unique_ptr<MemoryBuffer>> linked =
      objects.size() == 1 ? MemoryBuffer::getMemBuffer(StringRef(objects[0].data(), objects[0].size()), "", false)
                          : link({"-r"}, objects);
  if (!linked)
    return linked.takeError();
  auto file = object::ObjectFile::createObjectFile(**linked);
  if (!file)
    return file.takeError();
  objcopy::CommonConfig config;
  objcopy::ELFConfig elf;
  elf.LocalizeHidden = true;
  SmallVector<char> result;
  raw_svector_ostream stream(result);
  if (Error error = objcopy::elf::executeObjcopyOnBinary(config, elf, cast<object::ELFObjectFileBase>(**file), stream))
    return std::move(error);
  return result;
}

Expected<SmallVector<char>> mlir::nn::linkShared(ArrayRef<SmallVector<char>> objects) {
  auto linked = link({"-shared", "-Bsymbolic", "-z", "now"}, objects);
  if (!linked)
    return linked.takeError();
  return SmallVector<char>((*linked)->getBufferStart(), (*linked)->getBufferEnd());
}
