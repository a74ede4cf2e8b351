// A file's bytes are pieces of contents of the store, so that a state is cheap until it is shown:
// only then a file that no content holds as a whole is put together.
#include "verify/disk.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <span>
#include <utility>

#include "base/checksum.h"
#include "base/text.h"
#include "base/try.h"

namespace cairn::verify {
namespace {

using Kind = ImageEntry::Kind;

constexpr std::uint64_t kSectorBytes = 512;  // a disk writes one of them wholly or not at all
constexpr std::uint64_t kCacheBytes = std::uint64_t{128} << 20;
constexpr int kDrawsInVain = 200;          // after so many in a row all states are taken as seen
constexpr std::size_t kWordsForFiles = 3;  // a sentence names so many files

// --- bytes by reference ----------------------------------------------------------

using ContentId = std::uint32_t;
constexpr ContentId kZeros = 0;

struct Piece {
  std::uint64_t at = 0;  // in the file
  std::uint64_t bytes = 0;
  ContentId content = kZeros;
  std::uint64_t offset = 0;  // in the content

  std::uint64_t end() const { return at + bytes; }
};

// The pieces follow each other without gaps.
class Body {
 public:
  std::uint64_t bytes() const { return pieces_.empty() ? 0 : pieces_.back().end(); }
  const std::vector<Piece>& pieces() const { return pieces_; }

  void resize(std::uint64_t bytes) {
    if (bytes > this->bytes()) {
      pieces_.push_back({.at = this->bytes(), .bytes = bytes - this->bytes()});
      return;
    }
    while (!pieces_.empty() && pieces_.back().at >= bytes) pieces_.pop_back();
    if (!pieces_.empty()) pieces_.back().bytes = bytes - pieces_.back().at;
  }

  void put(const Piece& piece) {
    if (piece.bytes == 0) return;
    if (piece.at > bytes()) resize(piece.at);
    // What it covers, and what it leaves of the first and the last that it covers.
    const auto first =
        std::partition_point(pieces_.begin(), pieces_.end(),
                             [&](const Piece& there) { return there.end() <= piece.at; });
    const auto last = std::partition_point(
        first, pieces_.end(), [&](const Piece& there) { return there.at < piece.end(); });
    std::vector<Piece> now;
    if (first != last && first->at < piece.at) {
      now.push_back(*first);
      now.back().bytes = piece.at - first->at;
    }
    now.push_back(piece);
    if (first != last && std::prev(last)->end() > piece.end()) {
      Piece rest = *std::prev(last);
      rest.offset += piece.end() - rest.at;
      rest.bytes = rest.end() - piece.end();
      rest.at = piece.end();
      now.push_back(rest);
    }
    pieces_.insert(pieces_.erase(first, last), now.begin(), now.end());
  }

 private:
  std::vector<Piece> pieces_;
};

// --- names -----------------------------------------------------------------------

using NodeId = std::uint32_t;
constexpr NodeId kRoot = 0;
constexpr NodeId kNone = std::numeric_limits<NodeId>::max();

struct Place {
  NodeId folder = kNone;
  std::string name{};
};

using Names = std::map<std::string, NodeId>;
using Tree = std::map<NodeId, Names>;  // the names in each folder

NodeId find(const Tree& tree, const Place& place) {
  const auto names = tree.find(place.folder);
  if (names == tree.end()) return kNone;
  const auto entry = names->second.find(place.name);
  return entry == names->second.end() ? kNone : entry->second;
}

NodeId find(const Tree& tree, std::string_view path) {
  NodeId node = kRoot;
  while (!path.empty() && node != kNone) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (slash > 0) node = find(tree, {node, std::string(path.substr(0, slash))});
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return node;
}

// --- what happened ---------------------------------------------------------------

struct Node {
  Kind kind = Kind::file;
  unsigned mode = 0644;
  std::string target{};         // of a link
  Body synced{};                // a file's bytes, as they were at its last sync
  std::uint64_t bytes_now = 0;  // as a reader sees it
};

// One change that a power cut may undo, until all of it is durable.
struct Change {
  enum class Of { bytes, room, length, creation, rename, link, removal };
  Of of = Of::bytes;
  NodeId node = kNone;
  std::string path{}, target{};  // as they were called then
  Place from{}, to{};            // of names: `node` loses the one, gets the other, or both
  Piece piece{};                 // of data: the bytes, their room, or the length at which they end
  bool data_pending = false, from_pending = false, to_pending = false;

  bool of_data() const { return of == Of::bytes || of == Of::room || of == Of::length; }
  bool durable() const { return !data_pending && !from_pending && !to_pending; }
};

// What became of a change.  Of those that are not of bytes: absent or present.
enum class Fate : unsigned char { absent, present, zeros, torn };
using Fates = std::vector<Fate>;  // of the pending changes

// So much of a torn write is there: whole sectors, or half of a small one.
std::uint64_t torn_bytes(const Piece& piece) {
  const std::uint64_t middle = piece.at + piece.bytes / 2;
  const std::uint64_t sector = middle / kSectorBytes * kSectorBytes;
  return (sector > piece.at ? sector : middle) - piece.at;
}

void apply_data(const Change& change, Fate fate, Body& body) {
  if (fate == Fate::absent) return;
  Piece piece = change.piece;
  if (change.of == Change::Of::length) return body.resize(piece.end());
  if (change.of == Change::Of::room || fate == Fate::zeros)
    return body.resize(std::max(body.bytes(), piece.end()));
  if (fate == Fate::torn) piece.bytes = torn_bytes(piece);
  body.put(piece);
}

// Applies changes of names in their order.
class Naming {
 public:
  explicit Naming(Tree& tree) : tree_(tree) {}

  void apply(const Change& change, Fate fate) {
    if (fate != Fate::absent) return apply(change);
    if (change.of == Change::Of::rename) left_behind_[change.node].push_back(change.from);
  }

 private:
  void apply(const Change& change) {
    if (change.of == Change::Of::rename) {
      erase(change.from, change.node);
      // Or it would be under two names: an earlier rename that is not there left it behind.
      for (const Place& place : left_behind_[change.node]) erase(place, change.node);
      left_behind_.erase(change.node);
    } else if (change.of == Change::Of::removal) {
      tree_[change.from.folder].erase(change.from.name);
    }
    if (change.to.folder != kNone) tree_[change.to.folder][change.to.name] = change.node;
  }

  void erase(const Place& place, NodeId node) {
    if (find(tree_, place) == node) tree_[place.folder].erase(place.name);
  }

  Tree& tree_;
  std::map<NodeId, std::vector<Place>> left_behind_;
};

// --- words -----------------------------------------------------------------------

std::string users_name(const std::string& path) {
  constexpr std::string_view kSandbox = "sandbox/";
  return path.starts_with(kSandbox) ? path.substr(kSandbox.size()) : path;
}

std::string name_of(const Change& change) {
  const std::string path = users_name(change.path);
  switch (change.of) {
    case Change::Of::rename:
      return cat("the rename of ", path, " to ", users_name(change.target));
    case Change::Of::link:
      return cat("the link ", users_name(change.target));
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

}  // namespace

// --- the disk --------------------------------------------------------------------

struct Disk::Model {
  Image before;
  std::vector<Node> nodes{Node{.kind = Kind::folder, .mode = 0755}};
  Tree tree{{kRoot, {}}};  // as a reader sees it
  Tree durable{{kRoot, {}}};
  std::vector<Change> pending;
  std::map<std::uint64_t, NodeId> by_inode;
  struct Content {
    std::string name;
    std::uint64_t bytes = 0;
  };
  std::vector<Content> contents{{}};  // 0: zeros
  std::map<std::string, ContentId> content_ids;
  std::map<std::string, ImageEntry> made;  // files put together, by what of
  std::map<ContentId, std::string> read;
  std::uint64_t read_bytes = 0;

  explicit Model(const Image& at_first);

  ContentId content_id(const std::string& name, std::uint64_t bytes);
  NodeId add_node(Node node);
  Place place_of(const std::string& path) const;
  NodeId node_of(const Event& event);

  void happened(const Event& event);
  void created(const Event& event, Node node);
  void opened(const Event& event);
  void wrote(const Event& event);
  void resized(const Event& event);
  void renamed(const Event& event);
  void linked(const Event& event);
  void removed(const Event& event);
  void change_names(Change change);
  void change_data(Change change);
  void sync(NodeId node);
  void sync_all();
  void fold();

  struct State {
    Fates fates;
    Tree tree;
    std::map<NodeId, Body> bodies;  // of files with pending changes
    Image image;
  };
  Result<State> state_of(Fates fates, ImageStore& store);
  Status show(State& state, NodeId folder, const std::string& prefix, ImageStore& store);
  Result<ImageEntry> put_together(const Node& node, const Body& body, ImageStore& store);
  Result<std::string> bytes_of(const Body& body, ImageStore& store);
  Result<const std::string*> content_of(ContentId id, ImageStore& store);

  std::string words(const State& state, const State& full) const;
  std::string names_there(const Fates& fates) const;
  std::vector<std::string> not_there(const Fates& fates) const;
  std::string consequences(const State& state, const State& full) const;
  std::pair<int, std::string> consequence(const std::string& path, const State& state,
                                          const State& full) const;
};

Disk::Model::Model(const Image& at_first) : before(at_first) {
  for (const auto& [path, entry] : before.entries) {
    Node node{.kind = entry.kind, .mode = entry.mode, .bytes_now = entry.bytes};
    if (entry.kind == Kind::link) node.target = entry.content;
    if (entry.kind == Kind::file)
      node.synced.put({.bytes = entry.bytes, .content = content_id(entry.content, entry.bytes)});
    const Place place = place_of(path);
    const NodeId id = add_node(std::move(node));
    tree[place.folder][place.name] = durable[place.folder][place.name] = id;
  }
}

ContentId Disk::Model::content_id(const std::string& name, std::uint64_t bytes) {
  const auto [entry, is_new] =
      content_ids.try_emplace(name, static_cast<ContentId>(contents.size()));
  if (is_new) contents.push_back({name, bytes});
  return entry->second;
}

NodeId Disk::Model::add_node(Node node) {
  const auto id = static_cast<NodeId>(nodes.size());
  if (node.kind == Kind::folder) tree[id] = durable[id] = Names();
  nodes.push_back(std::move(node));
  return id;
}

Place Disk::Model::place_of(const std::string& path) const {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {path.empty() ? kNone : kRoot, path};
  const NodeId folder = find(tree, std::string_view(path).substr(0, slash));
  return {folder != kNone && nodes[folder].kind == Kind::folder ? folder : kNone,
          path.substr(slash + 1)};
}

// By its inode, for a descriptor outlives a name; before the first event of it, by its path.
NodeId Disk::Model::node_of(const Event& event) {
  if (const auto known = by_inode.find(event.inode); event.inode != 0 && known != by_inode.end())
    return known->second;
  const NodeId node = find(tree, event.path);
  if (node != kNone && event.inode != 0) by_inode[event.inode] = node;
  return node;
}

void Disk::Model::happened(const Event& event) {
  if (event.error != 0) return;
  switch (event.call) {
    case Call::open:
      return opened(event);
    case Call::write:
      return wrote(event);
    case Call::truncate:
      return resized(event);
    case Call::rename:
      return renamed(event);
    case Call::link:
      return linked(event);
    case Call::symlink:
      return created(event, {.kind = Kind::link, .mode = 0777, .target = event.target});
    case Call::unlink:
      return removed(event);
    case Call::make_folder:
      return created(event, {.kind = Kind::folder, .mode = 0755});
    case Call::sync:
      return sync(node_of(event));
    case Call::sync_disk:
      return sync_all();
    case Call::mode:
    case Call::close:
    case Call::exit:
      return;
  }
}

void Disk::Model::created(const Event& event, Node node) {
  const Place place = place_of(event.path);
  const NodeId id = add_node(std::move(node));
  if (event.inode != 0) by_inode[event.inode] = id;  // an inode number is used again
  // O_TMPFILE makes a file without a name.
  if (place.folder == kNone || find(tree, place) != kNone) return;
  change_names({.of = Change::Of::creation, .node = id, .path = event.path, .to = place});
}

void Disk::Model::opened(const Event& event) {
  if (event.created) return created(event, {});
  const NodeId node = node_of(event);
  if (event.truncated && node != kNone && nodes[node].bytes_now > 0)
    change_data({.of = Change::Of::length, .node = node, .path = event.path});
}

void Disk::Model::wrote(const Event& event) {
  const NodeId node = node_of(event);
  if (node == kNone || nodes[node].kind != Kind::file || event.bytes == 0) return;
  const bool known = !event.data.empty();  // else it is room that was made, as by fallocate
  change_data({.of = known ? Change::Of::bytes : Change::Of::room,
               .node = node,
               .path = event.path,
               .piece = {.at = event.offset,
                         .bytes = event.bytes,
                         .content = known ? content_id(event.data, event.bytes) : kZeros}});
  if (event.synchronous) pending.back().data_pending = false;
}

void Disk::Model::resized(const Event& event) {
  const NodeId node = node_of(event);
  if (node == kNone || nodes[node].kind != Kind::file) return;
  change_data(
      {.of = Change::Of::length, .node = node, .path = event.path, .piece = {.at = event.offset}});
}

void Disk::Model::renamed(const Event& event) {
  const Place from = place_of(event.path), to = place_of(event.target);
  const NodeId node = find(tree, from);
  if (node == kNone || to.folder == kNone || find(tree, to) == node) return;
  if (event.inode != 0) by_inode[event.inode] = node;
  change_names({.of = Change::Of::rename,
                .node = node,
                .path = event.path,
                .target = event.target,
                .from = from,
                .to = to});
}

void Disk::Model::linked(const Event& event) {
  const Place to = place_of(event.target);
  NodeId node = find(tree, event.path);
  if (node == kNone) node = node_of(event);  // from O_TMPFILE
  if (node == kNone || to.folder == kNone || find(tree, to) != kNone) return;
  change_names(
      {.of = Change::Of::link, .node = node, .path = event.path, .target = event.target, .to = to});
}

void Disk::Model::removed(const Event& event) {
  const Place from = place_of(event.path);
  const NodeId node = find(tree, from);
  if (node == kNone) return;
  change_names({.of = Change::Of::removal, .node = node, .path = event.path, .from = from});
}

void Disk::Model::change_names(Change change) {
  change.from_pending = change.from.folder != kNone;
  change.to_pending = change.to.folder != kNone;
  Naming(tree).apply(change, Fate::present);
  pending.push_back(std::move(change));
}

void Disk::Model::change_data(Change change) {
  std::uint64_t& bytes_now = nodes[change.node].bytes_now;
  const std::uint64_t end = change.piece.end();
  bytes_now = change.of == Change::Of::length ? end : std::max(bytes_now, end);
  change.data_pending = true;
  pending.push_back(std::move(change));
}

void Disk::Model::sync(NodeId node) {
  if (node == kNone) return;
  for (Change& change : pending) {
    if (change.of_data() && change.node == node) change.data_pending = false;
    if (change.from.folder == node) change.from_pending = false;
    if (change.to.folder == node) change.to_pending = false;
  }
  fold();
}

void Disk::Model::sync_all() {
  for (Change& change : pending)
    change.data_pending = change.from_pending = change.to_pending = false;
  fold();
}

// Durable changes become part of what is there, but only from the front: a later one is applied
// to what an earlier one may leave.
void Disk::Model::fold() {
  std::set<NodeId> held_back;
  bool names_held_back = false;
  std::erase_if(pending, [&](const Change& change) {
    const bool data = change.of_data();
    if (!change.durable() || (data ? held_back.contains(change.node) : names_held_back)) {
      if (data)
        held_back.insert(change.node);
      else
        names_held_back = true;
      return false;
    }
    if (data)
      apply_data(change, Fate::present, nodes[change.node].synced);
    else
      Naming(durable).apply(change, Fate::present);
    return true;
  });
}

// --- from fates to an image ------------------------------------------------------

Result<Disk::Model::State> Disk::Model::state_of(Fates fates, ImageStore& store) {
  State state{std::move(fates), durable, {}, {}};
  Naming naming(state.tree);
  for (std::size_t i = 0; i < pending.size(); ++i) {
    const Change& change = pending[i];
    if (!change.of_data())
      naming.apply(change, state.fates[i]);
    else
      apply_data(change, state.fates[i],
                 state.bodies.try_emplace(change.node, nodes[change.node].synced).first->second);
  }
  CAIRN_CHECK(show(state, kRoot, "", store));
  return state;
}

// What is in a folder of the state, into its image.
Status Disk::Model::show(State& state, NodeId folder, const std::string& prefix,
                         ImageStore& store) {
  if (prefix == cat(kShmPart, "/")) return {};
  for (const auto& [name, id] : state.tree.at(folder)) {
    const Node& node = nodes[id];
    const std::string path = prefix + name;
    ImageEntry entry{.kind = node.kind, .mode = node.mode, .content = node.target};
    if (node.kind == Kind::file) {
      const auto body = state.bodies.find(id);
      CAIRN_TRY(entry,
                put_together(node, body == state.bodies.end() ? node.synced : body->second, store));
    }
    // A folder that moved may be in itself where one of its renames is not there: once is enough.
    const bool is_new = state.image.entries.emplace(path, std::move(entry)).second;
    if (node.kind == Kind::folder && is_new && path.size() < 4096)
      CAIRN_CHECK(show(state, id, path + "/", store));
  }
  return {};
}

Result<ImageEntry> Disk::Model::put_together(const Node& node, const Body& body,
                                             ImageStore& store) {
  const auto& pieces = body.pieces();
  if (pieces.size() == 1 && pieces[0].content != kZeros && pieces[0].offset == 0 &&
      pieces[0].bytes == contents[pieces[0].content].bytes)
    return ImageEntry{
        .mode = node.mode, .bytes = body.bytes(), .content = contents[pieces[0].content].name};

  StreamChecksum checksum;
  for (const Piece& piece : pieces) {
    const std::array<std::uint64_t, 3> which{piece.bytes, piece.content, piece.offset};
    checksum.add(std::as_bytes(std::span(which)));
  }
  const std::string key = to_hex(checksum.value());
  auto known = made.find(key);
  if (known == made.end()) {
    CAIRN_TRY(const std::string bytes, bytes_of(body, store));
    CAIRN_TRY(ImageEntry entry, store.add(as_bytes(bytes)));
    known = made.emplace(key, std::move(entry)).first;
  }
  ImageEntry entry = known->second;
  entry.mode = node.mode;
  return entry;
}

Result<std::string> Disk::Model::bytes_of(const Body& body, ImageStore& store) {
  std::string bytes;
  bytes.reserve(body.bytes());
  for (const Piece& piece : body.pieces()) {
    if (piece.content == kZeros) {
      bytes.append(piece.bytes, '\0');
      continue;
    }
    CAIRN_TRY(const std::string* const content, content_of(piece.content, store));
    bytes.append(*content, piece.offset, piece.bytes);
    bytes.resize(piece.end(), '\0');
  }
  return bytes;
}

Result<const std::string*> Disk::Model::content_of(ContentId id, ImageStore& store) {
  if (const auto known = read.find(id); known != read.end()) return &known->second;
  if (read_bytes > kCacheBytes) {
    read.clear();
    read_bytes = 0;
  }
  CAIRN_TRY(std::string bytes,
            store.read({.bytes = contents[id].bytes, .content = contents[id].name}));
  read_bytes += bytes.size();
  return &read.emplace(id, std::move(bytes)).first->second;
}

// --- which states ----------------------------------------------------------------

namespace {

// The states worth a look, as recipes: there may be as many as changes, each as long.
class Recipes {
 public:
  explicit Recipes(const std::vector<Change>& pending) : pending_(pending) {
    std::set<NodeId> seen;
    for (std::size_t i = pending.size(); i-- > 0;) {
      if (pending[i].durable()) continue;
      open_.push_back(i);
      if (!pending[i].of_data())
        names_.push_back(i);
      else if (seen.insert(pending[i].node).second)
        files_.push_back(pending[i].node);
    }
  }

  bool nothing_is_open() const { return open_.empty(); }

  Fates everything() const {
    return made([](std::size_t) { return Fate::present; });
  }
  Fates nothing() const {
    return made([](std::size_t) { return Fate::absent; });
  }

  // In the order in which they are to be tried.
  std::vector<std::function<Fates()>> all(std::size_t limit) const {
    std::vector<std::function<Fates()>> recipes{
        [this] { return nothing(); }, [this] { return names_and(Fate::zeros, Fate::present); },
        [this] { return names_and(Fate::absent, Fate::present); },
        [this] { return names_and(Fate::absent, Fate::absent); },
        [this] {
          return made([&](std::size_t i) { return of_data(i) ? Fate::present : Fate::absent; });
        }};
    const auto of_files = spread(files_, limit);
    const auto of_names = spread(names_, limit);
    const auto prefixes = spread(open_, limit);
    for (std::size_t n = 0; n < std::max({of_files.size(), of_names.size(), prefixes.size()});
         ++n) {
      if (n < of_files.size()) add_of_file(of_files[n], recipes);
      if (n < of_names.size())
        recipes.push_back([this, name = of_names[n]] {
          return made([&](std::size_t i) { return i == name ? Fate::absent : Fate::present; });
        });
      if (n < prefixes.size())
        recipes.push_back([this, last = prefixes[n]] { return torn_at(last); });
    }
    return recipes;
  }

  // Each file's writes share a fate more often than not, as the system writes files back one by
  // one.
  Fates random(std::mt19937_64& source) const {
    const auto coin = [&] { return source() % 2 == 0 ? Fate::absent : Fate::present; };
    const auto any = [&] { return static_cast<Fate>(source() % 4); };
    std::map<NodeId, std::pair<std::uint64_t, Fate>> of_files;
    for (const NodeId file : files_) of_files[file] = {source() % 3, any()};
    return made([&](std::size_t i) {
      if (!of_data(i)) return coin();
      const auto& [mixed, shared] = of_files[pending_[i].node];
      return mixed == 0 ? any() : shared;
    });
  }

 private:
  using List = std::vector<std::function<Fates()>>;

  bool of_data(std::size_t i) const { return pending_[i].of_data(); }

  // What is durable is there; torn and zeros are fates of bytes only.
  template <class Choose>
  Fates made(Choose choose) const {
    Fates fates(pending_.size(), Fate::present);
    for (const std::size_t i : open_) {
      fates[i] = choose(i);
      if (pending_[i].of != Change::Of::bytes && fates[i] != Fate::absent) fates[i] = Fate::present;
    }
    return fates;
  }

  Fate of_bytes_or_length(std::size_t i, Fate bytes, Fate length) const {
    return pending_[i].of == Change::Of::bytes ? bytes : length;
  }

  Fates names_and(Fate bytes, Fate length) const {
    return made([&](std::size_t i) {
      return of_data(i) ? of_bytes_or_length(i, bytes, length) : Fate::present;
    });
  }

  // Everything is there but this file's bytes; and but the half of its last write.
  void add_of_file(NodeId file, List& recipes) const {
    const auto lost = [this, file](Fate bytes, Fate length) {
      return made([&](std::size_t i) {
        return of_data(i) && pending_[i].node == file ? of_bytes_or_length(i, bytes, length)
                                                      : Fate::present;
      });
    };
    recipes.push_back([=] { return lost(Fate::absent, Fate::present); });
    recipes.push_back([this, file] {
      const auto last = std::find_if(open_.begin(), open_.end(), [&](std::size_t i) {
        return of_data(i) && pending_[i].node == file;
      });
      return made([&](std::size_t i) { return i == *last ? Fate::torn : Fate::present; });
    });
    recipes.push_back([=] { return lost(Fate::zeros, Fate::present); });
    recipes.push_back([=] { return lost(Fate::absent, Fate::absent); });
  }

  // As a journal leaves it: in order up to `last`, of which only a half is there.
  Fates torn_at(std::size_t last) const {
    return made([&](std::size_t i) {
      return i < last ? Fate::present : (i == last ? Fate::torn : Fate::absent);
    });
  }

  // All, or as many as `limit`, evenly.
  template <class T>
  static std::vector<T> spread(const std::vector<T>& all, std::size_t limit) {
    if (all.size() <= limit) return all;
    std::vector<T> some;
    for (std::size_t n = 0; n < limit; ++n) some.push_back(all[n * all.size() / limit]);
    return some;
  }

  const std::vector<Change>& pending_;
  std::vector<std::size_t> open_, names_;  // changes, the latest first
  std::vector<NodeId> files_;              // the one that was last written to first
};

}  // namespace

Result<std::vector<PowerCut>> Disk::power_cuts(int boundary, std::size_t limit, std::uint64_t seed,
                                               ImageStore& store) {
  const Recipes recipes(model_->pending);
  std::vector<PowerCut> cuts;
  if (recipes.nothing_is_open()) return cuts;
  CAIRN_TRY(const Model::State full, model_->state_of(recipes.everything(), store));
  std::set<std::string> seen{key_of(full.image)};
  const auto try_state = [&](Fates fates) -> Status {
    CAIRN_TRY(Model::State state, model_->state_of(std::move(fates), store));
    if (!seen.insert(key_of(state.image)).second) return {};
    std::string what = model_->words(state, full);
    cuts.push_back({boundary, std::move(what), std::move(state.image)});
    return {};
  };
  for (const auto& recipe : recipes.all(limit)) {
    if (cuts.size() >= limit) return cuts;
    CAIRN_CHECK(try_state(recipe()));
  }
  std::mt19937_64 source(seed + 0x9e3779b97f4a7c15U * static_cast<std::uint64_t>(boundary));
  for (int in_vain = 0; in_vain < kDrawsInVain && cuts.size() < limit; ++in_vain) {
    const std::size_t shown = cuts.size();
    CAIRN_CHECK(try_state(recipes.random(source)));
    if (cuts.size() > shown) in_vain = 0;
  }
  return cuts;
}

// --- what a state is called --------------------------------------------------------

std::string Disk::Model::words(const State& state, const State& full) const {
  const std::vector<std::string> missing = not_there(state.fates);
  const std::string there = names_there(state.fates);
  std::string text = there;
  for (std::size_t n = 0; n < missing.size(); ++n)
    text +=
        cat(text.empty() ? "" : ", ", missing[n], n == 0 && there.empty() ? " on the disk" : "");
  return cat(text, ": ", consequences(state, full));
}

// The names that are there and should not: of a file whose bytes are missing.  If there is none,
// those without which others should not be missing.
std::string Disk::Model::names_there(const Fates& fates) const {
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
    if (change.durable() || change.of_data() || fates[i] == Fate::absent) continue;
    const bool rename = change.of == Change::Of::rename;
    if (rename && incomplete.contains(change.node)) telling.push_back(name_of(change));
    if (names_are_missing) (rename ? renames : others).push_back(name_of(change));
  }
  const auto& names = !telling.empty() ? telling : (!renames.empty() ? renames : others);
  if (names.empty()) return {};
  return cat(enumerated(names, 2, "other changes of names"),
             names.size() == 1 ? " is on the disk" : " are on the disk");
}

// "the 1024 bytes written to state.tmp are not", "the removal of old.dat is not".
std::vector<std::string> Disk::Model::not_there(const Fates& fates) const {
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
    if (change.durable()) continue;
    if (!change.of_data()) {
      if (fates[i] == Fate::absent) names.push_back(name_of(change));
      continue;
    }
    const auto [entry, is_new] = files.try_emplace(change.node);
    if (is_new) order.push_back(change.node);
    Written& written = entry->second;
    if (written.path.empty()) written.path = users_name(change.path);
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

std::string Disk::Model::consequences(const State& state, const State& full) const {
  std::set<std::string> paths;
  for (const Image* image : {&state.image, &full.image})
    for (const auto& [path, entry] : image->entries) paths.insert(path);
  std::vector<std::pair<int, std::string>> found;  // the worst first
  for (const std::string& path : paths) {
    const ImageEntry* const here = state.image.find(path);
    const ImageEntry* const there = full.image.find(path);
    if (here == nullptr || there == nullptr || *here != *there)
      found.push_back(consequence(path, state, full));
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

// What has become of one name that is not what was written.
std::pair<int, std::string> Disk::Model::consequence(const std::string& path, const State& state,
                                                     const State& full) const {
  const std::string name = users_name(path);
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

// --- the interface -----------------------------------------------------------------

Disk::Disk(const Image& before) : model_(std::make_unique<Model>(before)) {}
Disk::Disk(Disk&&) noexcept = default;
Disk& Disk::operator=(Disk&&) noexcept = default;
Disk::~Disk() = default;

void Disk::happened(const Event& event) { model_->happened(event); }

Result<std::vector<PowerCut>> power_cuts(const Image& before, const std::vector<Event>& events,
                                         int boundary, std::size_t limit, std::uint64_t seed,
                                         ImageStore& store) {
  Disk disk(before);
  for (const Event& event : events)
    if (event.boundary < boundary) disk.happened(event);
  return disk.power_cuts(boundary, limit, seed, store);
}

}  // namespace cairn::verify
