#include "classad/functions.h"
namespace cairn::classad {
void add_list_functions(Functions&) {}
void add_string_list_functions(Functions&) {}
void add_regex_functions(Functions&) {}
void add_condor_functions(Functions&) {}
}  // namespace cairn::classad
