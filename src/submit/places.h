// Where something stands: the submit file, what it includes, the command line.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "cairn/result.h"

namespace cairn {

struct Place {
  int file = 0;  // index of SubmitPlaces; kCommandLine
  int line = 0;  // 0: of the file as a whole
};
inline constexpr int kCommandLine = -1;

class SubmitPlaces {
 public:
  explicit SubmitPlaces(std::string file) { files_.push_back({std::move(file), {}}); }
  int add(std::string name, Place included_at) {
    files_.push_back({std::move(name), included_at});
    return static_cast<int>(files_.size()) - 1;
  }
  // "job.sub:4", "inc.conf:2 (included at job.sub:3)"
  std::string text(Place place) const {
    if (place.file < 0) return "command line";
    const File& file = files_.at(static_cast<std::size_t>(place.file));
    std::string text = place.line > 0 ? cat(file.name, ":", place.line) : file.name;
    if (place.file > 0) text += cat(" (included at ", this->text(file.included_at), ")");
    return text;
  }
  Error at(Place place, Error error) const {
    error.message = cat(text(place), ": ", error.message);
    return error;
  }

 private:
  struct File {
    std::string name;
    Place included_at;
  };
  std::vector<File> files_;
};

}  // namespace cairn
