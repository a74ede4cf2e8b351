// The calls of cairn.h.  Each checks what the caller may have got wrong, since the
// C++ classes behind assert it, and hands on to Session inside guarded().
#include "cairn/cairn.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "base/text.h"
#include "base/try.h"
#include "cairn/session.h"
#include "capi/errors.h"
#include "capi/regions.h"

using cairn::cat;
using cairn::Errc;
using cairn::Error;
using cairn::Status;
using cairn::capi::guarded;
using cairn::capi::misuse;
using cairn::capi::report;

// A loop lives in its session's list, so that cairn_session_close() can end it first.
struct cairn_loop {
  cairn_session* session;
  std::string name;
  std::unique_ptr<cairn::Loop> loop;
  bool begun = false;
  cairn_error error = {};  // why it ended, if it failed; then `loop` is gone
};

struct cairn_session {
  cairn::Session session;
  bool restored = false;
  std::vector<Error> skipped = {};
  std::list<cairn_loop> loops = {};
};

namespace {

// The numbers of cairn.h and of result.h are the same.
static_assert(CAIRN_IO == static_cast<int>(Errc::io));
static_assert(CAIRN_CORRUPT == static_cast<int>(Errc::corrupt));
static_assert(CAIRN_NOT_FOUND == static_cast<int>(Errc::not_found));
static_assert(CAIRN_MISMATCH == static_cast<int>(Errc::mismatch));
static_assert(CAIRN_LOCKED == static_cast<int>(Errc::locked));
static_assert(CAIRN_NO_SPACE == static_cast<int>(Errc::no_space));
static_assert(CAIRN_UNSUPPORTED == static_cast<int>(Errc::unsupported));
static_assert(CAIRN_MISUSE == static_cast<int>(Errc::misuse));
static_assert(CAIRN_INVALID == static_cast<int>(Errc::invalid));
static_assert(CAIRN_LEAVE_WHEN_PROMISED == static_cast<int>(cairn::Leave::when_promised));
static_assert(CAIRN_LEAVE_ALWAYS == static_cast<int>(cairn::Leave::always));
static_assert(CAIRN_LEAVE_NEVER == static_cast<int>(cairn::Leave::never));

cairn_options default_options() {
  const cairn::Options defaults;
  return {.struct_size = sizeof(cairn_options),
          .directory = "state.ckpt",
          .commit_every = defaults.policy.commit_every,
          .commit_interval_ms = defaults.policy.commit_interval.count(),
          .leave_every = defaults.policy.leave_every,
          .leave_interval_ms = defaults.policy.leave_interval.count(),
          .keep_generations = defaults.keep_generations,
          .vacate_signal = defaults.vacate_signal,
          .leave = static_cast<int>(defaults.leave),
          .compression_level = defaults.compression_level,
          .identity = nullptr,
          .identity_count = 0,
          .identify_arguments = defaults.identify_arguments ? 1 : 0};
}

// One option out of its range, as a sentence.
std::optional<Error> wrong_option(const cairn_options& options) {
  const auto invalid = [](std::string sentence) {
    return Error{Errc::invalid, std::move(sentence)};
  };
  if (options.directory == nullptr || *options.directory == '\0') {
    return invalid("options: directory names no folder");
  }
  if (options.commit_interval_ms < 0 || options.leave_interval_ms < 0) {
    return invalid("options: an interval is negative; 0 is never");
  }
  if (options.keep_generations < 1) {
    return invalid(cat("options: keep_generations is ", options.keep_generations,
                       "; at least 1 generation must stay"));
  }
  const int signal = options.vacate_signal;
  if (signal < 0 || signal > 64 || signal == SIGKILL || signal == SIGSTOP) {
    return invalid(cat("options: a program cannot be asked to leave by signal ", signal));
  }
  if (options.leave < CAIRN_LEAVE_WHEN_PROMISED || options.leave > CAIRN_LEAVE_NEVER) {
    return invalid("options: leave is none of CAIRN_LEAVE_WHEN_PROMISED, _ALWAYS and _NEVER");
  }
  if (options.compression_level < 0 || options.compression_level > 19) {
    return invalid(cat("options: compression_level is ", options.compression_level,
                       "; 1 to 19, or 0 for none"));
  }
  if (options.identity == nullptr && options.identity_count > 0) {
    return invalid("options: identity is NULL, but identity_count is not 0");
  }
  return std::nullopt;
}

cairn::Options to_options(const cairn_options& from) {
  cairn::Options to;
  to.directory = from.directory;
  to.policy = {.commit_every = from.commit_every,
               .commit_interval = std::chrono::milliseconds(from.commit_interval_ms),
               .leave_every = from.leave_every,
               .leave_interval = std::chrono::milliseconds(from.leave_interval_ms)};
  to.keep_generations = from.keep_generations;
  to.vacate_signal = from.vacate_signal;
  to.leave = static_cast<cairn::Leave>(from.leave);
  to.compression_level = from.compression_level;
  for (std::size_t i = 0; i < from.identity_count; ++i) {
    const cairn_pair& pair = from.identity[i];
    to.identity.emplace_back(pair.key ? pair.key : "", pair.value ? pair.value : "");
  }
  to.identify_arguments = from.identify_arguments != 0;
  return to;
}

// A sentence if the call cannot be meant now, else NULL.
const char* why_not_protect(const cairn_session* session, const char* name) {
  if (session == nullptr) return "the session is NULL";
  if (name == nullptr || *name == '\0') return "what is protected needs a name";
  if (session->restored) return "everything must be protected before cairn_restore()";
  return nullptr;
}

const char* why_not_save(const cairn_session* session) {
  if (session == nullptr) return "the session is NULL";
  if (!session->restored) {
    return "cairn_restore() comes before the first safe point, checkpoint or loop; "
           "without it a restart would start from zero and overwrite the checkpoint";
  }
  return nullptr;
}

cairn::RegionType plain_bytes(std::size_t bytes) { return {CAIRN_BYTES, 1, {bytes}}; }

Status protect_memory(cairn_session& session, const char* name, void* data, std::size_t bytes,
                      cairn::RegionType type) {
  auto region = cairn::capi::memory_region(std::move(type), data, bytes);
  if (!region)
    return Error{region.error().code, cat("region ", name, ": ", region.error().message)};
  return session.session.protect_region(name, *std::move(region));
}

// What `flush` does before each commit, or for NULL, what a C program needs.
std::function<Status()> flusher(const char* path, cairn_flush flush, void* context) {
  if (flush == nullptr) {
    return []() -> Status {
      if (std::fflush(nullptr) == 0) return {};
      return Error{Errc::io, cat("flush the program's open files: ", std::strerror(errno)), errno};
    };
  }
  return [path = std::string(path), flush, context]() -> Status {
    cairn_error error = {};
    const cairn_code code = flush(context, &error);
    if (code == CAIRN_OK) return {};
    return cairn::capi::callback_error(cat("flush ", path, ": "), "the callback", code, error);
  };
}

}  // namespace

const char* cairn_code_name(cairn_code code) {
  switch (code) {
    case CAIRN_OK:
      return "ok";
    case CAIRN_IO:
      return "io";
    case CAIRN_CORRUPT:
      return "corrupt";
    case CAIRN_NOT_FOUND:
      return "not_found";
    case CAIRN_MISMATCH:
      return "mismatch";
    case CAIRN_LOCKED:
      return "locked";
    case CAIRN_NO_SPACE:
      return "no_space";
    case CAIRN_UNSUPPORTED:
      return "unsupported";
    case CAIRN_MISUSE:
      return "misuse";
    case CAIRN_INVALID:
      return "invalid";
    case CAIRN_NO_MEMORY:
      return "no_memory";
    case CAIRN_CALLBACK:
      return "callback";
    case CAIRN_INTERNAL:
      return "internal";
    default:
      return "unknown";
  }
}

const char* cairn_version() { return CAIRN_VERSION_STRING; }

void cairn_options_init(cairn_options* options, size_t struct_size) {
  if (options == nullptr) return;
  cairn_options defaults = default_options();
  defaults.struct_size = struct_size;
  // A newer caller's fields that this library does not know are 0, which must stay
  // a harmless default for any field added to the struct.
  std::memset(options, 0, struct_size);
  std::memcpy(options, &defaults, std::min(struct_size, sizeof defaults));
}

cairn_code cairn_session_open(const cairn_options* options, cairn_session** session,
                              cairn_error* error) {
  if (session == nullptr) return misuse("there is nowhere to store the session", error);
  if (options != nullptr && options->struct_size < sizeof options->struct_size) {
    return misuse("the options are not initialised: call cairn_options_init() first", error);
  }
  return guarded(error, [&]() -> Status {
    const cairn_options chosen =
        options ? cairn::capi::sized_copy(*options, default_options()) : default_options();
    if (auto wrong = wrong_option(chosen)) return *std::move(wrong);
    CAIRN_TRY(auto opened, cairn::Session::open(to_options(chosen)));
    *session = new cairn_session{.session = std::move(opened)};
    return {};
  });
}

void cairn_session_close(cairn_session* session) {
  if (session == nullptr) return;
  while (!session->loops.empty()) session->loops.pop_back();  // the inner ones first
  delete session;
}

cairn_code cairn_protect(cairn_session* session, const char* name, void* data, size_t bytes,
                         const cairn_type* type, cairn_error* error) {
  if (const char* why = why_not_protect(session, name)) return misuse(why, error);
  return guarded(error, [&]() -> Status {
    if (type == nullptr) return protect_memory(*session, name, data, bytes, plain_bytes(bytes));
    CAIRN_TRY(auto described, cairn::capi::region_type(*type));
    if (described.element_bytes == 0) {
      return Error{Errc::misuse, cat("region ", name, ": memory has elements; element_bytes is 0")};
    }
    return protect_memory(*session, name, data, bytes, std::move(described));
  });
}

cairn_code cairn_protect_number(cairn_session* session, const char* name, void* data,
                                const char* type, cairn_error* error) {
  if (const char* why = why_not_protect(session, name)) return misuse(why, error);
  if (type == nullptr) return misuse("the number's type is NULL", error);
  return guarded(error, [&]() -> Status {
    CAIRN_TRY(const auto bytes, cairn::capi::element_bytes(type));
    return protect_memory(*session, name, data, bytes, {type, bytes, {}});
  });
}

cairn_code cairn_protect_array(cairn_session* session, const char* name, void* data,
                               const char* type, size_t count, cairn_error* error) {
  if (const char* why = why_not_protect(session, name)) return misuse(why, error);
  if (type == nullptr) return misuse("the element type is NULL", error);
  return guarded(error, [&]() -> Status {
    CAIRN_TRY(const auto bytes, cairn::capi::element_bytes(type));
    if (count > SIZE_MAX / bytes) {
      return Error{Errc::misuse, cat("region ", name, ": ", count, " elements fit no memory")};
    }
    return protect_memory(*session, name, data, count * bytes, {type, bytes, {count}});
  });
}

cairn_code cairn_protect_object(cairn_session* session, const char* name, const cairn_type* type,
                                const cairn_object* object, cairn_error* error) {
  if (object == nullptr || object->struct_size < sizeof object->struct_size) {
    return misuse("the object is NULL, or its struct_size is not set", error);
  }
  cairn::capi::OwnedObject owned(cairn::capi::sized_copy(*object));
  if (const char* why = why_not_protect(session, name)) return misuse(why, error);
  if (type == nullptr) return misuse("an object needs a type", error);
  if (owned->view == nullptr || owned->stage == nullptr || owned->apply == nullptr) {
    return misuse("an object needs view, stage and apply", error);
  }
  return guarded(error, [&]() -> Status {
    CAIRN_TRY(auto described, cairn::capi::region_type(*type));
    return session->session.protect_region(
        name, cairn::capi::object_region(std::move(described), std::move(owned)));
  });
}

cairn_code cairn_protect_file(cairn_session* session, const char* path, cairn_flush flush,
                              void* context, cairn_error* error) {
  if (const char* why = why_not_protect(session, path)) return misuse(why, error);
  return guarded(error, [&] {
    return session->session.protect_flushed_file(path, flusher(path, flush, context));
  });
}

cairn_code cairn_restore(cairn_session* session, uint64_t* generation, cairn_error* error) {
  if (session == nullptr) return misuse("the session is NULL", error);
  if (session->restored) return misuse("cairn_restore() may be called once", error);
  return guarded(error, [&]() -> Status {
    CAIRN_TRY(auto restored, session->session.restore());
    session->restored = true;
    session->skipped = std::move(restored.skipped);
    if (generation != nullptr) *generation = restored.generation;
    return {};
  });
}

size_t cairn_skipped_count(const cairn_session* session) {
  return session == nullptr ? 0 : session->skipped.size();
}

cairn_code cairn_skipped(const cairn_session* session, size_t number, cairn_error* skipped) {
  if (session == nullptr) return misuse("the session is NULL", skipped);
  if (number >= session->skipped.size()) {
    return misuse("there are not so many skipped generations", skipped);
  }
  report(session->skipped[number], skipped);
  return CAIRN_OK;
}

cairn_code cairn_safe_point(cairn_session* session, int* next, cairn_error* error) {
  if (const char* why = why_not_save(session)) return misuse(why, error);
  return guarded(error, [&]() -> Status {
    CAIRN_TRY(const auto answer, session->session.safe_point());
    if (next != nullptr) *next = answer == cairn::Next::leave ? CAIRN_LEAVE : CAIRN_PROCEED;
    return {};
  });
}

cairn_code cairn_checkpoint(cairn_session* session, uint64_t* generation, cairn_error* error) {
  if (const char* why = why_not_save(session)) return misuse(why, error);
  return guarded(error, [&]() -> Status {
    CAIRN_TRY(const auto committed, session->session.checkpoint());
    if (generation != nullptr) *generation = committed;
    return {};
  });
}

int cairn_leaving(const cairn_session* session) {
  return session != nullptr && session->session.leaving() ? 1 : 0;
}

// Without a session nothing is saved: a program that asks must not look successful.
int cairn_exit_code(const cairn_session* session) {
  return session == nullptr ? 1 : session->session.exit_code();
}

int cairn_vacate_requested(const cairn_session* session) {
  return session != nullptr && session->session.vacate_requested() ? 1 : 0;
}

void cairn_progress(cairn_session* session, double fraction) {
  if (session != nullptr) session->session.progress(fraction);
}

cairn_code cairn_loop_begin(cairn_session* session, const char* name, int64_t first, int64_t last,
                            unsigned flags, cairn_loop** loop, cairn_error* error) {
  if (const char* why = why_not_save(session)) return misuse(why, error);
  if (name == nullptr || *name == '\0') return misuse("a loop needs a name", error);
  if (first > last) return misuse("a loop counts up: first is larger than last", error);
  if (loop == nullptr) return misuse("there is nowhere to store the loop", error);
  if ((flags & ~unsigned{CAIRN_LOOP_MAY_EXTEND}) != 0) {
    return misuse("the loop's flags are none that this library knows", error);
  }
  return guarded(error, [&]() -> Status {
    for (const cairn_loop& running : session->loops) {
      if (running.name == name)
        return Error{Errc::misuse, cat("loop ", name, " is running already")};
    }
    const cairn::LoopOptions options{.may_extend = (flags & CAIRN_LOOP_MAY_EXTEND) != 0};
    std::unique_ptr<cairn::Loop> made(
        new cairn::Loop(session->session.loop(name, first, last, options)));
    session->loops.push_back({.session = session, .name = name, .loop = std::move(made)});
    *loop = &session->loops.back();
    return {};
  });
}

int cairn_loop_next(cairn_loop* loop, int64_t* i) {
  if (loop == nullptr || loop->loop == nullptr) return 0;
  if (loop->begun && !loop->loop->over()) {
    const cairn_code code = guarded(&loop->error, [loop]() -> Status {
      // If this throws, the loop goes while the exception flies: it is not finished then,
      // and its place stays in the checkpoints to come.
      std::unique_ptr<cairn::Loop> going = std::move(loop->loop);
      going->advance();
      loop->loop = std::move(going);
      return {};
    });
    if (code != CAIRN_OK) return 0;
  }
  loop->begun = true;
  if (loop->loop->over()) return 0;
  if (i != nullptr) *i = loop->loop->position();
  return 1;
}

cairn_code cairn_loop_end(cairn_loop* loop, cairn_error* error) {
  if (loop == nullptr) return CAIRN_OK;
  const cairn_code code = loop->error.code;
  if (code != CAIRN_OK && error != nullptr) *error = loop->error;
  loop->session->loops.remove_if([loop](const cairn_loop& each) { return &each == loop; });
  return code;
}
