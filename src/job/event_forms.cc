#include "job/event_forms.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/text.h"
#include "base/try.h"
#include "classad/literal.h"

namespace cairn {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxNesting = 20;

constexpr std::array<std::pair<int, std::string_view>, 17> kTypes = {{
    {0, "SubmitEvent"},
    {1, "ExecuteEvent"},
    {4, "JobEvictedEvent"},
    {5, "JobTerminatedEvent"},
    {6, "JobImageSizeEvent"},
    {7, "ShadowExceptionEvent"},
    {8, "GenericEvent"},
    {9, "JobAbortedEvent"},
    {10, "JobSuspendedEvent"},
    {11, "JobUnsuspendedEvent"},
    {12, "JobHeldEvent"},
    {13, "JobReleaseEvent"},
    {21, "RemoteErrorEvent"},
    {22, "JobDisconnectedEvent"},
    {23, "JobReconnectedEvent"},
    {24, "JobReconnectFailedEvent"},
    {40, "FileTransferEvent"},
}};

constexpr std::array<std::string_view, 7> kTransfers = {"",
                                                        "Entered queue to transfer input files",
                                                        "Started transferring input files",
                                                        "Finished transferring input files",
                                                        "Entered queue to transfer output files",
                                                        "Started transferring output files",
                                                        "Finished transferring output files"};

// ---- an event as an object -> what the text form says

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
  if (value.is_number_float()) return fmt::format("{:.0f}", value.get<double>());
  return {};
}

class Object {
 public:
  explicit Object(const Json& json) : json_(json) {}
  bool has(const char* name) const { return json_.contains(name); }
  std::string text(const char* name) const { return has(name) ? text_of(json_.at(name)) : ""; }
  bool truth(const char* name) const { return text(name) == "true"; }
  std::int64_t integer(const char* name) const { return parse_integer(text(name)).value_or(0); }
  const Json& at(const char* name) const { return json_.at(name); }

 private:
  const Json& json_;
};

using Lines = std::vector<std::string>;

void add_exit(const Object& event, Lines& body) {
  if (event.truth("TerminatedNormally")) {
    body.push_back("(1) Normal termination (return value " + event.text("ReturnValue") + ")");
    return;
  }
  body.push_back("(0) Abnormal termination (signal " + event.text("TerminatedBySignal") + ")");
  const std::string core = event.text("CoreFile");
  body.push_back(core.empty() ? "(0) No core file" : "(1) Corefile in: " + core);
}

void add_usage(const Object& event, const char* name, const char* words, Lines& body) {
  if (event.has(name)) body.push_back(fmt::format("\t{}  -  {} Usage", event.text(name), words));
}
void add_bytes(const Object& event, const char* name, const char* words, Lines& body) {
  if (event.has(name)) body.push_back(fmt::format("{}  -  {} By Job", event.text(name), words));
}
void add_code(const Object& event, Lines& body) {
  if (event.has("HoldReasonCode"))
    body.push_back(fmt::format("Code {} Subcode {}", event.integer("HoldReasonCode"),
                               event.integer("HoldReasonSubCode")));
}
void add_text(const Object& event, const char* name, const char* before, Lines& body) {
  if (event.has(name)) body.push_back(before + event.text(name));
}

void evicted_lines(const Object& event, Lines& body) {
  const bool requeued = event.truth("TerminatedAndRequeued");
  body.emplace_back(requeued                      ? "(0) Job terminated and was requeued"
                    : event.truth("Checkpointed") ? "(1) Job was checkpointed."
                                                  : "(0) CPU times");
  add_usage(event, "RunRemoteUsage", "Run Remote", body);
  add_usage(event, "RunLocalUsage", "Run Local", body);
  add_bytes(event, "SentBytes", "Run Bytes Sent", body);
  add_bytes(event, "ReceivedBytes", "Run Bytes Received", body);
  if (requeued) add_exit(event, body);
  add_text(event, "Reason", "", body);
}

void terminated_lines(const Object& event, Lines& body) {
  add_exit(event, body);
  add_usage(event, "RunRemoteUsage", "Run Remote", body);
  add_usage(event, "RunLocalUsage", "Run Local", body);
  add_usage(event, "TotalRemoteUsage", "Total Remote", body);
  add_usage(event, "TotalLocalUsage", "Total Local", body);
  add_bytes(event, "SentBytes", "Run Bytes Sent", body);
  add_bytes(event, "ReceivedBytes", "Run Bytes Received", body);
  add_bytes(event, "TotalSentBytes", "Total Bytes Sent", body);
  add_bytes(event, "TotalReceivedBytes", "Total Bytes Received", body);
}

// Headline and body of event `number`.
std::string words_of(int number, const Object& event, Lines& body) {
  switch (number) {
    case 0:
      return "Job submitted from host: " + event.text("SubmitHost");
    case 1:
      add_text(event, "SlotName", "SlotName: ", body);
      if (event.has("ExecuteProps") && event.at("ExecuteProps").is_object()) {
        std::vector<std::string> lines;
        for (const auto& [name, value] : event.at("ExecuteProps").items())
          lines.push_back(cat(name, " = ",
                              value.is_string() ? classad::quote_string(value.get<std::string>())
                                                : text_of(value)));
        std::sort(lines.begin(), lines.end());
        body.insert(body.end(), lines.begin(), lines.end());
      }
      return "Job executing on host: " + event.text("ExecuteHost");
    case 4:
      evicted_lines(event, body);
      return "Job was evicted.";
    case 5:
      terminated_lines(event, body);
      return "Job terminated.";
    case 6:
      add_text(event, "MemoryUsage", "", body);
      if (!body.empty()) body.back() += "  -  MemoryUsage of job (MB)";
      if (event.has("ResidentSetSize"))
        body.push_back(event.text("ResidentSetSize") + "  -  ResidentSetSize of job (KB)");
      return "Image size of job updated: " + event.text("Size");
    case 7:
      add_text(event, "Message", "", body);
      return "Shadow exception!";
    case 8:
      return event.text("Info");
    case 9:
      add_text(event, "Reason", "", body);
      return "Job was aborted.";
    case 12:
      body.push_back(event.has("HoldReason") ? event.text("HoldReason") : "Reason unspecified");
      add_code(event, body);
      return "Job was held.";
    case 13:
      add_text(event, "Reason", "", body);
      return "Job was released.";
    case 21:
      for (std::string& line : split_list(event.text("ErrorMsg"), '\n'))
        body.push_back(std::move(line));
      add_code(event, body);
      return fmt::format("Error from {} on {}:", event.text("Daemon"), event.text("ExecuteHost"));
    case 22:
      add_text(event, "DisconnectReason", "    ", body);
      return "Job disconnected, attempting to reconnect";
    case 23:
      return "Job reconnected to " + event.text("StartdName");
    case 24:
      add_text(event, "Reason", "    ", body);
      return "Job reconnection failed";
    case 40: {
      const std::int64_t type = event.integer("Type");
      if (event.has("Host")) body.push_back("Transferring to host: " + event.text("Host"));
      return std::string(type > 0 && type < 7 ? kTransfers.at(static_cast<std::size_t>(type))
                                              : "Transfer of files");
    }
    default:
      return event.text("MyType");
  }
}

std::optional<LoggedEvent> event_of(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  const Object object(json);
  if (!object.has("EventTypeNumber")) return std::nullopt;
  LoggedEvent event;
  const auto small = [&object](const char* name) {
    const std::int64_t number = object.integer(name);
    return number >= 0 && number < 1'000'000'000 ? static_cast<int>(number) : 0;
  };
  event.number = small("EventTypeNumber");
  event.id = {small("Cluster"), small("Proc")};
  event.time = object.text("EventTime");
  std::replace(event.time.begin(), event.time.end(), 'T', ' ');
  event.headline = words_of(event.number, object, event.body);
  return event;
}

// ---- reading the forms

Error bad(std::size_t offset, std::string_view what) {
  return {Errc::invalid, cat("event log, byte ", offset, ": ", what), 0,
          "is it a job event log of HTCondor?"};
}

// Where the object that begins at `at` ends; nothing: it is torn.
std::optional<std::size_t> end_of_object(std::string_view log, std::size_t at) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = at; i < log.size(); ++i) {
    const char c = log[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{') {
      if (++depth > kMaxNesting) return std::nullopt;
    } else if (c == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return std::nullopt;
}

Result<std::vector<LoggedEvent>> parse_json(std::string_view log) {
  std::vector<LoggedEvent> events;
  for (std::size_t at = 0;
       (at = log.find_first_not_of(" \t\r\n,", at)) != std::string_view::npos;) {
    if (log[at] != '{') return bad(at, "no JSON object begins here");
    const auto end = end_of_object(log, at);
    if (!end) return events;
    const Json json = Json::parse(log.substr(at, *end - at), nullptr, false);
    auto event = json.is_discarded() ? std::nullopt : event_of(json);
    if (!event) return bad(at, "this JSON is no event");
    events.push_back(*std::move(event));
    at = *end;
  }
  return events;
}

// The XML of ClassAds: <c>, <a n="Name">, and <s> <i> <r> <b v="t"/> <e> within.
class XmlReader {
 public:
  explicit XmlReader(std::string_view text) : text_(text) {}

  bool done() {
    skip_blanks();
    return rest().empty();
  }
  std::size_t offset() const { return at_; }

  // The next <c>…</c>.
  std::optional<Json> object(int depth = 0) {
    if (depth > kMaxNesting || !take("<c>")) return std::nullopt;
    Json json = Json::object();
    for (;;) {
      if (take("</c>")) return json;
      if (!take("<a n=\"")) return std::nullopt;
      auto name = until("\">");
      if (!name) return std::nullopt;
      auto held = value(depth);
      if (!held || !take("</a>")) return std::nullopt;
      json[unescaped(*name)] = *std::move(held);
    }
  }
  // Headings of a file: <?xml …>, <!DOCTYPE …>, <classads>, </classads>.
  void skip_headings() {
    while (take("<?") || take("<!") || take("<classads") || take("</classads"))
      if (!until(">")) at_ = text_.size();
  }

 private:
  std::string_view rest() const { return text_.substr(at_); }
  void skip_blanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
  bool take(std::string_view word) {
    skip_blanks();
    if (!rest().starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  std::optional<std::string_view> until(std::string_view end) {
    const std::size_t found = text_.find(end, at_);
    if (found == std::string_view::npos) return std::nullopt;
    const std::string_view taken = text_.substr(at_, found - at_);
    at_ = found + end.size();
    return taken;
  }

  static std::string unescaped(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, char>, 5> kNames = {
        {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}}};
    std::string plain;
    while (!text.empty()) {
      const auto name = std::find_if(kNames.begin(), kNames.end(), [text](const auto& entry) {
        return text.starts_with(entry.first);
      });
      plain += name == kNames.end() ? text.front() : name->second;
      text.remove_prefix(name == kNames.end() ? 1 : name->first.size());
    }
    return plain;
  }

  std::optional<Json> value(int depth) {
    skip_blanks();
    if (rest().starts_with("<c>")) return object(depth + 1);
    if (take("<s/>") || take("<s></s>")) return Json("");
    if (take("<s>")) return string("</s>");
    if (take("<b v=\"t\"/>")) return Json(true);
    if (take("<b v=\"f\"/>")) return Json(false);
    if (take("<un/>") || take("<er/>")) return Json(nullptr);
    if (take("<i>")) {
      const auto digits = until("</i>");
      const auto number = digits ? parse_integer(*digits) : std::nullopt;
      return number ? std::optional<Json>(*number) : std::nullopt;
    }
    if (take("<r>")) {
      const auto digits = until("</r>");
      if (!digits) return std::nullopt;
      return Json(std::strtod(std::string(*digits).c_str(), nullptr));
    }
    if (take("<e>")) return string("</e>");
    return std::nullopt;
  }
  std::optional<Json> string(std::string_view end) {
    const auto text = until(end);
    return text ? std::optional<Json>(unescaped(*text)) : std::nullopt;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

Result<std::vector<LoggedEvent>> parse_xml(std::string_view log) {
  std::vector<LoggedEvent> events;
  XmlReader reader(log);
  // What follows the last whole object is torn.
  const std::size_t last = log.rfind("</c>");
  for (reader.skip_headings(); !reader.done(); reader.skip_headings()) {
    const std::size_t at = reader.offset();
    if (last == std::string_view::npos || at > last) return events;
    if (!log.substr(at).starts_with("<c>")) return bad(at, "no event begins here");
    const auto json = reader.object();
    if (!json) {
      // The end of an inner object may be whole where its event's is not.
      if (log.find("\n</c>", at) == std::string_view::npos) return events;
      return bad(reader.offset(), "this XML is no event");
    }
    auto event = event_of(*json);
    if (!event) return bad(at, "this XML is no event");
    events.push_back(*std::move(event));
  }
  return events;
}

// ---- text -> object

std::optional<std::string_view> after(std::string_view line, std::string_view prefix) {
  if (!line.starts_with(prefix)) return std::nullopt;
  return line.substr(prefix.size());
}

// "123  -  Run Bytes Sent By Job" -> 123, for the words "Run Bytes Sent By Job"
std::optional<std::string_view> before_dash(std::string_view line, std::string_view words) {
  const std::size_t dash = line.find("  -  ");
  if (dash == std::string_view::npos || line.substr(dash + 5) != words) return std::nullopt;
  return trim(line.substr(0, dash));
}

void read_code(std::string_view line, Json& json) {
  const auto rest = after(line, "Code ");
  if (!rest) return;
  const std::size_t words = rest->find(" Subcode ");
  if (words == std::string_view::npos) return;
  const auto code = parse_integer(rest->substr(0, words));
  const auto subcode = parse_integer(rest->substr(words + 9));
  if (!code || !subcode) return;
  json["HoldReasonCode"] = *code;
  json["HoldReasonSubCode"] = *subcode;
}

bool read_exit(std::string_view line, Json& json) {
  if (const auto code = after(line, "(1) Normal termination (return value ")) {
    json["TerminatedNormally"] = true;
    json["ReturnValue"] = parse_integer(code->substr(0, code->find(')'))).value_or(0);
    return true;
  }
  if (const auto signal = after(line, "(0) Abnormal termination (signal ")) {
    json["TerminatedNormally"] = false;
    json["TerminatedBySignal"] = parse_integer(signal->substr(0, signal->find(')'))).value_or(0);
    return true;
  }
  return line == "(0) No core file";
}

bool read_usage(std::string_view line, Json& json) {
  static constexpr std::array<std::pair<std::string_view, const char*>, 4> kUsage = {
      {{"Run Remote Usage", "RunRemoteUsage"},
       {"Run Local Usage", "RunLocalUsage"},
       {"Total Remote Usage", "TotalRemoteUsage"},
       {"Total Local Usage", "TotalLocalUsage"}}};
  static constexpr std::array<std::pair<std::string_view, const char*>, 4> kBytes = {
      {{"Run Bytes Sent By Job", "SentBytes"},
       {"Run Bytes Received By Job", "ReceivedBytes"},
       {"Total Bytes Sent By Job", "TotalSentBytes"},
       {"Total Bytes Received By Job", "TotalReceivedBytes"}}};
  for (const auto& [words, name] : kUsage)
    if (const auto usage = before_dash(line, words)) {
      json[name] = std::string(*usage);
      return true;
    }
  for (const auto& [words, name] : kBytes)
    if (const auto bytes = before_dash(line, words)) {
      json[name] = static_cast<double>(parse_integer(*bytes).value_or(0));
      return true;
    }
  return false;
}

// The table of resources and what follows it are not taken over.
void read_end(const LoggedEvent& event, Json& json) {
  if (event.number == 4)
    json["Checkpointed"] = json["TerminatedAndRequeued"] = json["TerminatedNormally"] = false;
  for (const std::string& line : event.body) {
    if (line.starts_with("Partitionable Resources")) return;
    if (line == "(0) Job terminated and was requeued")
      json["TerminatedAndRequeued"] = true;
    else if (line == "(1) Job was checkpointed.")
      json["Checkpointed"] = true;
    else if (line == "(0) CPU times" || read_exit(line, json) || read_usage(line, json))
      continue;
    else if (const auto reason = after(line, "Reason: "))
      json["Reason"] = std::string(*reason);
    else if (event.number == 4 && !line.empty())
      json["Reason"] = line;
  }
}

void read_body(const LoggedEvent& event, Json& json) {
  const std::string first = event.body.empty() ? std::string() : event.body[0];
  const auto head = [&event](std::string_view prefix) {
    return std::string(after(event.headline, prefix).value_or(""));
  };
  switch (event.number) {
    case 0:
      json["SubmitHost"] = head("Job submitted from host: ");
      return;
    case 1:
      json["ExecuteHost"] = head("Job executing on host: ");
      for (const std::string& line : event.body) {
        const std::size_t equals = line.find(" = ");
        if (const auto slot = after(line, "SlotName: ")) {
          json["SlotName"] = std::string(*slot);
        } else if (equals != std::string::npos) {
          const std::string value = line.substr(equals + 3);
          const auto text = classad::unquote_string(value);
          Json& props = json["ExecuteProps"];
          if (text)
            props[line.substr(0, equals)] = *text;
          else if (const auto number = parse_integer(value))
            props[line.substr(0, equals)] = *number;
        }
      }
      return;
    case 4:
    case 5:
      read_end(event, json);
      return;
    case 6:
      json["Size"] = parse_integer(head("Image size of job updated: ")).value_or(0);
      for (const std::string& line : event.body) {
        if (const auto mb = before_dash(line, "MemoryUsage of job (MB)"))
          json["MemoryUsage"] = parse_integer(*mb).value_or(0);
        if (const auto kb = before_dash(line, "ResidentSetSize of job (KB)"))
          json["ResidentSetSize"] = parse_integer(*kb).value_or(0);
      }
      return;
    case 7:
      json["Message"] = first;
      return;
    case 8:
      json["Info"] = event.headline;
      return;
    case 9:
    case 13:
      if (!first.empty()) json["Reason"] = first;
      return;
    case 12:
      json["HoldReason"] = first;
      if (event.body.size() > 1) read_code(event.body[1], json);
      return;
    case 21: {
      const std::string from = head("Error from ");
      const std::size_t on = from.find(" on ");
      json["Daemon"] = from.substr(0, on);
      if (on != std::string::npos && from.ends_with(':'))
        json["ExecuteHost"] = from.substr(on + 4, from.size() - on - 5);
      std::vector<std::string> lines;
      for (const std::string& line : event.body) {
        if (line.starts_with("Code "))
          read_code(line, json);
        else
          lines.push_back(line);
      }
      json["ErrorMsg"] = join(lines, "\n");
      return;
    }
    case 22:
      json["DisconnectReason"] = std::string(trim(first));
      return;
    case 23:
      json["StartdName"] = head("Job reconnected to ");
      return;
    case 24:
      json["Reason"] = std::string(trim(first));
      return;
    case 40:
      for (std::size_t type = 1; type < kTransfers.size(); ++type)
        if (event.headline == kTransfers.at(type)) json["Type"] = type;
      if (const auto host = after(first, "Transferring to host: "))
        json["Host"] = std::string(*host);
      return;
    default:
      return;
  }
}

// Shorter names first, as a pool has them.
Json sorted(const Json& json) {
  std::vector<std::string> names;
  for (const auto& [name, value] : json.items()) names.push_back(name);
  std::sort(names.begin(), names.end(), [](const std::string& left, const std::string& right) {
    return left.size() != right.size() ? left.size() < right.size() : left < right;
  });
  Json result = Json::object();
  for (const std::string& name : names)
    result[name] = json[name].is_object() ? sorted(json[name]) : json[name];
  return result;
}

Json object_of(const LoggedEvent& event) {
  Json json = Json::object();
  const auto type = std::find_if(kTypes.begin(), kTypes.end(), [&event](const auto& entry) {
    return entry.first == event.number;
  });
  json["MyType"] = type == kTypes.end() ? "FutureEvent" : std::string(type->second);
  json["EventTypeNumber"] = event.number;
  json["Cluster"] = event.id.cluster;
  json["Proc"] = event.id.proc;
  json["Subproc"] = 0;
  std::string time = event.time;
  std::replace(time.begin(), time.end(), ' ', 'T');
  json["EventTime"] = time;
  read_body(event, json);
  return sorted(json);
}

std::string xml_escaped(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    switch (letter) {
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      default:
        escaped += letter;
    }
  }
  return escaped;
}

std::string xml_real(double number) { return number == 0 ? "0.0" : fmt::format("{:.15E}", number); }

std::string xml_of(const Json& json, int depth) {
  const std::string indent(static_cast<std::size_t>(depth) * 4, ' ');
  std::string text = "<c>\n";
  for (const auto& [name, value] : json.items()) {
    std::string inner;
    if (value.is_object())
      inner = xml_of(value, depth + 1);
    else if (value.is_boolean())
      inner = value.get<bool>() ? "<b v=\"t\"/>" : "<b v=\"f\"/>";
    else if (value.is_number_float())
      inner = "<r>" + xml_real(value.get<double>()) + "</r>";
    else if (value.is_number())
      inner = fmt::format("<i>{}</i>", value.get<std::int64_t>());
    else
      inner = fmt::format("<s>{}</s>", xml_escaped(text_of(value)));
    text += fmt::format("{}    <a n=\"{}\">{}</a>\n", indent, name, inner);
  }
  return text + indent + "</c>";
}

}  // namespace

LogFormat log_format(std::string_view options) {
  LogFormat format;
  std::string words(options);
  std::replace_if(
      words.begin(), words.end(), [](char letter) { return letter == ',' || letter == '|'; }, ' ');
  for (const std::string& word : split_list(words, ' ')) {
    if (equal_ignoring_case(word, "XML")) format.form = EventForm::xml;
    if (equal_ignoring_case(word, "JSON")) format.form = EventForm::json;
    if (equal_ignoring_case(word, "UTC")) format.utc = true;
    if (equal_ignoring_case(word, "SUB_SECOND")) format.sub_second = true;
  }
  return format;
}

EventForm event_form(std::string_view log) {
  const std::size_t first = log.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return EventForm::text;
  if (log[first] == '{') return EventForm::json;
  return log[first] == '<' ? EventForm::xml : EventForm::text;
}

Result<std::vector<LoggedEvent>> parse_any_event_log(std::string_view log) {
  switch (event_form(log)) {
    case EventForm::json:
      return parse_json(log);
    case EventForm::xml:
      return parse_xml(log);
    case EventForm::text:
      break;
  }
  return parse_event_log(log);
}

std::string in_form(std::string_view event_text, EventForm form) {
  const auto events = form == EventForm::text ? Result<std::vector<LoggedEvent>>(Error{})
                                              : parse_event_log(event_text);
  if (!events || events->size() != 1) return std::string(event_text);
  const Json json = object_of(events->front());
  if (form == EventForm::xml) return xml_of(json, 0) + "\n";
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cairn
