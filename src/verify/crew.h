// Several hands for independent trials.
#pragma once

#include <cstddef>
#include <functional>

namespace cairn::verify {

class Crew {
 public:
  explicit Crew(int hands) : hands_(hands) {}
  int hands() const { return hands_; }

  // Calls task(0), task(1), … each in some thread, begun in this order, until all are done.
  //   go_on  asked before each is begun: false ends it
  // Returns how many were begun; they have ended.
  std::size_t run(std::size_t tasks, const std::function<void(std::size_t)>& task,
                  const std::function<bool(std::size_t begun)>& go_on = {}) const;

 private:
  int hands_;
};

}  // namespace cairn::verify
