#include "submit/file_parts.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace cairn {
namespace {

struct Wanted {
  bool folder = false, name = false, extension = false;
  bool absolute = false, bare = false, quoted = false, single_quotes = false;
  std::size_t steps = 0;
  char slash = 0;
};

Wanted read_letters(std::string_view letters) {
  Wanted wanted;
  for (const char letter : lower(letters)) {
    if (letter == 'p') wanted.folder = true;
    if (letter == 'n') wanted.name = true;
    if (letter == 'x') wanted.extension = true;
    if (letter == 'f') wanted.absolute = true;
    if (letter == 'b') wanted.bare = true;
    if (letter == 'q') wanted.quoted = true;
    if (letter == 'a') wanted.single_quotes = true;
    if (letter == 'd') ++wanted.steps;
    if (letter == 'u') wanted.slash = '/';
    if (letter == 'w') wanted.slash = '\\';
  }
  return wanted;
}

std::string_view without_quotes(std::string_view path) {
  const bool quoted = path.size() > 1 && path.front() == path.back() &&
                      (path.front() == '"' || path.front() == '\'');
  return quoted ? path.substr(1, path.size() - 2) : path;
}

bool is_slash(char letter) { return letter == '/' || letter == '\\'; }

// The part of `path` that is wanted.
std::string_view part_of(std::string_view path, const Wanted& wanted) {
  std::vector<std::size_t> steps;  // where each step begins, after its slash
  for (std::size_t i = 0; i < path.size(); ++i)
    if (is_slash(path[i])) steps.push_back(i + 1);
  const std::size_t name = steps.empty() ? 0 : steps.back();
  const std::size_t dot = path.rfind('.');
  // The dot of a hidden file begins no extension.
  const std::size_t extension = dot == std::string_view::npos || dot <= name ? path.size() : dot;
  const bool named = wanted.name || wanted.extension;
  const bool folder = wanted.folder && (name > 0 || !named);
  const bool some_steps = wanted.steps > 0 && (name > 0 || !named);

  std::size_t start = 0, end = path.size();
  if (some_steps) {
    if (name == 0) return {};
    steps.resize(steps.size() - std::min(wanted.steps, steps.size()));
    start = steps.empty() ? 0 : steps.back();
  } else if (!folder && wanted.name) {
    start = name;
  } else if (!folder && wanted.extension) {
    start = extension;
    if (wanted.bare && start < end) ++start;
    return path.substr(start);
  }
  if (wanted.name && !wanted.extension) {
    end = extension;
  } else if (!named && (folder || some_steps)) {
    end = name;
    if (wanted.bare && end > start) --end;
  }
  return path.substr(start, end - start);
}

}  // namespace

std::string file_parts(std::string_view path, std::string_view letters,
                       const std::string& directory) {
  const Wanted wanted = read_letters(letters);
  std::string whole(without_quotes(path));
  if (wanted.absolute && !whole.starts_with('/') && !whole.empty())
    whole = cat(directory, "/", whole);
  if (wanted.slash != 0)
    for (char& letter : whole)
      if (is_slash(letter)) letter = wanted.slash;
  const std::string_view part = part_of(whole, wanted);
  if (!wanted.quoted) return std::string(part);
  const char quote = wanted.single_quotes ? '\'' : '"';
  return cat(quote, part, quote);
}

}  // namespace cairn
