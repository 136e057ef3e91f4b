// Preloaded into a process, makes the disk full: writes to files fail with ENOSPC; standard output and error still
// work.
#define _GNU_SOURCE
#include <errno.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t write(int file, const void *data, size_t size) {
  if (file > STDERR_FILENO) {
    errno = ENOSPC;
    return -1;
  }
  return syscall(SYS_write, file, data, size);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset) {
  errno = ENOSPC;
  return -1;
}

ssize_t writev(int file, const struct iovec *parts, int count) {
  if (file > STDERR_FILENO) {
    errno = ENOSPC;
    return -1;
  }
  return syscall(SYS_writev, file, parts, count);
}
