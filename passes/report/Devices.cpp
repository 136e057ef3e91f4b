// Reads descriptions of devices; see Devices.h.
#include "passes/report/Devices.h"
#include "passes/report/Assets.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cmath>

using namespace mlir;
using namespace mlir::nn;

static llvm::Expected<Device> readDevice(const llvm::json::Value &value) {
  const llvm::json::Object *object = value.getAsObject();
  if (!object)
    return llvm::createStringError("is no JSON object");
  auto getText = [&](StringRef key) { return object->getString(key).value_or("").str(); };
  Device device;
  device.name = getText("name");
  device.description = getText("description");
  device.source = getText("source");
  device.kind = getText("kind");
  if (object->get("kind") && device.kind != "cpu" && device.kind != "gpu")
    return llvm::createStringError("has a 'kind' that is neither \"cpu\" nor \"gpu\"");
  if (device.name.empty())
    return llvm::createStringError("has no text 'name'");
  for (auto [key, number] : {std::pair("flops", &device.flops), std::pair("bytes_per_second", &device.bytesPerSecond),
                             std::pair("memory_bytes", &device.memoryBytes), std::pair("tf32_flops", &device.tf32Flops),
                             std::pair("bf16_flops", &device.bf16Flops)}) {
    bool isNeeded = number == &device.flops || number == &device.bytesPerSecond;
    if (!isNeeded && !object->get(key))
      continue;
    *number = object->getNumber(key).value_or(0);
    // Below 1, a time could be longer than a double holds.
    if (!std::isfinite(*number) || *number < 1)
      return llvm::createStringError(Twine("has no number '") + key + "' of at least 1");
  }
  return device;
}

static std::vector<Device> readKnownDevices() {
  std::vector<Device> devices;
  llvm::json::Value all = llvm::cantFail(llvm::json::parse(getDevicesJson()));
  for (const llvm::json::Value &value : *all.getAsArray())
    devices.push_back(llvm::cantFail(readDevice(value)));
  return devices;
}

llvm::Expected<Device> nn::findDevice(StringRef text) {
  if (text.ends_with(".json")) {
    auto file = llvm::MemoryBuffer::getFile(text, /*IsText=*/true);
    if (!file)
      return llvm::createStringError("cannot read device '" + text + "': " + file.getError().message());
    llvm::Expected<llvm::json::Value> value = llvm::json::parse((*file)->getBuffer());
    if (!value)
      return llvm::createStringError("device '" + text + "' is no JSON: " + llvm::toString(value.takeError()));
    llvm::Expected<Device> device = readDevice(*value);
    if (!device)
      return llvm::createStringError("device '" + text + "' " + llvm::toString(device.takeError()));
    return device;
  }
  std::vector<Device> known = readKnownDevices();
  for (Device &device : known)
    if (device.name == text)
      return std::move(device);
  std::string names;
  for (const Device &device : known)
    names += device.name + ", ";
  return llvm::createStringError("nobody has described a device '" + text + "'; known: " + names +
                                 "or a file NAME.json as nnc-run describe-device writes it");
}

std::string nn::listDevices(StringRef kind) {
  SmallVector<std::string> names;
  for (const Device &device : readKnownDevices())
    if (device.kind == kind)
      names.push_back(device.name);
  return llvm::join(names, ", ");
}
