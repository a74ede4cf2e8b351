// A job ad: HTCondor's description of one job, attribute = expression.
//
// The ad is the one truth about a job: submit files become ads, the queue stores
// ads, a job reads its own at $_CONDOR_JOB_AD.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "cairn/result.h"
#include "classad/literal.h"

namespace cairn {

using classad::is_attribute_name;
using classad::quote_string;
using classad::unquote_string;

class JobAd {
 public:
  // `expression` is ClassAd text: 5, true, "text", x > 3.  An old value is replaced.
  void set(std::string_view name, std::string_view expression);
  void set_string(std::string_view name, std::string_view value);
  void set_integer(std::string_view name, std::int64_t value);
  void set_bool(std::string_view name, bool value);
  void erase(std::string_view name);

  // The raw expression; names are looked up without regard to case.
  std::optional<std::string> get(std::string_view name) const;
  // The value if the expression is a literal of that kind, else nothing.
  std::optional<std::string> get_string(std::string_view name) const;
  std::optional<std::int64_t> get_integer(std::string_view name) const;
  std::optional<bool> get_bool(std::string_view name) const;

  // "Name = expression\n" for each, sorted by name: the form of .job.ad and of condor_q -long.
  std::string text() const;
  // Errors: invalid, with the line.
  static Result<JobAd> parse(std::string_view text);

  const std::map<std::string, std::string, LessIgnoringCase>& attributes() const {
    return attributes_;
  }
  friend bool operator==(const JobAd& left, const JobAd& right) {
    return left.text() == right.text();
  }

 private:
  std::map<std::string, std::string, LessIgnoringCase> attributes_;
};

}  // namespace cairn
