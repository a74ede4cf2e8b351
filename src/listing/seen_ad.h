// A job's ad as people see it: what was submitted, overlaid by what the job's life changed,
// and by what its row says itself.
//
// Questions about it (constraints, -af) parse only the attributes that they need: a constraint
// over 100 000 jobs reads text, not trees.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/text.h"
#include "classad/evaluate.h"
#include "queue/reader.h"

namespace cairn::listing {

// 1 idle, 2 running, 3 removed, 4 completed, 5 held, 6 transferring output.
int htcondor_status(JobState state);

class SeenAd {
 public:
  //   row  must outlive this
  explicit SeenAd(const JobRow& row);
  // The expression's text; names are looked up without regard to case.
  std::optional<std::string_view> find(std::string_view name) const;
  std::optional<std::string> get_string(std::string_view name) const;  // of a literal
  std::optional<std::int64_t> get_integer(std::string_view name) const;
  // "Name = expression\n" for each, sorted by name, as condor_q -long has them.
  std::string text() const;

 private:
  friend class Question;
  std::map<std::string, std::string, LessIgnoringCase> row_;  // what the row says
  std::string_view live_, ad_;
};

// One expression, asked of many ads.
class Question {
 public:
  // Errors: invalid, with the column.
  static Result<Question> parse(std::string_view text);

  //   now_seconds  time() in the expression
  classad::Value ask(const SeenAd& ad, std::int64_t now_seconds);
  const std::string& text() const { return text_; }

 private:
  Question(std::string text, classad::Expression expression);
  // Of an attribute: jobs of a cluster mostly say the same.
  const classad::Expression* parsed(std::string_view expression);

  std::string text_;
  classad::Expression expression_;
  bool wants_all_;  // eval() and the like name attributes that cannot be seen before
  std::unordered_map<std::string, classad::Expression> known_;
};

}  // namespace cairn::listing
