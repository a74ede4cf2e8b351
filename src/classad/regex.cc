#include "classad/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace cairn::classad {
namespace {

constexpr std::uint32_t kMaxMatchSteps = 200'000;  // about a millisecond
constexpr std::uint32_t kMaxDepth = 20'000;
constexpr std::uint32_t kMaxHeapKib = 8'192;
constexpr std::size_t kMaxPatternBytes = 65'536;

template <class T, void (*release)(T*)>
struct Release {
  void operator()(T* held) const { release(held); }
};
using MatchData =
    std::unique_ptr<pcre2_match_data, Release<pcre2_match_data, pcre2_match_data_free>>;
using MatchContext =
    std::unique_ptr<pcre2_match_context, Release<pcre2_match_context, pcre2_match_context_free>>;

}  // namespace

RegexOptions parse_regex_options(std::string_view letters) {
  const auto has = [letters](char letter) {
    return letters.find(letter) != std::string_view::npos ||
           letters.find(static_cast<char>(letter - 'a' + 'A')) != std::string_view::npos;
  };
  return {.ignore_case = has('i'),
          .multiline = has('m'),
          .dot_all = has('s'),
          .extended = has('x'),
          .global = has('g')};
}

struct Regex::Code {
  explicit Code(pcre2_code* compiled) : code(compiled) {}
  ~Code() { pcre2_code_free(code); }
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  pcre2_code* code;
};

std::optional<Regex> Regex::compile(std::string_view pattern, const RegexOptions& options) {
  if (pattern.size() > kMaxPatternBytes) return std::nullopt;
  std::uint32_t flags = PCRE2_NEVER_BACKSLASH_C;
  if (options.ignore_case) flags |= PCRE2_CASELESS;
  if (options.multiline) flags |= PCRE2_MULTILINE;
  if (options.dot_all) flags |= PCRE2_DOTALL;
  if (options.extended) flags |= PCRE2_EXTENDED;
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                   flags, &error, &offset, nullptr);
  if (!code) return std::nullopt;
  return Regex(std::make_shared<const Code>(code));
}

Regex::Match Regex::match(std::string_view text, std::size_t start) const {
  const MatchContext context(pcre2_match_context_create(nullptr));
  const MatchData data(pcre2_match_data_create_from_pattern(code_->code, nullptr));
  if (!context || !data) return {.failed = true, .spans = {}};
  pcre2_set_match_limit(context.get(), kMaxMatchSteps);
  pcre2_set_depth_limit(context.get(), kMaxDepth);
  pcre2_set_heap_limit(context.get(), kMaxHeapKib);
  const int count = pcre2_match(code_->code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                                start, 0, data.get(), context.get());
  if (count == PCRE2_ERROR_NOMATCH) return {};
  if (count <= 0) return {.failed = true, .spans = {}};
  Match match{.found = true, .spans = {}};
  const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(data.get());
  for (std::size_t group = 0; group < static_cast<std::size_t>(count); ++group) {
    const PCRE2_SIZE begin = ends[2 * group], end = ends[2 * group + 1];
    // \K can put the begin behind the end.
    const bool none = begin == PCRE2_UNSET || end < begin;
    match.spans.emplace_back(none ? std::string::npos : begin, end);
  }
  return match;
}

}  // namespace cairn::classad
