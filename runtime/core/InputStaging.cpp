// The inputs' way to the GPU; see InputStaging.h.
#include "core/InputStaging.h"
#include <algorithm>
#include <cstring>
#include <utility>

namespace nnc {
namespace {

/// What copies are fastest from.
constexpr int64_t kAlignment = 256;

} // namespace

InputStaging::InputStaging(const Gpu &gpu, const nnc_program &program) : gpu(gpu) {
  for (const nnc_entry &entry : entriesOf(program)) {
    if (!runsOnDevice(entry))
      continue;
    int64_t end = 0;
    for (const nnc_span &span : spansOf(inputsOf(entry), program.state_bytes)) {
      parts[&entry].push_back({span, end});
      end = (end + span.bytes + kAlignment - 1) / kAlignment * kAlignment;
    }
    parts[&entry]; // where it has no inputs
    bytes = std::max(bytes, end);
  }
  try {
    for (std::byte *&place : host) {
      void *memory = nullptr;
      gpu.driver().hostAlloc(&memory, static_cast<size_t>(std::max(bytes, kAlignment)), 0);
      place = static_cast<std::byte *>(memory);
      std::memset(place, 0, static_cast<size_t>(bytes));
    }
  } catch (...) {
    release();
    throw;
  }
}

InputStaging::~InputStaging() { release(); }

void InputStaging::release() {
  const cuda::Driver &driver = gpu.driver();
  if (stream)
    driver.streamSynchronize.attempt(stream);
  for (cuda::Event event : events)
    if (event)
      driver.eventDestroy.attempt(event);
  if (stream)
    driver.streamDestroy.attempt(stream);
  for (cuda::Address place : device)
    if (place)
      driver.memFree.attempt(place);
  for (std::byte *place : host)
    if (place)
      driver.hostFree.attempt(place);
}

std::byte *InputStaging::at(const nnc_entry &entry, const nnc_tensor &input) {
  uploaded = nullptr;
  const std::vector<Part> &all = parts.at(&entry);
  auto part = std::ranges::upper_bound(all, input.offset, {}, [](const Part &p) { return p.span.offset; });
  // An input without elements is in no part.
  if (part == all.begin())
    return host[buffer];
  --part;
  return host[buffer] + part->place + (input.offset - part->span.offset);
}

bool InputStaging::canUpload() {
  if (stream || isFull)
    return !isFull;
  const cuda::Driver &driver = gpu.driver();
  // Goes on where an earlier call has failed.
  for (cuda::Address &place : device) {
    if (place)
      continue;
    cuda::Result result = driver.memAlloc.attempt(&place, static_cast<size_t>(std::max(bytes, kAlignment)));
    if (result == cuda::kOutOfMemory) {
      if (cuda::Address first = std::exchange(device[0], 0))
        driver.memFree.attempt(first);
      isFull = true;
      return false;
    }
    if (result)
      fail("CUDA's ", driver.memAlloc.describe(result));
  }
  for (cuda::Event &event : events)
    if (!event)
      driver.eventCreate(&event, cuda::kEventWithoutTime);
  driver.streamCreate(&stream, cuda::kStreamNonBlocking);
  return true;
}

void InputStaging::upload(const nnc_entry &entry) {
  const cuda::Driver &driver = gpu.driver();
  for (const Part &part : partsOf(entry))
    driver.copyToDevice(onDevice(part), onHost(part), part.span.bytes, stream);
  driver.eventRecord(events[buffer], stream, 0);
  uploaded = &entry;
}

} // namespace nnc
