#include "verify/crew.h"

#include <algorithm>
#include <mutex>
#include <thread>
#include <vector>

namespace cairn::verify {

std::size_t Crew::run(std::size_t tasks, const std::function<void(std::size_t)>& task,
                      const std::function<bool(std::size_t)>& go_on) const {
  std::mutex mutex;
  std::size_t begun = 0;
  bool ended = false;
  const auto work = [&] {
    for (;;) {
      std::size_t mine = 0;
      {
        const std::lock_guard lock(mutex);
        ended = ended || begun == tasks || (go_on && !go_on(begun));
        if (ended) return;
        mine = begun++;
      }
      task(mine);
    }
  };
  std::vector<std::jthread> hands;
  const auto wanted = std::min(static_cast<std::size_t>(hands_), tasks);
  for (std::size_t hand = 0; hand < wanted; ++hand) hands.emplace_back(work);
  hands.clear();  // joins
  return begun;
}

}  // namespace cairn::verify
