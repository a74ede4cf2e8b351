#include "engine/protocol.h"

#include <array>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "base/bytes.h"
#include "base/text.h"
#include "base/try.h"

namespace cairn {

using Json = nlohmann::json;

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ExitStatus, by_signal, code, signal, core_dumped)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StageOrder, ad, machine_ad, job_folder, sandbox, slot, mark,
                                   cpus, htcondor, adopt, has_checkpoint, suspect, recall,
                                   memory_kb_max, group)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SpoolOrder, number, outputs, early)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(FinishOrder, succeeded)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SignalOrder, signal)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(QuitOrder, deliver, clean_up)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Started, pid)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Use, resident_kb, disk_kb)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Exited, exit, user_ms, system_ms, use)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Measured, use)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(OverMemory, used_kb)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Taken, number)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Spooled, number, bytes, elapsed_ms, unchanged)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SpoolFailed, retryable, message, error_number)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Finished, bytes)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(FinishFailed, code, subcode, message)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StartFailed, code, subcode, message)

static void to_json(Json& json, const Staged& staged) {
  json = {{"bytes", staged.bytes}, {"warnings", staged.warnings}};
  if (staged.checkpoint) json["checkpoint"] = *staged.checkpoint;
}

static void from_json(const Json& json, Staged& staged) {
  json.at("bytes").get_to(staged.bytes);
  json.at("warnings").get_to(staged.warnings);
  if (json.contains("checkpoint")) staged.checkpoint = json["checkpoint"].get<std::int64_t>();
}

namespace {

// [index of the alternative, its fields] as MessagePack: unlike JSON text it takes
// file names and environments that are no valid UTF-8.
template <class Variant>
std::string encode_variant(const Variant& value) {
  Json fields = std::visit(
      [](const auto& message) {
        if constexpr (std::is_empty_v<std::decay_t<decltype(message)>>)
          return Json();
        else
          return Json(message);
      },
      value);
  std::string bytes;
  Json::to_msgpack(Json::array({value.index(), std::move(fields)}), bytes);
  return bytes;
}

template <class Variant, std::size_t... I>
Variant decode_alternative(std::size_t index, const Json& fields, std::index_sequence<I...>) {
  Variant value;
  const auto fill = [&]<std::size_t N>(std::integral_constant<std::size_t, N>) {
    if (index != N) return;
    using Message = std::variant_alternative_t<N, Variant>;
    Message message{};
    if constexpr (!std::is_empty_v<Message>) fields.get_to(message);
    value = std::move(message);
  };
  (fill(std::integral_constant<std::size_t, I>{}), ...);
  return value;
}

// Counts levels, and stops at too many.
class Depth final : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool key(string_t&) override { return true; }
  bool start_object(std::size_t) override { return ++depth_ <= kDepthMax; }
  bool start_array(std::size_t) override { return ++depth_ <= kDepthMax; }
  bool end_object() override { return --depth_ >= 0; }
  bool end_array() override { return --depth_ >= 0; }
  bool parse_error(std::size_t, const std::string&, const Json::exception&) override {
    return false;
  }

 private:
  static constexpr int kDepthMax = 8;
  int depth_ = 0;
};

template <class Variant>
Result<Variant> decode_variant(std::string_view bytes) {
  constexpr std::size_t kAlternatives = std::variant_size_v<Variant>;
  if (!is_shallow(bytes))
    return Error{Errc::corrupt, "a message cannot be read: it is damaged", 0, {}};
  try {
    const Json json = Json::from_msgpack(bytes);
    const auto index = json.at(0).get<std::size_t>();
    if (index >= kAlternatives)
      return Error{Errc::corrupt, cat("a message of unknown kind ", index), 0, {}};
    return decode_alternative<Variant>(index, json.at(1),
                                       std::make_index_sequence<kAlternatives>{});
  } catch (const Json::exception& problem) {
    return Error{Errc::corrupt, cat("a message cannot be read: ", problem.what()), 0, {}};
  }
}

}  // namespace

bool has_grown(const Growth& size) {
  constexpr std::int64_t kMegabyte = 1024;
  return size.from == 0 ? size.to > 0 : size.to > size.from + size.from / 10 + kMegabyte;
}

std::string encode(const Order& order) { return encode_variant(order); }
std::string encode(const Report& report) { return encode_variant(report); }
Result<Order> decode_order(std::string_view bytes) { return decode_variant<Order>(bytes); }
Result<Report> decode_report(std::string_view bytes) { return decode_variant<Report>(bytes); }

bool is_shallow(std::string_view message) {
  Depth depth;
  return Json::sax_parse(message, &depth, Json::input_format_t::msgpack);
}

std::string framed(std::string_view message) {
  std::array<std::byte, kLengthBytes> length;
  store_le(MutableBytes(length), static_cast<std::uint32_t>(message.size()));
  return cat(as_text(length), message);
}

Result<std::optional<std::string>> Unframer::next() {
  if (pending_.size() < kLengthBytes) return std::optional<std::string>();
  const std::size_t bytes = load_le<std::uint32_t>(as_bytes(pending_));
  if (bytes > kMessageBytesMax)
    return Error{Errc::corrupt, cat("a message claims ", bytes, " bytes"), 0, {}};
  if (pending_.size() < kLengthBytes + bytes) return std::optional<std::string>();
  std::optional message(pending_.substr(kLengthBytes, bytes));
  pending_.erase(0, kLengthBytes + bytes);
  return message;
}

}  // namespace cairn
