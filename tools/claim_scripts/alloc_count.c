// Preloaded into a process, counts its calls that ask for memory: malloc and its kin, and mmap.
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

static atomic_long count;

/// Calls so far.
long nnc_allocation_count(void) { return atomic_load(&count); }

void *malloc(size_t size) {
  ++count;
  return __libc_malloc(size);
}
void *calloc(size_t number, size_t size) {
  ++count;
  return __libc_calloc(number, size);
}
void *realloc(void *old, size_t size) {
  ++count;
  return __libc_realloc(old, size);
}
void *memalign(size_t alignment, size_t size) {
  ++count;
  return __libc_memalign(alignment, size);
}
void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void **result, size_t alignment, size_t size) {
  *result = memalign(alignment, size);
  return *result ? 0 : ENOMEM;
}
void *mmap(void *address, size_t length, int protection, int flags, int file, off_t offset) {
  ++count;
  return (void *)syscall(SYS_mmap, address, length, protection, flags, file, offset);
}
void *mmap64(void *address, size_t length, int protection, int flags, int file, off_t offset) {
  return mmap(address, length, protection, flags, file, offset);
}
