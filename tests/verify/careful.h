// What a careful program does about its checkpoint.  Each faulty program of the corpus does one
// thing otherwise.  For C and C++.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { kLeave = 77 };

// Ends the program with one sentence.
__attribute__((noreturn, format(printf, 1, 2))) static inline void refuse(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}

__attribute__((noreturn)) static inline void refuse_errno(const char* doing, const char* name) {
  refuse("cannot %s %s: %s", doing, name, strerror(errno));
}

static inline uint64_t checksum(uint64_t sum, const void* data, size_t bytes) {  // FNV-1a
  const unsigned char* byte = (const unsigned char*)data;
  for (size_t i = 0; i < bytes; ++i) sum = (sum ^ byte[i]) * 1099511628211u;
  return sum;
}

// Tells the jobs of one program from each other.
static inline uint64_t identity_of(char** argv) {
  uint64_t sum = 14695981039346656037u;
  for (int i = 1; argv[i]; ++i) sum = checksum(sum, argv[i], strlen(argv[i]) + 1);
  return sum;
}

static inline int has_argument(char** argv, const char* wanted) {
  for (int i = 1; argv[i]; ++i)
    if (strcmp(argv[i], wanted) == 0) return 1;
  return 0;
}

// One step of work, about a millisecond.
static inline uint64_t work(uint64_t value) {
  for (int i = 0; i < 1000000; ++i) value = value * 6364136223846793005u + 1442695040888963407u;
  return value;
}

static inline void write_all(int file, const void* data, size_t bytes, const char* name) {
  const char* at = (const char*)data;
  while (bytes > 0) {
    const ssize_t written = write(file, at, bytes);
    if (written < 0) refuse_errno("write", name);
    at += written;
    bytes -= (size_t)written;
  }
}

static inline void sync_folder(const char* name) {
  const int folder = open(name, O_RDONLY | O_DIRECTORY);
  if (folder < 0 || fsync(folder) != 0) refuse_errno("sync", name);
  close(folder);
}

// Replaces a file of this folder: after a kill or a power cut it is the old one or the new one.
static inline void publish(const char* name, const void* data, size_t bytes) {
  char temporary[256];
  snprintf(temporary, sizeof temporary, "%s.tmp", name);
  const int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0) refuse_errno("create", temporary);
  write_all(file, data, bytes, temporary);
  if (fsync(file) != 0) refuse_errno("sync", temporary);
  if (close(file) != 0) refuse_errno("close", temporary);
  if (rename(temporary, name) != 0) refuse_errno("rename", temporary);
  sync_folder(".");
}

// A checkpoint is the state, whose it is, and a checksum over both.
static inline size_t seal(char* sealed, const void* state, size_t bytes, char** argv) {
  const uint64_t identity = identity_of(argv);
  memcpy(sealed, state, bytes);
  memcpy(sealed + bytes, &identity, 8);
  const uint64_t sum = checksum(1, sealed, bytes + 8);
  memcpy(sealed + bytes + 8, &sum, 8);
  return bytes + 16;
}

static inline void save(const char* name, const void* state, size_t bytes, char** argv) {
  char sealed[4096];
  publish(name, sealed, seal(sealed, state, bytes, argv));
}

// Fills `state`.  Returns 1; 0 if there is no checkpoint; -1 if it is damaged.
static inline int try_restore(const char* name, void* state, size_t bytes, char** argv) {
  char sealed[4096];
  uint64_t sum, identity;
  const int file = open(name, O_RDONLY);
  if (file < 0) return 0;
  const ssize_t there = read(file, sealed, sizeof sealed);
  close(file);
  if (there != (ssize_t)bytes + 16) return -1;
  memcpy(&identity, sealed + bytes, 8);
  memcpy(&sum, sealed + bytes + 8, 8);
  if (sum != checksum(1, sealed, bytes + 8)) return -1;
  if (identity != identity_of(argv)) refuse("%s is a checkpoint of other arguments", name);
  memcpy(state, sealed, bytes);
  return 1;
}

static inline int restore(const char* name, void* state, size_t bytes, char** argv) {
  const int restored = try_restore(name, state, bytes, argv);
  if (restored < 0) refuse("%s is damaged; remove it to start from zero", name);
  if (restored == 0) fprintf(stderr, "there is no %s: starting from zero\n", name);
  return restored;
}
