/* The C interface of libcairn, for C99 and for every language that can call C.
 *
 *   open -> protect... -> restore -> ( work -> safe_point )* -> exit with cairn_exit_code()
 *
 * Conventions:
 *
 *  (1) A call that can fail returns a cairn_code: CAIRN_OK, which is 0, or why not.
 *      Calls can therefore be chained with ||.
 *  (2) `error` may be NULL.  If not, a call that fails fills it, and a call that
 *      succeeds leaves it alone.  It holds its text itself and needs no freeing.
 *  (3) A result is stored through a pointer, which may be NULL where its comment
 *      says so.  A call that fails stores nothing.
 *  (4) Handles are opaque.  Each is given back by the call that its comment names;
 *      that call takes NULL, too.
 *  (5) Text is UTF-8 and ends with a zero.  The library copies what it keeps, except
 *      the memory that the cairn_protect calls are given.
 *  (6) A struct that may grow begins with struct_size, so that a program may be
 *      older than the library it runs with, or newer.
 *  (7) Nothing here aborts, throws, prints, calls exit() or starts a thread.  A bug in
 *      the caller, such as a NULL session, is answered with CAIRN_MISUSE and a
 *      sentence.  Callbacks must not throw or longjmp through the library.
 *  (8) A session is not thread-safe and belongs to the process that opened it.
 *      Different sessions know nothing of each other.
 *  (9) Numbers and layouts here never change their meaning within libcairn.so.0.
 */
#ifndef CAIRN_CAIRN_H
#define CAIRN_CAIRN_H

#include <stddef.h>
#include <stdint.h>

#include "cairn/version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Errors ---------------------------------------------------------------- */

typedef int cairn_code;

enum {
  CAIRN_OK = 0,
  CAIRN_IO = 1,          /* a system call failed; see sys_errno */
  CAIRN_CORRUPT = 2,     /* bytes were read, and are not what was written */
  CAIRN_NOT_FOUND = 3,   /* the named file, generation or region does not exist */
  CAIRN_MISMATCH = 4,    /* valid, but not for this program's regions or arguments */
  CAIRN_LOCKED = 5,      /* another process owns the folder */
  CAIRN_NO_SPACE = 6,    /* the disk is full; the previous generation is intact */
  CAIRN_UNSUPPORTED = 7, /* a newer format, or an encoding not built in */
  CAIRN_MISUSE = 8,      /* the calls came in an order that cannot be meant */
  CAIRN_INVALID = 9,     /* what the user wrote cannot be understood */
  CAIRN_NO_MEMORY = 100, /* an allocation failed */
  CAIRN_CALLBACK = 101,  /* a callback of the program failed and gave no code of its own */
  CAIRN_INTERNAL = 102   /* a bug in the library */
};

typedef struct cairn_error {
  cairn_code code;
  int sys_errno;      /* errno of the system call that failed, 0 when there was none */
  char message[1024]; /* what happened, where and why: one sentence, cut off with "..." */
  char hint[512];     /* what the user can do about it; may be empty */
} cairn_error;

/* "mismatch" for CAIRN_MISMATCH; "unknown" for a number that is none of these. */
CAIRN_API const char* cairn_code_name(cairn_code code);

/* The library that runs, "0.1.0"; CAIRN_VERSION_STRING is the one compiled against. */
CAIRN_API const char* cairn_version(void);

/* ---- Opening --------------------------------------------------------------- */

/* One process's use of a checkpoint folder.  Given back by cairn_session_close(). */
typedef struct cairn_session cairn_session;

/* When safe points may answer CAIRN_LEAVE because the policy says so. */
enum {
  CAIRN_LEAVE_WHEN_PROMISED = 0, /* if somebody has promised to restart the program */
  CAIRN_LEAVE_ALWAYS = 1,
  CAIRN_LEAVE_NEVER = 2
};

typedef struct cairn_pair {
  const char* key;
  const char* value;
} cairn_pair;

/* Of a count and an interval, whichever is over first decides; 0 is never.
 * A commit writes the state to disk and the program goes on: cheap.  A leave does
 * so and asks the program to exit, so that the checkpoint is transferred: costs a
 * restart.  Where nobody promised to restart the program, a leave is only a commit. */
typedef struct cairn_options {
  size_t struct_size;
  const char* directory;      /* the checkpoint folder, made if missing; "state.ckpt" */
  uint64_t commit_every;      /* safe points; 0 */
  int64_t commit_interval_ms; /* 10 minutes */
  uint64_t leave_every;       /* safe points; 0 */
  int64_t leave_interval_ms;  /* 1 hour */
  int keep_generations;       /* at least 1; 2 survives one damaged file */
  int vacate_signal;          /* 0 installs no handler; SIGTERM */
  int leave;                  /* CAIRN_LEAVE_WHEN_PROMISED */
  int compression_level;      /* zstd, 1 to 19; 0 stores the bytes as they are */
  const cairn_pair* identity; /* what a checkpoint belongs to, besides the arguments; */
  size_t identity_count;      /*   restore refuses one whose keys or values differ */
  int identify_arguments;     /* whether the program's arguments belong to it; 1 */
} cairn_options;

/* Fills in the defaults.  Call it as cairn_options_init(&options, sizeof options). */
CAIRN_API void cairn_options_init(cairn_options* options, size_t struct_size);

/* Opens the folder, takes its lock and removes what a crash left half written.
 *   options  NULL for the defaults
 * Errors: CAIRN_IO; CAIRN_NO_SPACE; CAIRN_LOCKED (its owner's pid and host are named);
 * CAIRN_INVALID (an option out of its range). */
CAIRN_API cairn_code cairn_session_open(const cairn_options* options, cairn_session** session,
                                        cairn_error* error);

/* Gives back the session's loops and releases the lock; commits nothing. */
CAIRN_API void cairn_session_close(cairn_session* session);

/* ---- Protecting ------------------------------------------------------------ */
/* All of it before cairn_restore().  A name may be used once.  Errors: CAIRN_MISUSE. */

/* The names of the element types, as every Cairn program records them. */
#define CAIRN_I8 "i8"
#define CAIRN_I16 "i16"
#define CAIRN_I32 "i32"
#define CAIRN_I64 "i64"
#define CAIRN_U8 "u8"
#define CAIRN_U16 "u16"
#define CAIRN_U32 "u32"
#define CAIRN_U64 "u64"
#define CAIRN_F32 "f32"
#define CAIRN_F64 "f64"
#define CAIRN_BOOL "bool"
#define CAIRN_BYTES "bytes" /* one byte of no particular meaning */

/* What a checkpoint records of a region besides its bytes.  Restoring into another
 * type, element size or shape is refused with a sentence that names both. */
typedef struct cairn_type {
  size_t struct_size;
  const char* name;       /* CAIRN_F64, or a name of your own, such as "particle" */
  uint64_t element_bytes; /* 0: a stream of its own, which may change its size */
  size_t dimensions;      /* 0 for one element */
  const uint64_t* shape;  /* elements in each dimension, slowest first */
} cairn_type;

/* Memory that keeps its address and size until the session is closed.
 *   type  NULL records `bytes` plain bytes; else its shape must take `bytes` bytes */
CAIRN_API cairn_code cairn_protect(cairn_session* session, const char* name, void* data,
                                   size_t bytes, const cairn_type* type, cairn_error* error);

/* The same for one number, and for a plain array of them:
 *   cairn_protect_number(session, "total", &total, CAIRN_F64, &error)
 *   cairn_protect_array(session, "field", field, CAIRN_F64, n, &error)
 *   type  one of the names above
 * Errors: CAIRN_INVALID, too (another name). */
CAIRN_API cairn_code cairn_protect_number(cairn_session* session, const char* name, void* data,
                                          const char* type, cairn_error* error);
CAIRN_API cairn_code cairn_protect_array(cairn_session* session, const char* name, void* data,
                                         const char* type, size_t count, cairn_error* error);

/* A region with a behaviour of its own.  Restoring takes two steps, so that either
 * all regions change or none: stage() on every region, then apply() on every one, or
 * abandon() on every one if some stage() failed.
 * A callback that fails returns a code and may fill `error`, which is never NULL. */
typedef struct cairn_object {
  size_t struct_size;
  void* context; /* what each callback is given */
  /* The object's bytes as they are now, valid until the next callback of this object. */
  cairn_code (*view)(void* context, const void** data, size_t* bytes, cairn_error* error);
  /* Checks that `data` fits, and prepares to take it; changes nothing that the program
   * can see.  The type is checked already; `data` stays valid until apply(). */
  cairn_code (*stage)(void* context, const void* data, size_t bytes, cairn_error* error);
  void (*apply)(void* context);   /* takes what was staged; cannot fail */
  void (*abandon)(void* context); /* forgets what was staged; may be NULL */
  void (*release)(void* context); /* once, when the session needs it no more; may be NULL.
                                     Also called if cairn_protect_object() fails. */
} cairn_object;

CAIRN_API cairn_code cairn_protect_object(cairn_session* session, const char* name,
                                          const cairn_type* type, const cairn_object* object,
                                          cairn_error* error);

/* A file that the program only appends to.  A checkpoint records its length and
 * checksum; cairn_restore() cuts it back to that length, so that no line is there
 * twice, and refuses if what remains is not what was written.  Open it for appending
 * after cairn_restore().
 *   flush  makes what was written reach the file; called before each commit.  NULL
 *          flushes every open FILE, which is enough for C programs. */
typedef cairn_code (*cairn_flush)(void* context, cairn_error* error);
CAIRN_API cairn_code cairn_protect_file(cairn_session* session, const char* path, cairn_flush flush,
                                        void* context, cairn_error* error);

/* ---- Restoring and saving -------------------------------------------------- */

/* Fills the protected regions from the newest generation that verifies, and cuts the
 * protected files back.  Either all of them change or none do.
 *   generation  0 on a first start; may be NULL
 * Errors: CAIRN_IO; CAIRN_CORRUPT (generations exist and none verifies, or a protected
 * file is not what was written); CAIRN_MISMATCH (another identity, or other names,
 * types or sizes); what a stage callback returned. */
CAIRN_API cairn_code cairn_restore(cairn_session* session, uint64_t* generation,
                                   cairn_error* error);

/* How many newer generations failed verification and were passed over by
 * cairn_restore(), and why: number 0 is the newest. */
CAIRN_API size_t cairn_skipped_count(const cairn_session* session);
CAIRN_API cairn_code cairn_skipped(const cairn_session* session, size_t number,
                                   cairn_error* skipped);

enum { CAIRN_PROCEED = 0, CAIRN_LEAVE = 1 };

/* The one call for the work loop: the place where the regions agree with each other.
 * Commits if the policy says so or a vacate was requested.  On CAIRN_LEAVE, return
 * cairn_exit_code() from main().
 *   next  CAIRN_PROCEED or CAIRN_LEAVE; may be NULL, then ask cairn_leaving()
 * Errors: CAIRN_IO, CAIRN_NO_SPACE.  After an error the last generation is still good. */
CAIRN_API cairn_code cairn_safe_point(cairn_session* session, int* next, cairn_error* error);

/* Commits now.
 *   generation  its number; may be NULL
 * Same errors. */
CAIRN_API cairn_code cairn_checkpoint(cairn_session* session, uint64_t* generation,
                                      cairn_error* error);

/* Whether the last safe point said CAIRN_LEAVE. */
CAIRN_API int cairn_leaving(const cairn_session* session);

/* What main() returns: 0, or the checkpoint exit code if leaving. */
CAIRN_API int cairn_exit_code(const cairn_session* session);

/* Whether the vacate signal has come.  The next safe point saves and says leave. */
CAIRN_API int cairn_vacate_requested(const cairn_session* session);

/* How much of the work is done, 0 to 1, for who watches.  A loop says it by itself. */
CAIRN_API void cairn_progress(cairn_session* session, double fraction);

/* ---- Loops ----------------------------------------------------------------- */

/*   if (cairn_loop_begin(session, "iteration", first, last, 0, &loop, &error)) goto failed;
 *   while (cairn_loop_next(loop, &i)) work(i);
 *   if (cairn_loop_end(loop, &error)) goto failed;
 *   return cairn_exit_code(session);
 *
 * Counts i from `first` up to `last` (exclusive), goes on where the checkpoint was
 * made, and passes a safe point after each iteration.  When that says leave, the loop
 * ends.  Loops may follow each other and be nested; end the inner one first.
 * Given back by cairn_loop_end(), or with its session. */
typedef struct cairn_loop cairn_loop;

enum { CAIRN_LOOP_MAY_EXTEND = 1 /* a checkpoint with a smaller `last` is accepted */ };

/* After cairn_restore().  Errors: CAIRN_MISMATCH (the checkpoint has another range,
 * or was made inside another loop); CAIRN_MISUSE. */
CAIRN_API cairn_code cairn_loop_begin(cairn_session* session, const char* name, int64_t first,
                                      int64_t last, unsigned flags, cairn_loop** loop,
                                      cairn_error* error);

/* Passes the safe point of the iteration before, if there was one.  1 with the next
 * number in *i, or 0: over, leaving, or failed, and cairn_loop_end() says which. */
CAIRN_API int cairn_loop_next(cairn_loop* loop, int64_t* i);

/* Ends a loop; one that is left early counts as finished.  Returns what failed in
 * cairn_loop_next(), if anything did. */
CAIRN_API cairn_code cairn_loop_end(cairn_loop* loop, cairn_error* error);

#ifdef __cplusplus
}
#endif

#endif /* CAIRN_CAIRN_H */
