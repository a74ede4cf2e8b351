#include "cli/submit_wrap.h"

#include <fmt/format.h>

#include "base/text.h"
#include "base/try.h"
#include "cli/verb.h"
#include "os/atomic_file.h"
#include "submit/wrapped_text.h"
#include "wrap/command_line.h"
#include "wrap/placeholders.h"

namespace cairn::cli {
namespace {

namespace stdfs = std::filesystem;

// Beside this program.
Result<Path> wrapper_path() {
  std::error_code unknown;
  const Path self = stdfs::read_symlink("/proc/self/exe", unknown);
  const Path wrapper = self.parent_path() / "cairn-wrap";
  if (!unknown && stdfs::exists(wrapper, unknown)) return wrapper;
  return Error{Errc::not_found, fmt::format("there is no {}", wrapper.native()), 0,
               "install Cairn as a whole: the wrapper goes along with the job"};
}

// A recipe that is not built in goes along.
Status send_recipe(WrapRequest& request) {
  for (std::size_t i = 0; i < request.options.size(); ++i) {
    constexpr std::string_view kOption = "--recipe";
    std::string& word = request.options[i];
    const bool is_joined = word.starts_with(cat(kOption, "="));
    if (!is_joined && (word != kOption || i + 1 == request.options.size())) continue;
    std::string& value = is_joined ? word : request.options[i + 1];
    const std::string name = is_joined ? word.substr(kOption.size() + 1) : value;
    CAIRN_TRY(const auto file, wrap::recipe_file(name));
    if (!file) return {};
    request.inputs.push_back(*file);
    const std::string there = cat("./", Path(*file).filename().native());
    value = is_joined ? cat(kOption, "=", there) : there;
    return {};
  }
  return {};
}

}  // namespace

Result<Path> write_wrapped(const std::string& submit_file, const std::string& options) {
  if (submit_file == "-")
    return Error{Errc::unsupported, "--wrap writes a file beside the submit file; stdin has none",
                 0, "save it under a name"};
  PosixFileSystem files;
  CAIRN_TRY(const std::string text, read_file(files, submit_file));
  const auto located = [&](Error error) {
    error.message = fmt::format("{}: {}", submit_file, error.message);
    return error;
  };
  WrapRequest request;
  CAIRN_TRY(request.wrapper, wrapper_path());
  CAIRN_TRY(request.options, wrap::split_words(options));
  const auto program = program_lines(text);
  if (!program) return located(program.error());
  std::vector<std::string> words = {program->executable};
  words.insert(words.end(), program->arguments.begin(), program->arguments.end());
  CAIRN_TRY(request.transfers, wrap::files_to_transfer(request.options, words));
  CAIRN_CHECK(send_recipe(request));
  const auto wrapped = wrapped_text(text, request);
  if (!wrapped) return located(wrapped.error());
  const Path source = submit_file;
  const Path target = source.parent_path() / fmt::format("{}.wrapped.sub", source.stem().native());
  CAIRN_CHECK(write_file_atomically(files, target, as_bytes(*wrapped)));
  complain(fmt::format("{}: runs {} under cairn-wrap", target.native(), program->executable));
  return target;
}

}  // namespace cairn::cli
