// What HTCondor's tools print of job ads: -long, -af, -format.
#pragma once

#include <CLI/App.hpp>
#include <iosfwd>
#include <string>
#include <vector>

#include "cairn/result.h"
#include "queue/reader.h"

namespace cairn::cli {

struct AttributeChoices {
  bool long_form = false;
  std::vector<std::string> autoformat;
  std::vector<std::string> formats;  // FORMAT and expression by turns

  bool any() const { return long_form || !autoformat.empty() || !formats.empty(); }
};
void declare_attributes(CLI::App& app, AttributeChoices& choices);

// Prints job after job.
class AttributePrinter {
 public:
  // Errors: invalid, for an expression or a format that is none.
  static Result<AttributePrinter> make(const AttributeChoices& choices);
  ~AttributePrinter();
  AttributePrinter(AttributePrinter&&) noexcept;
  AttributePrinter& operator=(AttributePrinter&&) noexcept;

  std::string text(const JobRow& row, std::int64_t now_seconds);

 private:
  struct Parts;
  explicit AttributePrinter(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace cairn::cli
