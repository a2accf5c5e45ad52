// Faults between the studio and the kernel, for bench/watch/alerts.py and tests/e2e/test_alerts.py: preloaded into a
// real `atelier`, it does nothing until the file that BENCH_FAULTS names says so, a line each:
//
//   clock_ms N       the wall clock is off by so much
//   read_ms N        each read of a database file by the threads that answer queries takes so much longer
//   sync_hangs 1     syncs of studio.db do not come back while this holds
//   held_mib N       so much memory is held, and given back when it is less
//   leak_kib N       so much memory is lost each second, for good
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { kLooksPerSecond = 20 };

static _Atomic long clock_ms, read_ms, sync_hangs, held_mib, leak_kib;
static const struct {
  const char* name;
  _Atomic long* value;
} kFaults[] = {{"clock_ms", &clock_ms},
               {"read_ms", &read_ms},
               {"sync_hangs", &sync_hangs},
               {"held_mib", &held_mib},
               {"leak_kib", &leak_kib}};
enum { kFaultCount = sizeof kFaults / sizeof kFaults[0] };

static void pause_ms(long ms) {
  struct timespec left = {ms / 1000, ms % 1000 * 1000000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

static void read_faults(const char* path) {
  long now[kFaultCount] = {0};
  FILE* file = fopen(path, "re");
  if (file != NULL) {
    char name[32];
    long value;
    while (fscanf(file, "%31s %ld", name, &value) == 2)
      for (int i = 0; i < kFaultCount; ++i)
        if (strcmp(name, kFaults[i].name) == 0) now[i] = value;
    fclose(file);
  }
  for (int i = 0; i < kFaultCount; ++i) atomic_store(kFaults[i].value, now[i]);
}

static void* touched(size_t bytes) {
  void* memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory != MAP_FAILED) memset(memory, 1, bytes);
  return memory;
}

static void* look(void* path) {
  void* held = NULL;
  size_t held_bytes = 0;
  for (;;) {
    read_faults(path);
    const size_t wanted_bytes = (size_t)atomic_load(&held_mib) << 20;
    if (wanted_bytes != held_bytes) {
      if (held_bytes > 0) munmap(held, held_bytes);
      held = wanted_bytes > 0 ? touched(wanted_bytes) : NULL;
      held_bytes = wanted_bytes;
    }
    const size_t lost_bytes = (size_t)atomic_load(&leak_kib) * 1024 / kLooksPerSecond;
    if (lost_bytes > 0) (void)memset(malloc(lost_bytes), 1, lost_bytes);
    pause_ms(1000 / kLooksPerSecond);
  }
  return NULL;
}

// Workers have the variable in their environment, too, and are left alone.
__attribute__((constructor)) static void begin(void) {
  const char* path = getenv("BENCH_FAULTS");
  if (path == NULL || strcmp(program_invocation_short_name, "atelier") != 0) return;
  pthread_t thread;
  if (pthread_create(&thread, NULL, look, strdup(path)) == 0) pthread_detach(thread);
}

int clock_gettime(clockid_t id, struct timespec* time) {
  const int code = (int)syscall(SYS_clock_gettime, id, time);
  const long off_ms = atomic_load(&clock_ms);
  if (code == 0 && id == CLOCK_REALTIME && off_ms != 0) {
    time->tv_sec += off_ms / 1000;
    time->tv_nsec += off_ms % 1000 * 1000000;
    if (time->tv_nsec >= 1000000000) ++time->tv_sec, time->tv_nsec -= 1000000000;
    if (time->tv_nsec < 0) --time->tv_sec, time->tv_nsec += 1000000000;
  }
  return code;
}

static int is_named(int fd, const char* part) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size <= 0) return 0;
  path[size] = '\0';
  return strstr(path, part) != NULL;
}

static int is_reader(void) {
  char name[16] = "";
  return prctl(PR_GET_NAME, name) == 0 && strcmp(name, "db-reader") == 0;
}

ssize_t pread64(int fd, void* into, size_t size, off64_t at) {
  const long ms = atomic_load(&read_ms);
  if (ms > 0 && is_reader() && is_named(fd, ".db")) pause_ms(ms);
  return syscall(SYS_pread64, fd, into, size, at);
}

static int sync_by(long call, int fd) {
  while (atomic_load(&sync_hangs) && is_named(fd, "studio.db")) pause_ms(20);
  return (int)syscall(call, fd);
}

int fdatasync(int fd) { return sync_by(SYS_fdatasync, fd); }
int fsync(int fd) { return sync_by(SYS_fsync, fd); }
