#include "verify/finding.h"

#include <array>

namespace cairn::verify {
namespace {

struct Words {
  Property property;
  std::string_view name, question;
};
constexpr std::array<Words, kProperties> kWords = {{
    {Property::reference, "reference", "Does the job end by itself, and with the right result?"},
    {Property::reproducible, "reproducible", "Does a second run give the same result?"},
    {Property::progress, "progress", "Does every checkpoint bring the job forward?"},
    {Property::sufficient, "sufficient", "Is a checkpoint all that the job needs?"},
    {Property::killed, "killed", "Is the result the same after a kill at any moment?"},
    {Property::vacated, "vacated", "Does the job leave in time when asked, and lose nothing?"},
    {Property::power_cut, "power_cut", "Is the result the same after a power cut?"},
    {Property::damaged, "damaged", "Is a damaged checkpoint noticed?"},
    {Property::foreign, "foreign", "Is the checkpoint of another job refused?"},
    {Property::outputs_once, "outputs_once", "Is every line of the output there, and only once?"},
    {Property::disk_full, "disk_full", "Does the last checkpoint outlive a full disk?"},
    {Property::cost, "cost", "What do checkpoints cost, and do they fit the grace time?"},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kWords.size(); ++i)
    if (kWords[i].property != static_cast<Property>(i)) return false;
  return true;
}
static_assert(in_order(), "the table is looked up by number");

const Words& words_of(Property property) { return kWords.at(static_cast<std::size_t>(property)); }

}  // namespace

std::string_view name_of(Property property) { return words_of(property).name; }

std::string_view question_of(Property property) { return words_of(property).question; }

std::optional<Property> parse_property(std::string_view name) {
  for (const Words& words : kWords)
    if (words.name == name) return words.property;
  return std::nullopt;
}

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "pass";
    case Verdict::fail:
      return "fail";
    case Verdict::untested:
      break;
  }
  return "untested";
}

std::string_view name_of(Overall overall) {
  switch (overall) {
    case Overall::pass:
      return "pass";
    case Overall::fail:
      return "fail";
    case Overall::undecided:
      break;
  }
  return "undecided";
}

}  // namespace cairn::verify
