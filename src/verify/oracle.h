// Whether two runs gave the same result, and where they first differ.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cairn/result.h"
#include "verify/image.h"

namespace cairn::verify {

// How the user wants results compared.
struct Comparison {
  // Numbers in text and .npy are equal if |a-b| <= tolerance*max(1,|a|,|b|).  0: bytes are
  // compared.
  double tolerance = 0;
  // Globs.  One with a '/' or that matches a file's whole name leaves the file out; the others
  // leave out the lines that they match somewhere ("*elapsed*").
  std::vector<std::string> ignore;
  // For /bin/sh, with {reference} and {candidate}: folders that hold the outputs, standard output
  // as "_stdout".  Exit status 0: equal.  It decides alone, but outcomes of the same bytes are
  // equal.
  std::string command;
};

struct Difference {
  std::string file;       // "results.csv"; "stdout"
  std::string where;      // "line 17", "byte 4096" (from 0), "element [3, 4]", "is missing"
  std::string reference;  // what stands there, shortened, printable
  std::string candidate;
  // How lines differ, for append-only files: lines that are there twice, lines that are gone; both
  // only if all other lines of the reference are there in their order.  At most 5 of each, "line
  // 31: 30,0.25", the number being that in the candidate, or in the reference if it is gone.
  std::vector<std::string> twice, missing;
  // One sentence: "results.csv line 17: "3,0.25" in the reference, "3,0.5" here".
  std::string text() const;
};

// What a run gave.
struct Outcome {
  Image outputs;  // by name as delivered
  std::optional<ImageEntry> standard_output;
};

// The first difference, if there is one; files in the order of their names, stdout last.
//   scratch  a folder for what the user's command is shown; it runs in the current folder, where
//            "./compare.py" lies.  Removed after
// Errors: of the store; invalid, if the user's command cannot be run.
Result<std::optional<Difference>> first_difference(const Outcome& reference,
                                                   const Outcome& candidate,
                                                   const Comparison& comparison, ImageStore& store,
                                                   const Path& scratch);

// The same for two texts, line by line; `file` is for the result.
std::optional<Difference> first_text_difference(const std::string& reference,
                                                const std::string& candidate,
                                                const Comparison& comparison,
                                                const std::string& file);

// Compares standard output: lines of `candidate` that `reference` has not are what a program says
// about its restart ("going on from step 30") and do not count; a line of the reference that
// is missing, or is there more often than in the reference, does.  Blank lines do not count, and
// of a line that was overwritten on a terminal ("10%\r20%\n") only what stands there in the end.
std::optional<Difference> stdout_difference(const std::string& reference,
                                            const std::string& candidate,
                                            const Comparison& comparison);

}  // namespace cairn::verify
