#include "submit/ad_builder.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/try.h"
#include "job/job_spec.h"
#include "submit/number.h"

namespace cairn {
namespace {

// A line of the ad has no line breaks; classad texts come trimmed.
std::string joined_path(std::string_view folder, std::string_view name) {
  std::string path = name.starts_with('/') ? std::string(name) : cat(folder, "/", name);
  path.erase(
      std::unique(path.begin(), path.end(), [](char a, char b) { return a == '/' && b == '/'; }),
      path.end());
  return path;
}

constexpr std::size_t kParsedMax = 1000;

constexpr std::string_view kCommentHint = "a comment needs a line of its own";

// The first '…' that is not in a text.
std::string_view single_quoted(std::string_view expression) {
  bool in_text = false;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    if (expression[i] == '\\')
      ++i;
    else if (expression[i] == '"')
      in_text = !in_text;
    else if (expression[i] == '\'' && !in_text)
      return expression.substr(i, expression.find('\'', i + 1) - i + 1);
  }
  return {};
}

// Commands whose value Cairn never takes from the cluster's first job.
bool is_own_here(std::string_view name) {
  for (const std::string_view own :
       {"arguments", "arguments2", "Args", "environment", "environment2", "env"})
    if (equal_ignoring_case(name, own)) return true;
  return false;
}

}  // namespace

std::string_view without_quotes(std::string_view text) {
  text = trim(text);
  if (text.size() > 1 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  return text;
}

std::string commas(std::string_view text) {
  std::string list(text);
  std::replace_if(
      list.begin(), list.end(), [](char c) { return c == ' ' || c == '\t' || c == '\n'; }, ',');
  return list;
}

void AdBuilder::begin_cluster(int id) {
  cluster_ = id;
  base_is_whole_ = false;
  plan_.clear();
  given_.clear();
}

Result<std::string> AdBuilder::make(int proc, Place queue) {
  proc_ = proc;
  queue_ = queue;
  CAIRN_CHECK(plan_.empty() ? make_first() : make_further());
  if (base_is_whole_) return own_.text();
  for (const auto& [name, expression] : own_.attributes()) base_.set(name, expression);
  stable_ = own_ = JobAd();
  base_is_whole_ = true;
  return std::string();
}

void AdBuilder::make_plan() {
  for (const Step step :
       {&AdBuilder::identity, &AdBuilder::refused, &AdBuilder::iwd, &AdBuilder::universe,
        &AdBuilder::executable, &AdBuilder::arguments, &AdBuilder::environment,
        &AdBuilder::job_status, &AdBuilder::standard_streams, &AdBuilder::notification,
        &AdBuilder::rank, &AdBuilder::periodic_expressions, &AdBuilder::leave_in_queue,
        &AdBuilder::retries, &AdBuilder::kill_signals, &AdBuilder::container_services,
        &AdBuilder::request_resources, &AdBuilder::concurrency_limits,
        &AdBuilder::accounting_group})
    plan_.push_back({.step = step});
  for (const SimpleCommand& command : simple_commands())
    if (macros_.assigned_macro(command.name) != nullptr ||
        macros_.assigned_macro(command.attribute) != nullptr || command.name == "priority")
      plan_.push_back({.simple = &command});
  for (const Step step : {&AdBuilder::deferral, &AdBuilder::image_size, &AdBuilder::transfer_files,
                          &AdBuilder::automatic, &AdBuilder::common_mistakes})
    plan_.push_back({.step = step});
  for (const auto& [name, macro] : macros_.assigned())
    if (starts_with_ignoring_case(name, "MY.")) plan_.push_back({.attribute = name});
  for (const Step step : {&AdBuilder::resource_requirements, &AdBuilder::requirements,
                          &AdBuilder::mistakes, &AdBuilder::check_sandbox})
    plan_.push_back({.step = step});
}

// The first job of a queue statement: every step, noting what may be different in the next job.
Status AdBuilder::make_first() {
  make_plan();
  varying_.clear();
  own_ = stable_ = JobAd();
  is_first_ = true;
  said_.clear();
  for (Unit& unit : plan_) {
    written_.clear();
    static_cast<void>(macros_.take_varied());
    read_varying_ = false;
    if (auto done = run(unit); !done) {
      plan_.clear();
      return done;
    }
    // A later step that writes over what varies has to come after it every time.
    const bool overwrites = std::any_of(written_.begin(), written_.end(), [this](const auto& name) {
      return varying_.contains(name);
    });
    unit.varies = macros_.take_varied() || read_varying_ || overwrites;
    if (unit.varies) varying_.insert(written_.begin(), written_.end());
  }
  for (const auto& [name, expression] : own_.attributes())
    if (!varying_.contains(name)) stable_.set(name, expression);
  std::erase_if(plan_, [](const Unit& unit) { return !unit.varies; });
  // Nothing varies: an empty plan would mean a new beginning.
  if (plan_.empty()) plan_.push_back({});
  return {};
}

Status AdBuilder::make_further() {
  own_ = stable_;
  is_first_ = false;
  for (Unit& unit : plan_) CAIRN_CHECK(run(unit));
  return {};
}

Status AdBuilder::run(Unit& unit) {
  place_ = queue_;
  Status done;
  if (unit.step != nullptr)
    done = (this->*unit.step)();
  else if (unit.simple != nullptr)
    done = simple(*unit.simple);
  else if (!unit.attribute.empty())
    done = own_attribute(unit.attribute);
  if (!done) {
    Error error = std::move(done).error();
    if (error.message.find(" # ") != std::string::npos) error.hint = kCommentHint;
    return places_.at(place_, std::move(error));
  }
  return {};
}

// --- commands ---------------------------------------------------------------------------------

Result<std::optional<AdBuilder::Param>> AdBuilder::param(std::string_view name,
                                                         std::string_view other_name) {
  const Macro* macro = macros_.assigned_macro(name);
  if (macro == nullptr && !other_name.empty()) {
    name = other_name;
    macro = macros_.assigned_macro(name);
  }
  if (macro == nullptr) return std::optional<Param>();
  const auto raw = macros_.find(name);  // marks it used
  place_ = macro->live ? queue_ : Place{macro->file, macro->line};
  if (raw->empty()) return nothing(name);
  std::string text(*raw);
  if (!macro->literal || macro->live) {
    CAIRN_TRY(text, macros_.expand(*raw));
    for (const std::string& missing : macros_.take_missing()) warn(missing);
    if (is_first_) warn_of_letters(name, macro->raw, text);
  }
  const std::string_view trimmed = trim(text);
  if (trimmed.empty()) return nothing(name);
  if (!base_is_whole_) given_.emplace(name);
  if (is_first_) said_.insert_or_assign(std::string(name), std::pair{std::string(trimmed), place_});
  return std::optional<Param>({std::string(trimmed), name});
}

// What looks like a macro and is none, and letters that look like others.
void AdBuilder::warn_of_letters(std::string_view command, std::string_view raw,
                                std::string_view text) {
  for (const std::string_view free : {"description", "JobDescription", "batch_name", "JobBatchName",
                                      "submit_event_notes", "submit_event_user_notes"})
    if (equal_ignoring_case(command, free)) return;
  if (!starts_with_ignoring_case(command, "MY.")) warn_of(letter_mistakes(command, text));
  if (raw.find_first_of("$%{") == std::string_view::npos) return;
  // A shell's own line: sh -c 'echo $HOME'.
  if (starts_with_ignoring_case(command, "arg") && raw.find("-c") != std::string_view::npos) return;
  const auto is_macro = [this](std::string_view name) { return macros_.find(name).has_value(); };
  const auto is_variable = [this](std::string_view name) {
    return context_.world != nullptr && context_.world->variable(std::string(name)).has_value();
  };
  warn_of(macro_mistakes(command, raw, is_macro, is_variable));
}

std::optional<AdBuilder::Param> AdBuilder::nothing(std::string_view name) {
  constexpr std::array<std::string_view, 8> kEachJobsOwn = {
      "initialdir", "Iwd", "initial_dir", "job_iwd", "requirements", "hold", "rank", "preferences"};
  if (!base_is_whole_ || !given_.contains(name) || starts_with_ignoring_case(name, "MY."))
    return std::nullopt;
  if (std::any_of(kEachJobsOwn.begin(), kEachJobsOwn.end(),
                  [name](std::string_view own) { return equal_ignoring_case(own, name); }))
    return std::nullopt;
  const bool ours = !context_.as_htcondor && is_own_here(name);
  warn_once(cat(name, ours ? " stands for nothing here: a pool would give the job what the "
                             "cluster's first job has"
                           : " stands for nothing here: the job has what the cluster's first job "
                             "has, as in HTCondor"));
  return std::nullopt;
}

Result<std::optional<bool>> AdBuilder::bool_param(std::string_view name,
                                                  std::string_view other_name) {
  CAIRN_TRY(const auto value, param(name, other_name));
  if (!value) return std::optional<bool>();
  const auto truth = evaluate_bool(value->text);
  if (!truth)
    return Error{
        Errc::invalid, cat(value->name, " = ", value->text, ": expected true or false"), 0, {}};
  for (const std::string_view word : {"yes", "no", "t", "f"})
    if (equal_ignoring_case(word, value->text))
      CAIRN_CHECK(only_here({Errc::invalid,
                             cat(value->name, " = ", value->text, ": condor_submit refuses it"), 0,
                             cat("write ", *truth ? "true" : "false")}));
  return truth;
}

Result<std::optional<std::int64_t>> AdBuilder::int_param(std::string_view name,
                                                         std::string_view other_name) {
  CAIRN_TRY(const auto value, param(name, other_name));
  if (!value) return std::optional<std::int64_t>();
  const auto number = evaluate_integer(value->text);
  if (!number)
    return Error{
        Errc::invalid, cat(value->name, " = ", value->text, ": expected a whole number"), 0, {}};
  return number;
}

Status AdBuilder::simple(const SimpleCommand& command) {
  const std::string_view other_name =
      command.name == "priority" && macros_.assigned_macro("JobPrio") == nullptr
          ? std::string_view("prio")
          : command.attribute;
  CAIRN_TRY(const auto value, param(command.name, other_name));
  if (!value) return {};
  if (command.attribute == "SuccessCheckpointExitCode" || command.attribute == "TransferCheckpoint")
    if (value->text.find_first_of("\n\r") != std::string::npos)
      return Error{Errc::invalid, cat(command.name, " holds a line break"), 0, ""};
  switch (command.kind) {
    case ValueKind::text:
      set_string(command.attribute, value->text == "\"\"" ? "" : value->text);
      return {};
    case ValueKind::unquoted:
      set_string(command.attribute, without_quotes(value->text));
      return {};
    case ValueKind::list:
      set_string(command.attribute, join(split_list(commas(value->text)), ","));
      return {};
    case ValueKind::log_file:
      set_string(command.attribute, full_path(without_quotes(value->text)));
      return {};
    case ValueKind::expression:
      return set_expression(value->name, command.attribute, value->text);
    case ValueKind::boolean: {
      CAIRN_TRY(const auto truth, bool_param(command.name, other_name));
      set_bool(command.attribute, truth.value_or(false));
      return {};
    }
    case ValueKind::integer:
      break;
  }
  const auto number = evaluate_integer(value->text);
  if (!number)
    return Error{Errc::invalid,
                 cat(value->name, " = ", value->text, ": expected a whole number",
                     command.attribute == "SuccessCheckpointExitCode" ? " from 1 to 255" : ""),
                 0,
                 {}};
  set_integer(command.attribute, *number);
  return command.attribute == "SuccessCheckpointExitCode" ? check_checkpoint_code() : Status();
}

Status AdBuilder::own_attribute(std::string_view name) {
  const std::string_view attribute = name.substr(3);
  CAIRN_TRY(const auto value, param(name));
  if (const Macro* const macro = macros_.assigned_macro(name)) place_ = {macro->file, macro->line};
  for (const std::string_view fixed : {"ClusterId", "ProcId", "JobStatus"})
    if (equal_ignoring_case(fixed, attribute))
      return Error{Errc::invalid, cat("+", attribute, " is set by Cairn itself"), 0,
                   "take the line out"};
  if (!is_attribute_name(attribute))
    return Error{Errc::invalid, cat("'", attribute, "' is no attribute name"), 0,
                 "use letters, digits and _"};
  return set_expression(cat("+", attribute), attribute, value ? value->text : "undefined");
}

// --- the ad -----------------------------------------------------------------------------------

void AdBuilder::set(std::string_view name, std::string_view expression) {
  written_.emplace(name);
  if (base_is_whole_) {
    const auto& attributes = base_.attributes();
    const auto found = attributes.find(name);
    if (found != attributes.end() && found->second == expression) {
      own_.erase(name);
      return;
    }
  }
  own_.set(name, expression);
}

Result<classad::Expression> AdBuilder::parse_expression(std::string_view command,
                                                        std::string_view text) {
  auto expression = classad::Expression::parse(text);
  if (!expression)
    return Error{
        Errc::invalid,
        cat(command, " = ", text, ": expected a ClassAd expression: ", expression.error().message),
        0, expression.error().hint};
  if (const std::string_view name = single_quoted(text); !name.empty())
    warn_once(cat(command, ": ", name, " is the name of an attribute; a text stands in \"…\""));
  return expression;
}

Status AdBuilder::set_expression(std::string_view command, std::string_view attribute,
                                 std::string_view text) {
  if (parsed_.size() > kParsedMax) parsed_.clear();
  auto found = parsed_.find(std::string(text));
  if (found == parsed_.end()) {
    CAIRN_TRY(auto expression, parse_expression(command, text));
    found = parsed_.emplace(std::string(text), std::move(expression)).first;
  }
  set(attribute, found->second.text());
  return {};
}

std::optional<std::string> AdBuilder::get(std::string_view name) {
  if (varying_.contains(name)) read_varying_ = true;
  if (auto own = own_.get(name)) return own;
  return base_.get(name);
}
std::optional<std::string> AdBuilder::get_string(std::string_view name) {
  const auto expression = get(name);
  return expression ? unquote_string(*expression) : std::nullopt;
}
std::optional<bool> AdBuilder::get_bool(std::string_view name) {
  const auto expression = get(name);
  if (!expression) return std::nullopt;
  return evaluate_bool(*expression);
}

std::optional<double> AdBuilder::literal_number(std::string_view name) {
  const auto expression = get(name);
  if (!expression) return std::nullopt;
  const auto parsed = classad::Expression::parse(*expression);
  const classad::Value* const value = parsed ? parsed->as_literal() : nullptr;
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_real();
}

std::vector<std::string> AdBuilder::names_beginning(std::string_view prefix) {
  Macros::Names names;
  for (const JobAd* const ad : {&base_, &own_})
    for (auto at = ad->attributes().lower_bound(prefix);
         at != ad->attributes().end() && starts_with_ignoring_case(at->first, prefix); ++at)
      names.insert(at->first);
  for (const std::string& name : names)
    if (varying_.contains(name)) read_varying_ = true;
  return {names.begin(), names.end()};
}

std::string AdBuilder::full_path(std::string_view name) {
  return joined_path(get_string("Iwd").value_or(""), name);
}

std::int64_t AdBuilder::size_kb(std::string_view name) {
  if (context_.world == nullptr || name.empty() || name.find("://") != std::string_view::npos)
    return 0;
  const std::string path = full_path(name);
  if (const auto known = sizes_.find(path); known != sizes_.end()) return known->second;
  const auto facts = context_.world->look_at(path);
  constexpr std::uint64_t kKilobyte = 1024;
  const auto size =
      facts ? static_cast<std::int64_t>((facts->bytes + kKilobyte - 1) / kKilobyte) : 0;
  if (sizes_.size() > kParsedMax) sizes_.clear();
  sizes_.emplace(path, size);
  return size;
}

void AdBuilder::warn_once(std::string_view text) {
  if (warned_.emplace(text).second) warn(text);
}

void AdBuilder::warn_of(const Sentences& sentences) {
  for (const std::string& sentence : sentences) warn_once(sentence);
}

Status AdBuilder::object(Error error) {
  if (!context_.as_htcondor) return error;
  warn_once(error.text());
  return {};
}

Status AdBuilder::only_here(Error error) {
  if (context_.as_htcondor) return error;
  warn_once(error.text());
  return {};
}

// --- AdMaker ----------------------------------------------------------------------------------

AdMaker::AdMaker(const SubmitContext& context, Macros& macros, const SubmitPlaces& places,
                 Warn warn)
    : builder_(std::make_unique<AdBuilder>(context, macros, places, std::move(warn))) {}
AdMaker::~AdMaker() = default;
void AdMaker::begin_cluster(int id) { builder_->begin_cluster(id); }
void AdMaker::begin_statement() { builder_->begin_statement(); }
Result<std::string> AdMaker::make(int proc, Place queue) { return builder_->make(proc, queue); }
const JobAd& AdMaker::cluster_ad() const { return builder_->cluster_ad(); }

}  // namespace cairn
