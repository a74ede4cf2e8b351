// A recipe: how one program wants to be wrapped, as a small text that anybody can write.
//
//   # comment
//   summary = "GROMACS mdrun"
//   programs = ["gmx", "gmx_mpi"]
//   checkpoint-files = ["{option -cpo state.cpt}"]
//   resume-args = "-cpi state.cpt -append"
//
// Each key but summary and programs is an option of `cairn wrap` without its dashes; what the
// command line gives comes first.  Values may have placeholders.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "os/filesystem.h"

namespace cairn::wrap {

struct Recipe {
  std::string name;
  std::string summary;
  std::vector<std::string> programs;  // names without folders; {}: any
  std::vector<std::pair<std::string, std::vector<std::string>>> settings;
};

// Errors: invalid, with file and line.
Result<Recipe> read_recipe(const std::string& name, const std::string& text);

// A recipe and where it is from.
struct RecipeSource {
  std::string name;
  std::string text;
  std::string place;  // a file, or kBuiltIn
};
inline constexpr const char* kBuiltIn = "built in";

// A name, or a path with a '/': the user's folder first, then what is built in.
//   user_folder  ~/.config/cairn/recipes; empty: none
// Errors: not_found, with the nearest name; io.
Result<RecipeSource> find_recipe(const std::string& name, const Path& user_folder);
// All, by name; a user's hides a built-in one.
std::vector<RecipeSource> all_recipes(const Path& user_folder);

}  // namespace cairn::wrap
