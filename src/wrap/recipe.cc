#include "wrap/recipe.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <sstream>

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

}  // namespace

Result<Recipe> read_recipe(const std::string& name, const std::string& text) {
  Recipe recipe{.name = name, .summary = {}, .programs = {}, .settings = {}};
  // Line by line, so that an error can name it.
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const auto content = trim(line);
    if (content.empty() || content.starts_with('#')) continue;
    const auto fault = [&](std::string_view why) {
      return Error{Errc::invalid, cat("recipe ", name, ", line ", number, ": ", why), 0,
                   "a line is: KEY = \"VALUE\", or KEY = [\"VALUE\", \"VALUE\"]"};
    };
    if (content.find('=') == content.npos) return fault(cat("'", content, "' has no ="));
    std::vector<CLI::ConfigItem> items;
    try {
      std::istringstream one{std::string(content)};
      items = CLI::ConfigTOML().from_config(one);
    } catch (const CLI::Error& problem) {
      return fault(problem.what());
    }
    if (items.size() != 1) return fault(cat("'", content, "' is not understood"));
    const CLI::ConfigItem& item = items.front();
    if (item.name == "summary" && item.inputs.size() == 1)
      recipe.summary = item.inputs.front();
    else if (item.name == "programs")
      recipe.programs = item.inputs;
    else
      recipe.settings.emplace_back(item.name, item.inputs);
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
