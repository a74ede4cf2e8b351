#include "classad/functions.h"

#include <algorithm>

namespace cairn::classad {
namespace {

bool less_by_name(const Function& left, const Function& right) {
  return LessIgnoringCase{}(left.name, right.name);
}

const Functions& all_functions() {
  static const Functions functions = [] {
    Functions all;
    add_type_functions(all);
    add_number_functions(all);
    add_string_functions(all);
    add_list_functions(all);
    add_string_list_functions(all);
    add_regex_functions(all);
    add_time_functions(all);
    add_condor_functions(all);
    std::sort(all.begin(), all.end(), less_by_name);
    return all;
  }();
  return functions;
}

}  // namespace

const Function* find_function(std::string_view name) {
  const Functions& functions = all_functions();
  const auto found = std::lower_bound(functions.begin(), functions.end(), name,
                                      [](const Function& function, std::string_view wanted) {
                                        return LessIgnoringCase{}(function.name, wanted);
                                      });
  return found != functions.end() && equal_ignoring_case(found->name, name) ? &*found : nullptr;
}

bool is_function(std::string_view name) { return find_function(name) != nullptr; }

std::vector<std::string_view> function_names() {
  std::vector<std::string_view> names;
  for (const Function& function : all_functions()) names.push_back(function.name);
  return names;
}

Value unusable(const Value& value) {
  return value.is_undefined() ? Value::undefined() : Value::error();
}

}  // namespace cairn::classad
