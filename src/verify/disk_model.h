// A disk as the power cuts of disk.h see it: what is durable, what is pending, and what each choice
// among that leaves.  For disk*.cc alone.
//
// A file's bytes are pieces of contents of the store, so that a state is cheap until it is shown:
// only then a file that no content holds as a whole is put together.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/result.h"
#include "verify/execution.h"
#include "verify/image.h"

namespace cairn::verify::disk {

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

  void resize(std::uint64_t bytes);  // new ones are zeros
  void put(const Piece& piece);      // over what is there

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

NodeId find(const Tree& tree, const Place& place);
NodeId find(const Tree& tree, std::string_view path);

// --- what happened ---------------------------------------------------------------

struct Node {
  ImageEntry::Kind kind = ImageEntry::Kind::file;
  unsigned mode = 0644;
  std::string target{};         // of a link
  Body synced{};                // a file's bytes, as they were at its last sync
  std::uint64_t bytes_now = 0;  // as a reader sees it
  bool was_named = false;       // by any event
  bool was_synced = false;      // ever
};

// One change that a power cut may undo, until all of it is durable.
struct Change {
  enum class Of { bytes, room, length, creation, rename, exchange, link, removal };
  Of of = Of::bytes;
  NodeId node = kNone;
  std::string path{}, target{};  // as they were called then
  Place from{}, to{};            // of names: `node` loses the one, gets the other, or both
  Piece piece{};                 // of data: the bytes, their room, or the length at which they end
  bool durable = false;

  bool of_data() const { return of == Of::bytes || of == Of::room || of == Of::length; }
};

// What became of a change.  Of those that are not of bytes: absent or present.
enum class Fate : unsigned char { absent, present, zeros, torn };
using Fates = std::vector<Fate>;  // of the pending changes

// So much of a torn write is there: whole sectors, or half of a small one.
std::uint64_t torn_bytes(const Piece& piece);

// --- the disk --------------------------------------------------------------------

// What one choice of fates leaves.
struct State {
  Fates fates;
  Tree tree;
  std::map<NodeId, Body> bodies;  // of files with pending changes
  Image image;
};

class Model {
 public:
  explicit Model(const Image& before);

  void happened(const Event& event);
  // How the folder looks now.
  // Errors: of the store.
  Status seen(const Image& now, ImageStore& store);

  const Image& before() const { return before_; }
  // Some of the data may be durable, behind some that is not; none of the names is.
  const std::vector<Change>& pending() const { return pending_; }
  // Errors: of the store.
  //   fates  of names: absent behind the first that is
  Result<State> state_of(Fates fates, ImageStore& store);

 private:
  ContentId content_id(const std::string& name, std::uint64_t bytes);
  NodeId add_node(Node node);
  Place place_of(const std::string& path) const;
  NodeId node_of(const Event& event);

  void created(const Event& event, Node node);
  void opened(const Event& event);
  void wrote(const Event& event);
  void resized(const Event& event);
  void renamed(const Event& event);
  void linked(const Event& event);
  void removed(const Event& event);
  void change_names(Change change);
  void change_data(Change change);
  void synchronous(NodeId node);
  void sync(NodeId node);
  void sync_all();
  void fold();

  Status saw(const std::string& path, const ImageEntry& here, const ImageEntry& written,
             ImageStore& store);
  Status show(State& state, NodeId folder, const std::string& prefix, ImageStore& store);
  Result<ImageEntry> put_together(const Node& node, const Body& body, ImageStore& store);
  Result<std::string> bytes_of(const Body& body, ImageStore& store);
  Result<const std::string*> content_of(ContentId id, ImageStore& store);

  Image before_;
  std::vector<Node> nodes_{Node{.kind = ImageEntry::Kind::folder, .mode = 0755}};
  Tree tree_{{kRoot, {}}};  // as a reader sees it
  Tree durable_{{kRoot, {}}};
  std::vector<Change> pending_;
  std::map<std::uint64_t, NodeId> by_inode_;
  struct Content {
    std::string name;
    std::uint64_t bytes = 0;
  };
  std::vector<Content> contents_{{}};  // 0: zeros
  std::map<std::string, ContentId> content_ids_;
  std::map<std::string, ImageEntry> made_;  // files put together, by what of
  std::map<ContentId, std::string> read_;   // contents
  std::uint64_t read_bytes_ = 0;
};

}  // namespace cairn::verify::disk
