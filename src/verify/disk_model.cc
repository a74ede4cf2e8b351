#include "verify/disk_model.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <span>
#include <utility>

#include "base/checksum.h"
#include "base/text.h"
#include "base/try.h"
#include "verify/machine.h"

namespace cairn::verify::disk {
namespace {

using Kind = ImageEntry::Kind;

constexpr std::uint64_t kSectorBytes = 512;  // a disk writes one of them wholly or not at all
constexpr std::uint64_t kCacheBytes = std::uint64_t{128} << 20;

}  // namespace

// --- pieces ----------------------------------------------------------------------

void Body::resize(std::uint64_t bytes) {
  if (bytes > this->bytes()) {
    pieces_.push_back({.at = this->bytes(), .bytes = bytes - this->bytes()});
    return;
  }
  while (!pieces_.empty() && pieces_.back().at >= bytes) pieces_.pop_back();
  if (!pieces_.empty()) pieces_.back().bytes = bytes - pieces_.back().at;
}

void Body::put(const Piece& piece) {
  if (piece.bytes == 0) return;
  if (piece.at > bytes()) resize(piece.at);
  // What it covers, and what it leaves of the first and the last that it covers.
  const auto first = std::partition_point(
      pieces_.begin(), pieces_.end(), [&](const Piece& there) { return there.end() <= piece.at; });
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

std::uint64_t torn_bytes(const Piece& piece) {
  const std::uint64_t middle = piece.at + piece.bytes / 2;
  const std::uint64_t sector = middle / kSectorBytes * kSectorBytes;
  return (sector > piece.at ? sector : middle) - piece.at;
}

// --- what one change does --------------------------------------------------------

namespace {

void apply_data(const Change& change, Fate fate, Body& body) {
  if (fate == Fate::absent) return;
  Piece piece = change.piece;
  if (change.of == Change::Of::length) return body.resize(piece.end());
  if (change.of == Change::Of::room || fate == Fate::zeros)
    return body.resize(std::max(body.bytes(), piece.end()));
  if (fate == Fate::torn) piece.bytes = torn_bytes(piece);
  body.put(piece);
}

// To what all earlier changes of names have left.
void apply_names(const Change& change, Tree& tree) {
  if (change.of == Change::Of::exchange) {
    std::swap(tree[change.from.folder][change.from.name], tree[change.to.folder][change.to.name]);
    return;
  }
  if (change.from.folder != kNone) tree[change.from.folder].erase(change.from.name);
  if (change.to.folder != kNone) tree[change.to.folder][change.to.name] = change.node;
}

}  // namespace

// --- what happens ----------------------------------------------------------------

Model::Model(const Image& before) : before_(before) {
  for (const auto& [path, entry] : before.entries) {
    Node node{.kind = entry.kind, .mode = entry.mode, .bytes_now = entry.bytes};
    if (entry.kind == Kind::link) node.target = entry.content;
    if (entry.kind == Kind::file)
      node.synced.put({.bytes = entry.bytes, .content = content_id(entry.content, entry.bytes)});
    const Place place = place_of(path);
    const NodeId id = add_node(std::move(node));
    tree_[place.folder][place.name] = durable_[place.folder][place.name] = id;
  }
}

ContentId Model::content_id(const std::string& name, std::uint64_t bytes) {
  const auto [entry, is_new] =
      content_ids_.try_emplace(name, static_cast<ContentId>(contents_.size()));
  if (is_new) contents_.push_back({name, bytes});
  return entry->second;
}

NodeId Model::add_node(Node node) {
  const auto id = static_cast<NodeId>(nodes_.size());
  if (node.kind == Kind::folder) tree_[id] = durable_[id] = Names();
  nodes_.push_back(std::move(node));
  return id;
}

Place Model::place_of(const std::string& path) const {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {path.empty() ? kNone : kRoot, path};
  const NodeId folder = find(tree_, std::string_view(path).substr(0, slash));
  return {folder != kNone && nodes_[folder].kind == Kind::folder ? folder : kNone,
          path.substr(slash + 1)};
}

// By its inode, for a descriptor outlives a name; before the first event of it, by its path.
NodeId Model::node_of(const Event& event) {
  if (const auto known = by_inode_.find(event.inode); event.inode != 0 && known != by_inode_.end())
    return known->second;
  const NodeId node = find(tree_, event.path);
  if (node == kNone) return kNone;
  nodes_[node].was_named = true;
  if (event.inode != 0) by_inode_[event.inode] = node;
  return node;
}

void Model::happened(const Event& event) {
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

void Model::created(const Event& event, Node node) {
  const Place place = place_of(event.path);
  const NodeId id = add_node(std::move(node));
  nodes_[id].was_named = true;
  if (event.inode != 0) by_inode_[event.inode] = id;  // an inode number is used again
  // O_TMPFILE makes a file without a name.
  if (place.folder == kNone || find(tree_, place) != kNone) return;
  change_names({.of = Change::Of::creation, .node = id, .path = event.path, .to = place});
}

void Model::opened(const Event& event) {
  if (event.created) return created(event, {});
  const NodeId node = node_of(event);
  if (event.truncated && node != kNone && nodes_[node].bytes_now > 0)
    change_data({.of = Change::Of::length, .node = node, .path = event.path});
}

void Model::wrote(const Event& event) {
  const NodeId node = node_of(event);
  if (node == kNone || nodes_[node].kind != Kind::file || event.bytes == 0) return;
  const bool known = !event.data.empty();  // else it is room that was made_, as by fallocate
  change_data({.of = known ? Change::Of::bytes : Change::Of::room,
               .node = node,
               .path = event.path,
               .piece = {.at = event.offset,
                         .bytes = event.bytes,
                         .content = known ? content_id(event.data, event.bytes) : kZeros}});
  if (event.synchronous) synchronous(node);
}

void Model::resized(const Event& event) {
  const NodeId node = node_of(event);
  if (node == kNone || nodes_[node].kind != Kind::file) return;
  change_data(
      {.of = Change::Of::length, .node = node, .path = event.path, .piece = {.at = event.offset}});
}

void Model::renamed(const Event& event) {
  const Place from = place_of(event.path), to = place_of(event.target);
  const NodeId node = find(tree_, from);
  if (node == kNone || to.folder == kNone || find(tree_, to) == node) return;
  if (event.exchange && find(tree_, to) == kNone) return;
  if (event.inode != 0) by_inode_[event.inode] = node;
  change_names({.of = event.exchange ? Change::Of::exchange : Change::Of::rename,
                .node = node,
                .path = event.path,
                .target = event.target,
                .from = from,
                .to = to});
}

void Model::linked(const Event& event) {
  const Place to = place_of(event.target);
  NodeId node = find(tree_, event.path);
  if (node == kNone) node = node_of(event);  // from O_TMPFILE
  if (node == kNone || to.folder == kNone || find(tree_, to) != kNone) return;
  change_names(
      {.of = Change::Of::link, .node = node, .path = event.path, .target = event.target, .to = to});
}

void Model::removed(const Event& event) {
  const Place from = place_of(event.path);
  const NodeId node = find(tree_, from);
  if (node == kNone) return;
  change_names({.of = Change::Of::removal, .node = node, .path = event.path, .from = from});
}

void Model::change_names(Change change) {
  apply_names(change, tree_);
  pending_.push_back(std::move(change));
}

void Model::change_data(Change change) {
  std::uint64_t& bytes_now = nodes_[change.node].bytes_now;
  const std::uint64_t end = change.piece.end();
  bytes_now = change.of == Change::Of::length ? end : std::max(bytes_now, end);
  pending_.push_back(std::move(change));
}

// What was written last is there, in a file of the size that it was given before.  What was
// written to it earlier may still be missing.
void Model::synchronous(NodeId node) {
  pending_.back().durable = true;
  for (Change& change : pending_)
    if (change.node == node && (change.of == Change::Of::length || change.of == Change::Of::room))
      change.durable = true;
  fold();
}

void Model::sync(NodeId node) {
  if (node == kNone) return;
  nodes_[node].was_synced = true;
  const auto is_in = [&](const Change& change) {
    return !change.of_data() && (change.from.folder == node || change.to.folder == node);
  };
  // The journal is written up to there.
  const auto last = std::find_if(pending_.rbegin(), pending_.rend(), is_in).base();
  std::for_each(pending_.begin(), last,
                [](Change& change) { change.durable |= !change.of_data(); });
  for (Change& change : pending_) change.durable |= change.of_data() && change.node == node;
  fold();
}

void Model::sync_all() {
  for (Node& node : nodes_) node.was_synced = true;
  for (Change& change : pending_) change.durable = true;
  fold();
}

// Durable changes become part of what is there, but those of a file's data only from the front: a
// later one is applied to what an earlier one may leave.
void Model::fold() {
  std::set<NodeId> held_back;
  std::erase_if(pending_, [&](const Change& change) {
    const bool data = change.of_data();
    if (!change.durable || (data && held_back.contains(change.node))) {
      if (data) held_back.insert(change.node);
      return false;
    }
    if (data)
      apply_data(change, Fate::present, nodes_[change.node].synced);
    else
      apply_names(change, durable_);
    return true;
  });
}

// --- mapped memory -----------------------------------------------------------------

namespace {

// Where they differ, up to the end of the shorter one: by runs, with less than a sector between
// two of them they are one.
std::vector<Piece> differences(std::string_view now, std::string_view then) {
  std::vector<Piece> found;
  const std::size_t common = std::min(now.size(), then.size());
  for (std::size_t at = 0; at < common; ++at) {
    if (now[at] == then[at]) continue;
    if (!found.empty() && at < found.back().end() + kSectorBytes)
      found.back().bytes = at + 1 - found.back().at;
    else
      found.push_back({.at = at, .bytes = 1});
  }
  return found;
}

}  // namespace

Status Model::seen(const Image& now, ImageStore& store) {
  CAIRN_TRY(const State written, state_of(Fates(pending_.size(), Fate::present), store));
  for (const auto& [path, entry] : written.image.entries) {
    const ImageEntry* const here = now.find(path);
    if (entry.kind == Kind::file && here != nullptr && here->kind == Kind::file &&
        here->content != entry.content)
      CAIRN_CHECK(saw(path, *here, entry, store));
  }
  return {};
}

// What no call has written came through mapped memory.  When it was synced is not known; so that
// nobody is accused wrongly it counts as durable where a sync has been.  A file that the program
// has never opened is another's: standard output.
Status Model::saw(const std::string& path, const ImageEntry& here, const ImageEntry& written,
                  ImageStore& store) {
  const NodeId node = find(tree_, path);
  const auto add = [&](Change::Of of, const Piece& piece) {
    change_data({.of = of,
                 .node = node,
                 .path = path,
                 .piece = piece,
                 .durable = nodes_[node].was_synced || !nodes_[node].was_named});
  };
  CAIRN_TRY(const std::string now, store.read(here));
  CAIRN_TRY(const std::string then, store.read(written));
  if (here.bytes < written.bytes) add(Change::Of::length, {.at = here.bytes});
  std::vector<Piece> pieces = differences(now, then);
  if (here.bytes > written.bytes)
    pieces.push_back({.at = written.bytes, .bytes = here.bytes - written.bytes});
  for (Piece& piece : pieces) {
    piece.content = content_id(here.content, here.bytes);
    piece.offset = piece.at;
    add(Change::Of::bytes, piece);
  }
  fold();
  return {};
}

// --- from fates to an image ------------------------------------------------------

Result<State> Model::state_of(Fates fates, ImageStore& store) {
  State state{std::move(fates), durable_, {}, {}};
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    const Change& change = pending_[i];
    if (!change.of_data() && state.fates[i] != Fate::absent) apply_names(change, state.tree);
    if (change.of_data())
      apply_data(change, state.fates[i],
                 state.bodies.try_emplace(change.node, nodes_[change.node].synced).first->second);
  }
  CAIRN_CHECK(show(state, kRoot, "", store));
  return state;
}

// What is in a folder of the state, into its image.
Status Model::show(State& state, NodeId folder, const std::string& prefix, ImageStore& store) {
  if (prefix == cat(kShmPart, "/")) return {};
  for (const auto& [name, id] : state.tree.at(folder)) {
    const Node& node = nodes_[id];
    const std::string path = prefix + name;
    ImageEntry entry{.kind = node.kind, .mode = node.mode, .content = node.target};
    if (node.kind == Kind::file) {
      const auto body = state.bodies.find(id);
      CAIRN_TRY(entry,
                put_together(node, body == state.bodies.end() ? node.synced : body->second, store));
    }
    state.image.entries.emplace(path, std::move(entry));
    // This comes to an end: a folder has one name at most, so none is in itself.
    if (node.kind == Kind::folder) CAIRN_CHECK(show(state, id, path + "/", store));
  }
  return {};
}

Result<ImageEntry> Model::put_together(const Node& node, const Body& body, ImageStore& store) {
  const auto& pieces = body.pieces();
  if (pieces.size() == 1 && pieces[0].content != kZeros && pieces[0].offset == 0 &&
      pieces[0].bytes == contents_[pieces[0].content].bytes)
    return ImageEntry{
        .mode = node.mode, .bytes = body.bytes(), .content = contents_[pieces[0].content].name};

  StreamChecksum checksum;
  for (const Piece& piece : pieces) {
    const std::array<std::uint64_t, 3> which{piece.bytes, piece.content, piece.offset};
    checksum.add(std::as_bytes(std::span(which)));
  }
  const std::string key = to_hex(checksum.value());
  auto known = made_.find(key);
  if (known == made_.end()) {
    CAIRN_TRY(const std::string bytes, bytes_of(body, store));
    CAIRN_TRY(ImageEntry entry, store.add(as_bytes(bytes)));
    known = made_.emplace(key, std::move(entry)).first;
  }
  ImageEntry entry = known->second;
  entry.mode = node.mode;
  return entry;
}

Result<std::string> Model::bytes_of(const Body& body, ImageStore& store) {
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

Result<const std::string*> Model::content_of(ContentId id, ImageStore& store) {
  if (const auto known = read_.find(id); known != read_.end()) return &known->second;
  if (read_bytes_ > kCacheBytes) {
    read_.clear();
    read_bytes_ = 0;
  }
  CAIRN_TRY(std::string bytes,
            store.read({.bytes = contents_[id].bytes, .content = contents_[id].name}));
  read_bytes_ += bytes.size();
  return &read_.emplace(id, std::move(bytes)).first->second;
}

}  // namespace cairn::verify::disk
