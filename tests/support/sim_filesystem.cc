#include "support/sim_filesystem.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <utility>

#include "base/assert.h"
#include "base/text.h"
#include "base/try.h"

namespace cairn::testing {
namespace {

using NodeId = std::size_t;
constexpr NodeId kRoot = 0;
constexpr NodeId kNone = std::numeric_limits<NodeId>::max();
constexpr std::size_t kBlockBytes = 4096;
constexpr unsigned kUmask = 022;

struct Node {
  bool folder = false;
  unsigned mode = 0;
  std::string bytes{};                 // as a reader sees them now
  std::string synced{};                // as they were at the last sync
  std::vector<std::string> between{};  // after each change since then; the last is `bytes`
  std::size_t untouched = 0;           // so many leading bytes were not changed since then

  std::int64_t changes = 0;  // so many, ever: stands for the time of the last

  bool dirty() const { return !between.empty(); }
  void changed() {
    between.push_back(bytes);
    ++changes;
  }
  void settle() {
    synced = bytes;
    between.clear();
    untouched = bytes.size();
  }
};

struct Place {
  NodeId folder = kNone;
  std::string name;
};

using Names = std::map<std::string, NodeId>;
using Tree = std::map<NodeId, Names>;  // the names in each folder

// One change of names: `node` gets the place `to`, loses the place `from`, or both.
struct NameChange {
  Place from;
  Place to;
  NodeId node = kNone;
  bool from_synced = false;
  bool to_synced = false;

  bool durable() const {
    return (from.folder == kNone || from_synced) && (to.folder == kNone || to_synced);
  }
  void synced_in(NodeId folder) {
    from_synced |= from.folder == folder;
    to_synced |= to.folder == folder;
  }
};

void apply_change(const NameChange& change, Tree& tree) {
  const bool removed = change.to.folder == kNone;
  if (change.from.folder != kNone) {
    Names& names = tree[change.from.folder];
    const auto entry = names.find(change.from.name);
    // A rename takes its own inode away, a removal whatever has the name.
    if (entry != names.end() && (removed || entry->second == change.node)) names.erase(entry);
  }
  if (!removed) tree[change.to.folder][change.to.name] = change.node;
}

void collect_reachable(const Tree& tree, NodeId from, std::set<NodeId>& found) {
  found.insert(from);
  if (const auto names = tree.find(from); names != tree.end())
    for (const auto& [name, node] : names->second) collect_reachable(tree, node, found);
}

std::vector<std::string> components(const Path& path) {
  std::vector<std::string> parts;
  for (const Path& part : path.lexically_normal())
    if (!part.empty() && part != "/" && part != ".") parts.push_back(part.native());
  return parts;
}

// --- what may become of the bytes of one file ----------------------------------

std::string garbage(std::string bytes, std::size_t from) {
  for (std::size_t i = from; i < bytes.size(); ++i) bytes[i] = static_cast<char>(~bytes[i]);
  return bytes;
}

std::string zeros(std::string bytes, std::size_t from, std::size_t to) {
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(from),
            bytes.begin() + static_cast<std::ptrdiff_t>(std::max(from, to)), '\0');
  return bytes;
}

// The lengths at which a write may be cut: nothing, a byte, the middle, blocks, all but one.
std::set<std::size_t> cuts(std::size_t from, std::size_t to) {
  std::set<std::size_t> lengths{from, from + 1, from + (to - from) / 2, to - 1};
  const std::size_t first_block = (from / kBlockBytes + 1) * kBlockBytes;
  const std::size_t last_block = (to - 1) / kBlockBytes * kBlockBytes;
  for (const std::size_t block : {first_block, first_block + kBlockBytes, last_block})
    if (block > from && block < to) lengths.insert(block);
  return lengths;
}

// Without repetition; the first is what was synced, the last what was written.
std::vector<std::string> fates(const Node& node) {
  std::vector<std::string> found{node.synced};
  const auto add = [&](std::string bytes) {
    if (bytes != node.bytes && std::find(found.begin(), found.end(), bytes) == found.end())
      found.push_back(std::move(bytes));
  };
  const std::string& all = node.bytes;
  const std::size_t from = node.untouched;
  // Of many changes a few are enough: the cuts below cover what appends leave.
  const std::size_t step = node.between.size() / 8 + 1;
  for (std::size_t i = 0; i < node.between.size(); i += step) add(node.between[i]);
  if (from < all.size()) {
    for (const std::size_t length : cuts(from, all.size())) add(all.substr(0, length));
    const std::size_t half = from + (all.size() - from) / 2;
    add(zeros(all, from, all.size()));  // the length arrived, the bytes did not
    add(zeros(all, from, half));        // the second half arrived before the first
    add(zeros(all, half, all.size()));
    add(garbage(all, from));
  }
  // A cut that did not happen, under bytes that did.
  if (node.synced.size() > all.size()) add(all + node.synced.substr(all.size()));
  add(node.synced.substr(0, from));
  if (node.synced != all) found.push_back(all);
  return found;
}

unsigned seed() {
  const char* const given = std::getenv("CAIRN_SEED");
  return given == nullptr ? 1U : static_cast<unsigned>(std::strtoul(given, nullptr, 10));
}

}  // namespace

struct SimFileSystem::Disk {
  std::vector<Node> nodes{Node{.folder = true, .mode = 0755}};
  Tree tree{{kRoot, {}}};
  Tree durable_tree{{kRoot, {}}};
  std::vector<NameChange> changes;  // since durable_tree, in order

  std::size_t operations = 0;
  std::optional<std::size_t> power_lasts_to;
  std::optional<std::size_t> fault_at;
  int fault_errno = 0;
  bool power_is_off = false;
  bool fault_happened = false;
  bool failed_sync_drops_bytes = true;
  bool lies_about_file_sync = false;
  bool lies_about_folder_sync = false;

  // Every operation begins here, and ends here if the power is off or its turn to fail has come.
  Status begin(const char* what, const Path& path) {
    const std::size_t index = operations++;
    if (power_lasts_to && index >= *power_lasts_to) {
      power_is_off = true;
      return Error{Errc::io, cat(what, " ", path.native(), ": the power is off"), EIO, {}};
    }
    if (fault_at && index == *fault_at) {
      fault_happened = true;
      return system_error(what, path, fault_errno);
    }
    return {};
  }

  NodeId find(const std::vector<std::string>& parts) const {
    NodeId node = kRoot;
    for (const std::string& part : parts) {
      if (!nodes[node].folder) return kNone;
      const Names& names = tree.at(node);
      const auto entry = names.find(part);
      if (entry == names.end()) return kNone;
      node = entry->second;
    }
    return node;
  }
  NodeId find(const Path& path) const { return find(components(path)); }

  // The folder that `path` stands in, and its name there; errno, else 0.
  std::pair<Place, int> place(const Path& path) const {
    std::vector<std::string> parts = components(path);
    if (parts.empty()) return {{}, EBUSY};  // the root
    std::string name = std::move(parts.back());
    parts.pop_back();
    const NodeId folder = find(parts);
    if (folder == kNone) return {{}, ENOENT};
    if (!nodes[folder].folder) return {{}, ENOTDIR};
    return {{folder, std::move(name)}, 0};
  }

  NodeId at(const Place& place) const {
    const Names& names = tree.at(place.folder);
    const auto entry = names.find(place.name);
    return entry == names.end() ? kNone : entry->second;
  }

  void change(NameChange change) {
    apply_change(change, tree);
    changes.push_back(std::move(change));
  }

  NodeId add_node(const Place& place, Node node) {
    const NodeId id = nodes.size();
    if (node.folder) tree[id] = durable_tree[id] = Names();
    nodes.push_back(std::move(node));
    change({.from = {}, .to = place, .node = id});
    return id;
  }

  void cut(Node& node, std::size_t length) {
    node.bytes.resize(length);
    node.untouched = std::min(node.untouched, length);
    node.changed();
  }

  void sync_names(NodeId folder) {
    for (NameChange& change : changes) change.synced_in(folder);
    // Only from the front: what comes later is applied to what came before.
    auto next = changes.begin();
    for (; next != changes.end() && next->durable(); ++next) apply_change(*next, durable_tree);
    changes.erase(changes.begin(), next);
  }

  // The kernel forgets the pages that it could not write: the length stays, the bytes go.
  static void drop_unsynced(Node& node) {
    node.bytes = zeros(node.bytes, std::min(node.untouched, node.bytes.size()), node.bytes.size());
    node.settle();
  }

  void settle() {
    for (Node& node : nodes) node.settle();
    durable_tree = tree;
    changes.clear();
  }
};

// --- open files ------------------------------------------------------------------

class SimFileSystem::OpenFile final : public File {
 public:
  OpenFile(std::shared_ptr<Disk> disk, NodeId node, Path path, bool writable)
      : disk_(std::move(disk)), node_(node), path_(std::move(path)), writable_(writable) {}

  Status append(Bytes bytes) override {
    if (!disk_) return system_error("write", path_, EBADF);
    const auto begun = disk_->begin("write", path_);
    if (!begun && disk_->power_is_off) return begun;
    if (!writable_) return system_error("write", path_, EBADF);
    const Bytes written = begun ? bytes : bytes.first(bytes.size() / 2);
    if (!written.empty()) {
      node().bytes += as_text(written);
      node().changed();
    }
    return begun;
  }

  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes into) override {
    CAIRN_CHECK(begin("read"));
    const std::string& bytes = node().bytes;
    if (offset >= bytes.size()) return std::size_t{0};
    const std::size_t count = std::min<std::size_t>(into.size(), bytes.size() - offset);
    std::copy_n(as_bytes(bytes).begin() + static_cast<std::ptrdiff_t>(offset), count, into.begin());
    return count;
  }

  Result<std::uint64_t> size() override {
    CAIRN_CHECK(begin("stat"));
    return std::uint64_t{node().bytes.size()};
  }

  Status sync() override {
    if (!disk_) return system_error("sync", path_, EBADF);
    const auto begun = disk_->begin("sync", path_);
    if (begun && !disk_->lies_about_file_sync) node().settle();
    if (!begun && !disk_->power_is_off && disk_->failed_sync_drops_bytes)
      Disk::drop_unsynced(node());
    return begun;
  }

  Status close() override {
    const auto begun = begin("close");
    disk_.reset();
    return begun;
  }

  // The disk and the inode; none once closed.
  const std::shared_ptr<Disk>& disk() const { return disk_; }
  NodeId inode() const { return node_; }

 private:
  Node& node() { return disk_->nodes[node_]; }
  Status begin(const char* what) {
    return disk_ ? disk_->begin(what, path_) : system_error(what, path_, EBADF);
  }

  std::shared_ptr<Disk> disk_;  // none once closed
  NodeId node_;
  Path path_;
  bool writable_;
};

// --- the file system ---------------------------------------------------------------

SimFileSystem::SimFileSystem() : disk_(std::make_shared<Disk>()) {}
SimFileSystem::SimFileSystem(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}
SimFileSystem::~SimFileSystem() = default;

SimFileSystem::SimFileSystem(const SimFileSystem& other)
    : disk_(std::make_shared<Disk>(*other.disk_)) {
  disk_->operations = 0;
  disk_->power_lasts_to.reset();
  disk_->fault_at.reset();
  disk_->power_is_off = disk_->fault_happened = false;
}

SimFileSystem& SimFileSystem::operator=(const SimFileSystem& other) {
  if (this != &other) disk_ = SimFileSystem(other).disk_;
  return *this;
}

std::size_t SimFileSystem::operations() const { return disk_->operations; }
void SimFileSystem::crash_after(std::size_t operations) {
  disk_->power_lasts_to = disk_->operations + operations;
}
bool SimFileSystem::power_is_off() const { return disk_->power_is_off; }
void SimFileSystem::fail_operation(std::size_t n, int sys_errno) {
  disk_->fault_at = disk_->operations + n;
  disk_->fault_errno = sys_errno;
  disk_->fault_happened = false;
}
bool SimFileSystem::fault_happened() const { return disk_->fault_happened; }
void SimFileSystem::no_more_faults() { disk_->fault_at.reset(); }
void SimFileSystem::failed_sync_drops_bytes(bool drops) { disk_->failed_sync_drops_bytes = drops; }
void SimFileSystem::lie_about_file_sync() { disk_->lies_about_file_sync = true; }
void SimFileSystem::lie_about_folder_sync() { disk_->lies_about_folder_sync = true; }
void SimFileSystem::settle() { disk_->settle(); }

void SimFileSystem::flip(const Path& path, std::uint64_t offset) {
  const NodeId id = disk_->find(path);
  CAIRN_ASSERT(id != kNone && offset < disk_->nodes[id].bytes.size(),
               "flip() wants a byte that is there");
  Node& node = disk_->nodes[id];
  node.bytes[offset] = static_cast<char>(node.bytes[offset] ^ 1);
  if (offset < node.synced.size()) node.synced[offset] = static_cast<char>(node.synced[offset] ^ 1);
}

Result<std::unique_ptr<File>> SimFileSystem::create(const Path& path, unsigned mode) {
  CAIRN_CHECK(disk_->begin("create", path));
  const auto [place, failure] = disk_->place(path);
  if (failure != 0) return system_error("create", path, failure);
  NodeId id = disk_->at(place);
  if (id == kNone)
    id = disk_->add_node(place, {.folder = false, .mode = mode & ~kUmask});
  else if (disk_->nodes[id].folder)
    return system_error("create", path, EISDIR);
  else if (!disk_->nodes[id].bytes.empty())
    disk_->cut(disk_->nodes[id], 0);
  return std::unique_ptr<File>(std::make_unique<OpenFile>(disk_, id, path, true));
}

Result<std::unique_ptr<File>> SimFileSystem::open(const Path& path) {
  CAIRN_CHECK(disk_->begin("open", path));
  const NodeId id = disk_->find(path);
  if (id == kNone) return system_error("open", path, ENOENT);
  if (disk_->nodes[id].folder) return system_error("open", path, EISDIR);
  return std::unique_ptr<File>(std::make_unique<OpenFile>(disk_, id, path, false));
}

Result<FileInfo> SimFileSystem::info(const Path& path) {
  CAIRN_CHECK(disk_->begin("stat", path));
  const NodeId id = disk_->find(path);
  if (id == kNone) return system_error("stat", path, ENOENT);
  const Node& node = disk_->nodes[id];
  return FileInfo{node.folder ? FileInfo::Kind::folder : FileInfo::Kind::file, node.bytes.size(),
                  node.mode, node.changes};
}

Status SimFileSystem::truncate(const Path& path, std::uint64_t bytes) {
  CAIRN_CHECK(disk_->begin("truncate", path));
  const NodeId id = disk_->find(path);
  if (id == kNone) return system_error("truncate", path, ENOENT);
  Node& node = disk_->nodes[id];
  if (node.folder) return system_error("truncate", path, EISDIR);
  CAIRN_ASSERT(bytes <= node.bytes.size(), "truncate() only makes files shorter");
  if (bytes < node.bytes.size()) disk_->cut(node, bytes);
  return {};
}

Result<std::unique_ptr<File>> SimFileSystem::append_to(const Path& path) {
  const NodeId id = disk_->find(path);
  if (id == kNone) return create(path);
  CAIRN_CHECK(disk_->begin("open", path));
  if (disk_->nodes[id].folder) return system_error("open", path, EISDIR);
  return std::unique_ptr<File>(new OpenFile(disk_, id, path, /*writable=*/true));
}

Status SimFileSystem::set_mode(const Path& path, unsigned mode) {
  CAIRN_CHECK(disk_->begin("change mode of", path));
  const NodeId id = disk_->find(path);
  if (id == kNone) return system_error("change mode of", path, ENOENT);
  disk_->nodes[id].mode = mode & 07777U;
  return {};
}

Result<std::vector<std::string>> SimFileSystem::list(const Path& folder) {
  CAIRN_CHECK(disk_->begin("list", folder));
  const NodeId id = disk_->find(folder);
  if (id == kNone) return system_error("list", folder, ENOENT);
  if (!disk_->nodes[id].folder) return system_error("list", folder, ENOTDIR);
  std::vector<std::string> names;
  for (const auto& [name, node] : disk_->tree.at(id)) names.push_back(name);
  return names;
}

Status SimFileSystem::make_folder(const Path& folder) {
  CAIRN_CHECK(disk_->begin("make folder", folder));
  if (const NodeId id = disk_->find(folder); id != kNone)
    return disk_->nodes[id].folder ? Status() : system_error("make folder", folder, EEXIST);
  const auto [place, failure] = disk_->place(folder);
  if (failure != 0) return system_error("make folder", folder, failure);
  disk_->add_node(place, {.folder = true, .mode = 0777 & ~kUmask});
  return {};
}

Status SimFileSystem::link(File& file, const Path& to) {
  CAIRN_CHECK(disk_->begin("link", to));
  auto* const open = dynamic_cast<OpenFile*>(&file);
  if (open == nullptr || open->disk() != disk_) return system_error("link", to, EXDEV);
  const auto [place, failure] = disk_->place(to);
  if (failure != 0) return system_error("link", to, failure);
  if (disk_->at(place) != kNone) return system_error("link", to, EEXIST);
  disk_->change({.from = {}, .to = place, .node = open->inode()});
  return {};
}

Status SimFileSystem::rename(const Path& from, const Path& to) {
  const Path both = cat(from.native(), " to ", to.native());
  CAIRN_CHECK(disk_->begin("rename", both));
  const auto [source, source_failure] = disk_->place(from);
  const auto [target, target_failure] = disk_->place(to);
  const int failure = source_failure != 0 ? source_failure : target_failure;
  if (failure != 0) return system_error("rename", both, failure);
  const NodeId node = disk_->at(source);
  const NodeId old = disk_->at(target);
  if (node == kNone) return system_error("rename", both, ENOENT);
  if (node == old) return {};
  const bool folder = disk_->nodes[node].folder;
  std::set<NodeId> below;
  collect_reachable(disk_->tree, node, below);
  if (below.contains(target.folder)) return system_error("rename", both, EINVAL);
  if (old != kNone) {
    const bool onto_folder = disk_->nodes[old].folder;
    if (folder && !onto_folder) return system_error("rename", both, ENOTDIR);
    if (!folder && onto_folder) return system_error("rename", both, EISDIR);
    if (onto_folder && !disk_->tree.at(old).empty()) return system_error("rename", both, ENOTEMPTY);
  }
  disk_->change({.from = source, .to = target, .node = node});
  return {};
}

Status SimFileSystem::remove(const Path& path) {
  CAIRN_CHECK(disk_->begin("remove", path));
  const auto [place, failure] = disk_->place(path);
  if (failure != 0) return system_error("remove", path, failure);
  const NodeId id = disk_->at(place);
  if (id == kNone) return system_error("remove", path, ENOENT);
  if (disk_->nodes[id].folder && !disk_->tree.at(id).empty())
    return system_error("remove", path, ENOTEMPTY);
  disk_->change({.from = place, .to = {}, .node = id});
  return {};
}

Status SimFileSystem::sync_directory(const Path& folder) {
  CAIRN_CHECK(disk_->begin("sync folder", folder));
  const NodeId id = disk_->find(folder);
  if (id == kNone) return system_error("open folder", folder, ENOENT);
  if (!disk_->nodes[id].folder) return system_error("open folder", folder, ENOTDIR);
  if (!disk_->lies_about_folder_sync) disk_->sync_names(id);
  return {};
}

// --- after the power cut -------------------------------------------------------------

namespace {

// A choice for each thing that is open: for each change of names whether it happened, for
// each dirty file which of its fates.
using Choices = std::vector<std::size_t>;

// Counts up; false after the last.
bool next_choices(Choices& choices, const Choices& radixes) {
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (++choices[i] < radixes[i]) return true;
    choices[i] = 0;
  }
  return false;
}

std::size_t combinations(const Choices& radixes, std::size_t most) {
  std::size_t product = 1;
  for (const std::size_t radix : radixes) {
    product *= radix;
    if (product > most) return most + 1;
  }
  return product;
}

// Both extremes and a sample, each once.  `normalize` makes equal what is the same state.
template <class Normalize>
std::set<Choices> sample(const Choices& radixes, std::size_t count, Normalize normalize) {
  static const bool said = std::printf("crash states are sampled, seed=%u\n", seed()) > 0;
  std::ignore = said;
  std::mt19937 random(seed());
  Choices all = radixes;
  for (std::size_t& choice : all) --choice;
  std::set<Choices> chosen{Choices(radixes.size(), 0), std::move(all)};
  for (std::size_t drawn = 0; drawn < 4 * count && chosen.size() < count; ++drawn) {
    Choices next;
    for (const std::size_t radix : radixes) next.push_back(random() % radix);
    normalize(next);
    chosen.insert(std::move(next));
  }
  return chosen;
}

}  // namespace

void SimFileSystem::for_each_crash_state(
    const std::function<void(SimFileSystem& disk)>& visit) const {
  std::vector<NodeId> dirty;
  std::vector<std::vector<std::string>> dirty_fates;
  Choices radixes;
  std::size_t open_changes = 0;
  for (const NameChange& change : disk_->changes) open_changes += change.durable() ? 0 : 1;
  radixes.assign(open_changes, 2);
  for (NodeId id = 0; id < disk_->nodes.size(); ++id) {
    if (!disk_->nodes[id].dirty()) continue;
    dirty.push_back(id);
    dirty_fates.push_back(fates(disk_->nodes[id]));
    radixes.push_back(dirty_fates.back().size());
  }

  std::vector<Node> durable = disk_->nodes;
  for (const NodeId id : dirty) {
    durable[id].bytes = durable[id].synced;
    durable[id].settle();
  }
  const auto tree_after = [&](const Choices& choices) {
    Tree tree = disk_->durable_tree;
    std::size_t choice = 0;
    for (const NameChange& change : disk_->changes)
      if (change.durable() || choices[choice++] == 1) apply_change(change, tree);
    return tree;
  };
  // Files that nobody can reach make no other state: their choice counts as 0.
  const auto normalize = [&](Choices& choices) {
    std::set<NodeId> reachable;
    collect_reachable(tree_after(choices), kRoot, reachable);
    for (std::size_t i = 0; i < dirty.size(); ++i)
      if (!reachable.contains(dirty[i])) choices[open_changes + i] = 0;
  };
  const auto show = [&](const Choices& choices) {
    auto after = std::make_shared<Disk>();
    after->tree = tree_after(choices);
    after->nodes = durable;
    for (std::size_t i = 0; i < dirty.size(); ++i)
      after->nodes[dirty[i]].bytes = dirty_fates[i][choices[open_changes + i]];
    after->settle();
    SimFileSystem disk(std::move(after));
    visit(disk);
  };

  if (combinations(radixes, kMaxCrashStates) > kMaxCrashStates) {
    for (const Choices& choices : sample(radixes, kMaxCrashStates, normalize)) show(choices);
    return;
  }
  Choices choices(radixes.size(), 0);
  do {
    Choices normal = choices;
    normalize(normal);
    if (normal == choices) show(choices);
  } while (next_choices(choices, radixes));
}

std::vector<SimFileSystem> SimFileSystem::crash_states() const {
  std::vector<SimFileSystem> states;
  for_each_crash_state([&](SimFileSystem& disk) { states.push_back(disk); });
  return states;
}

std::string SimFileSystem::describe() const {
  std::string text;
  const std::function<void(NodeId, const std::string&)> tell = [&](NodeId folder,
                                                                   const std::string& above) {
    for (const auto& [name, id] : disk_->tree.at(folder)) {
      const Node& node = disk_->nodes[id];
      if (node.folder) {
        text += above + name + "/\n";
        tell(id, above + name + "/");
      } else {
        text += cat(above, name, ": ", node.bytes.size(), " bytes \"", node.bytes.substr(0, 40),
                    "\"\n");
      }
    }
  };
  tell(kRoot, "");
  return text;
}

}  // namespace cairn::testing
