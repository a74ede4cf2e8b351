// What is accepted, by condor_submit too, and cannot have been meant.
//
// Each function gives sentences "what; what to write" for warnings, none where all is well.
// A right file gets none: where a line may be meant as it stands, nothing is said.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "submit/queue_statement.h"

namespace cairn {

using Sentences = std::vector<std::string>;
// Whether something sets an attribute of that name, or might.
using IsKnown = std::function<bool(std::string_view name)>;

enum class Meant { condition, machine_condition, number };
// `command = text`, where text is an expression.
Sentences expression_mistakes(std::string_view command, std::string_view text, Meant wanted,
                              const IsKnown& is_known);
// +name = text
Sentences attribute_mistakes(std::string_view name, std::string_view text, const IsKnown& is_known);

// A size without a unit: request_memory = 8.  unit: what it is taken for.
Sentences size_mistakes(std::string_view command, std::string_view text);

// A list of files.  is_file: whether there is one of that name.
Sentences list_mistakes(std::string_view command, std::string_view text, const IsKnown& is_file);

// What only a shell reads, in the words of `arguments`.
Sentences argument_mistakes(std::string_view command, const std::vector<std::string>& words);

// What a raw value has for $(name): $name, %(name), $[name], {name}; $(date +%F), $HOME.
//   macro     whether $(name) is something
//   variable  whether $ENV(name) is
Sentences macro_mistakes(std::string_view command, std::string_view raw, const IsKnown& macro,
                         const IsKnown& variable);

// Quotes, dashes and blanks of a word processor or a web page.
Sentences letter_mistakes(std::string_view command, std::string_view text);

// The items of a queue statement, and its text.  matches: whether a pattern fits any file.
Sentences item_mistakes(const QueueStatement& statement, std::string_view text,
                        const IsKnown& matches);
// Why there is no file NAME to queue from; a hint, or nothing.
std::string missing_items_hint(std::string_view name);

}  // namespace cairn
