#include "wrap/recipe.h"

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "base/text.h"
#include "base/try.h"

namespace cairn {
// All of recipes/, each after a line "%%% NAME".
extern const char* const kRecipes;
}  // namespace cairn

namespace cairn::wrap {
namespace {

namespace stdfs = std::filesystem;

constexpr std::string_view kSuffix = ".recipe";
constexpr std::string_view kHeading = "%%% ";

std::vector<RecipeSource> built_in() {
  std::vector<RecipeSource> all;
  std::istringstream lines(kRecipes);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kHeading))
      all.push_back({line.substr(kHeading.size()), "", kBuiltIn});
    else if (!all.empty())
      all.back().text += line + "\n";
  }
  return all;
}

std::vector<RecipeSource> of_user(const Path& folder) {
  PosixFileSystem files;
  std::vector<RecipeSource> all;
  const auto names = folder.empty() ? Result<std::vector<std::string>>(std::vector<std::string>())
                                    : files.list(folder);
  if (!names) return all;
  for (const std::string& name : *names) {
    if (!name.ends_with(kSuffix)) continue;
    const auto text = read_file(files, folder / name);
    if (text) all.push_back({name.substr(0, name.size() - kSuffix.size()), *text, folder / name});
  }
  return all;
}

// A value as the command line would have it.
std::optional<std::string> word_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  return {};
}

std::optional<std::vector<std::string>> values_of(const toml::node& node) {
  std::vector<std::string> words;
  const toml::array* const list = node.as_array();
  if (list == nullptr) {
    auto word = word_of(node);
    if (!word) return {};
    return std::vector{*std::move(word)};
  }
  for (const toml::node& one : *list) {
    auto word = word_of(one);
    if (!word) return {};
    words.push_back(*std::move(word));
  }
  return words;
}

}  // namespace

Result<Recipe> read_recipe(const std::string& name, const std::string& text) {
  const auto fault = [&](const toml::source_region& where, std::string_view why) {
    return Error{Errc::invalid, cat("recipe ", name, ", line ", where.begin.line, ": ", why), 0,
                 "a line is: KEY = \"VALUE\", or KEY = [\"VALUE\", \"VALUE\"]; it is TOML"};
  };
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& problem) {
    return fault(problem.source(), problem.description());
  }
  Recipe recipe{.name = name, .summary = {}, .programs = {}, .settings = {}};
  for (const auto& [key, node] : table) {
    const auto values = values_of(node);
    if (!values)
      return fault(node.source(), cat(key.str(), " is neither text nor a list of texts"));
    if (key == "summary")
      recipe.summary = join(*values, " ");
    else if (key == "programs")
      recipe.programs = *values;
    else
      recipe.settings.emplace_back(key.str(), *values);
  }
  return recipe;
}

std::vector<RecipeSource> all_recipes(const Path& user_folder) {
  std::map<std::string, RecipeSource> by_name;
  for (auto* part : {&of_user, +[](const Path&) { return built_in(); }})
    for (RecipeSource& source : part(user_folder)) by_name.emplace(source.name, std::move(source));
  std::vector<RecipeSource> all;
  for (auto& [name, source] : by_name) all.push_back(std::move(source));
  return all;
}

Result<RecipeSource> find_recipe(const std::string& name, const Path& user_folder) {
  if (name.find('/') != name.npos) {
    PosixFileSystem files;
    CAIRN_TRY(const std::string text, read_file(files, name));
    return RecipeSource{Path(name).stem(), text, name};
  }
  std::vector<std::string> names;
  for (RecipeSource& source : all_recipes(user_folder)) {
    if (source.name == name) return std::move(source);
    names.push_back(source.name);
  }
  const auto near = nearest(name, {names.begin(), names.end()});
  return Error{
      Errc::not_found, cat("there is no recipe '", name, "'"), 0,
      near ? cat("write ", *near, ", if that was meant") : std::string("see --list-recipes")};
}

}  // namespace cairn::wrap
