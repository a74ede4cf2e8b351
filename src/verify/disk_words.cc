#include "verify/disk_words.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "verify/machine.h"

namespace cairn::verify::disk {
namespace {

using Kind = ImageEntry::Kind;

constexpr std::size_t kWordsForFiles = 3;  // a sentence names so many files

std::string name_of(const Change& change) {
  const std::string path = seen_name(change.path);
  switch (change.of) {
    case Change::Of::rename:
      return cat("the rename of ", path, " to ", seen_name(change.target));
    case Change::Of::exchange:
      return cat("the exchange of ", path, " and ", seen_name(change.target));
    case Change::Of::link:
      return cat("the link ", seen_name(change.target));
    case Change::Of::removal:
      return cat("the removal of ", path);
    default:
      return cat("the creation of ", path);
  }
}

std::string bytes_text(std::uint64_t bytes) { return cat(bytes, bytes == 1 ? " byte" : " bytes"); }

// Where the first of them begin, and how many.
std::pair<std::uint64_t, std::uint64_t> first_zeros(const Body& body) {
  std::pair<std::uint64_t, std::uint64_t> zeros{0, 0};
  for (const Piece& piece : body.pieces()) {
    if (piece.content != kZeros && zeros.second > 0) break;
    if (piece.content == kZeros && zeros.second == 0) zeros.first = piece.at;
    if (piece.content == kZeros) zeros.second += piece.bytes;
  }
  return zeros;
}

// "a, b and c"; the first ones, if there are too many.
std::string enumerated(const std::vector<std::string>& parts, std::size_t most,
                       const char* others) {
  std::string text;
  const std::size_t shown = parts.size() <= most ? parts.size() : most - 1;
  for (std::size_t i = 0; i < shown; ++i)
    text += cat(i == 0 ? "" : (i + 1 == parts.size() ? " and " : ", "), parts[i]);
  if (shown < parts.size()) text += cat(" and ", parts.size() - shown, " ", others);
  return text;
}

// The names that are there and should not: of a file whose bytes are missing.  If there is none,
// those without which others should not be missing.
std::string names_there(const std::vector<Change>& pending, const Fates& fates) {
  std::set<NodeId> incomplete;
  bool names_are_missing = false;
  for (std::size_t i = 0; i < pending.size(); ++i) {
    if (fates[i] == Fate::present) continue;
    if (pending[i].of_data())
      incomplete.insert(pending[i].node);
    else
      names_are_missing = true;
  }
  std::vector<std::string> telling, renames, others;
  for (std::size_t i = pending.size(); i-- > 0;) {
    const Change& change = pending[i];
    if (change.durable || change.of_data() || fates[i] == Fate::absent) continue;
    const bool rename = change.of == Change::Of::rename || change.of == Change::Of::exchange;
    if (rename && incomplete.contains(change.node)) telling.push_back(name_of(change));
    if (names_are_missing) (rename ? renames : others).push_back(name_of(change));
  }
  const auto& names = !telling.empty() ? telling : (!renames.empty() ? renames : others);
  if (names.empty()) return {};
  return cat(enumerated(names, 2, "other changes of names"),
             names.size() == 1 ? " is on the disk" : " are on the disk");
}

// "the 1024 bytes written to state.tmp are not", "the removal of old.dat is not".
std::vector<std::string> not_there(const std::vector<Change>& pending, const Fates& fates) {
  struct Written {
    std::string path;
    std::uint64_t bytes = 0, absent = 0, zeros = 0;
    bool length_is_old = false;
  };
  std::map<NodeId, Written> files;
  std::vector<NodeId> order;
  std::vector<std::string> names, sentences;
  for (std::size_t i = pending.size(); i-- > 0;) {
    const Change& change = pending[i];
    if (change.durable) continue;
    if (!change.of_data()) {
      if (fates[i] == Fate::absent) names.push_back(name_of(change));
      continue;
    }
    const auto [entry, is_new] = files.try_emplace(change.node);
    if (is_new) order.push_back(change.node);
    Written& written = entry->second;
    if (written.path.empty()) written.path = seen_name(change.path);
    if (change.of != Change::Of::bytes) {
      written.length_is_old |= fates[i] == Fate::absent;
      continue;
    }
    written.bytes += change.piece.bytes;
    if (fates[i] == Fate::absent) written.absent += change.piece.bytes;
    if (fates[i] == Fate::zeros) written.zeros += change.piece.bytes;
    if (fates[i] == Fate::torn) written.absent += change.piece.bytes - torn_bytes(change.piece);
  }
  if (!names.empty())
    sentences.push_back(cat(enumerated(names, kWordsForFiles, "other changes of names"),
                            names.size() == 1 ? " is not" : " are not"));
  std::size_t files_more = 0;
  for (const NodeId node : order) {
    const Written& written = files[node];
    const std::uint64_t lost = written.absent + written.zeros;
    if (lost == 0 && !written.length_is_old) continue;
    if (sentences.size() > kWordsForFiles) {
      ++files_more;
    } else if (lost == 0) {
      sentences.push_back(cat("the new length of ", written.path, " is not"));
    } else if (lost == written.bytes) {
      sentences.push_back(cat("the ", bytes_text(lost), " written to ", written.path,
                              lost == 1 ? " is not" : " are not"));
    } else {
      sentences.push_back(cat(lost, " of the ", bytes_text(written.bytes), " written to ",
                              written.path, lost == 1 ? " is not" : " are not"));
    }
  }
  if (files_more > 0)
    sentences.push_back(cat("what was written to ", files_more,
                            files_more == 1 ? " other file is not" : " other files is not"));
  return sentences;
}

// What has become of one name that is not what was written.
std::pair<int, std::string> consequence(const std::string& path, const Image& before,
                                        const State& state, const State& full) {
  const std::string name = seen_name(path);
  const ImageEntry* const here = state.image.find(path);
  const ImageEntry* const there = full.image.find(path);
  const ImageEntry* const then = before.find(path);
  if (here == nullptr) return {4, cat(name, " is missing")};
  if (then != nullptr && *here == *then)
    return {5, cat(name, there == nullptr ? " is still there" : " is as it was before")};
  if (there == nullptr) return {6, cat(name, " is there")};
  if (here->kind != Kind::file || there->kind != Kind::file) return {7, cat(name, " is another")};
  if (here->bytes == 0) return {0, cat(name, " is empty")};
  if (here->bytes < there->bytes)
    return {1, cat(name, " has ", here->bytes, " of its ", bytes_text(there->bytes))};
  if (const auto body = state.bodies.find(find(state.tree, path)); body != state.bodies.end())
    if (const auto [at, bytes] = first_zeros(body->second); bytes > 0)
      return {2, cat(name, " has ", bytes_text(bytes), " of zeros",
                     at == 0 ? "" : cat(" at byte ", at))};
  return {3, cat(name, " is partly new and partly old")};
}

std::string consequences(const Image& before, const State& state, const State& full) {
  std::set<std::string> paths;
  for (const Image* image : {&state.image, &full.image})
    for (const auto& [path, entry] : image->entries) paths.insert(path);
  std::vector<std::pair<int, std::string>> found;  // the worst first
  for (const std::string& path : paths) {
    const ImageEntry* const here = state.image.find(path);
    const ImageEntry* const there = full.image.find(path);
    if (here == nullptr || there == nullptr || *here != *there)
      found.push_back(consequence(path, before, state, full));
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& left, const auto& right) { return left.first < right.first; });
  std::vector<std::string> sentences;
  for (auto& [rank, sentence] : found) sentences.push_back(std::move(sentence));
  if (sentences.size() <= kWordsForFiles) return join(sentences, ", ");
  const std::size_t more = sentences.size() - kWordsForFiles;
  sentences.resize(kWordsForFiles);
  return cat(join(sentences, ", "), ", and ", more,
             more == 1 ? " other differs" : " others differ");
}

}  // namespace

std::string words(const Model& model, const State& state, const State& full) {
  const std::vector<std::string> missing = not_there(model.pending(), state.fates);
  const std::string there = names_there(model.pending(), state.fates);
  std::string text = there;
  for (std::size_t n = 0; n < missing.size(); ++n)
    text +=
        cat(text.empty() ? "" : ", ", missing[n], n == 0 && there.empty() ? " on the disk" : "");
  return cat(text, ": ", consequences(model.before(), state, full));
}

}  // namespace cairn::verify::disk
