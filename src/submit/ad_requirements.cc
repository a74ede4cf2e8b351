// Requirements: the user's condition, and what every job needs unless the user has said it.
#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "base/try.h"
#include "classad/evaluate.h"
#include "submit/ad_builder.h"

namespace cairn {
namespace {

constexpr std::string_view kScheduler = "7", kLocal = "12";
constexpr std::string_view kVersionCheck =
    "versioncmp(split(TARGET.CondorVersion)[1],\"8.9.7\") >= 0";

// "http" of http://x.org/y, in lower case; nothing: it is no URL.
std::string url_method(std::string_view name) {
  const std::size_t colon = name.find("://");
  if (colon == std::string_view::npos || colon == 0) return {};
  return lower(name.substr(0, colon));
}

std::set<std::string, LessIgnoringCase> names_in(const classad::Expression& expression,
                                                 classad::RefScope unwanted) {
  std::set<std::string, LessIgnoringCase> names;
  for (const classad::Reference& reference : expression.references())
    if (reference.scope != unwanted) names.insert(reference.name);
  return names;
}

}  // namespace

// require_gpus, and what the gpus_… commands add to it.
Status AdBuilder::resource_requirements() {
  if (!has("RequestGPUs")) return {};
  const auto own = get("RequireGPUs");
  std::set<std::string, LessIgnoringCase> asked;
  std::string expression;
  if (own) {
    CAIRN_TRY(const auto parsed, classad::Expression::parse(*own));
    asked = names_in(parsed, classad::RefScope::target);
    expression = *own;
    if (own->find("||") != std::string::npos || own->find('?') != std::string::npos)
      expression = cat("(", *own, ")");
  }
  bool added = false;
  for (const auto& [attribute, property, comparison] :
       {std::tuple{"GPUsMinCapability", "Capability", " >= "},
        std::tuple{"GPUsMaxCapability", "Capability", " <= "},
        std::tuple{"GPUsMinMemory", "GlobalMemoryMb", " >= "},
        std::tuple{"GPUsMinRuntime", "MaxSupportedVersion", " >= "}})
    if (has(attribute) && !asked.contains(property)) {
      expression += cat(expression.empty() ? "" : " && ", property, comparison, attribute);
      added = true;
    }
  return added ? set_expression("require_gpus", "RequireGPUs", expression) : Status();
}

Status AdBuilder::requirements() {
  CAIRN_TRY(const auto value, param("requirements"));
  const Place place = place_;
  CAIRN_TRY(const auto raw, param("MY.Requirements"));
  if (raw) {
    if (value) warn_once("+Requirements replaces requirements; take one of the two out");
    return {};
  }
  if (value) place_ = place;
  Wanted wanted;
  if (value) {
    CAIRN_TRY(const auto parsed, parse_expression("requirements", value->text));
    wanted.conditions.push_back(cat("(", value->text, ")"));
    wanted.machine = names_in(parsed, classad::RefScope::my);
    wanted.machine.erase("RequestMemory");  // the job's own, if it is said so
    if (wanted.asks("Memory"))
      warn_once("requirements asks for Memory; set request_memory instead");
    if (wanted.asks("Disk")) warn_once("requirements asks for Disk; set request_disk instead");
  }
  CAIRN_CHECK(want_platform(wanted));
  want_sizes(wanted);
  want_custom(wanted);
  if (get_bool("EncryptExecuteDirectory").value_or(false) &&
      !wanted.asks("EncryptExecuteDirectory"))
    wanted.conditions.emplace_back("TARGET.HasEncryptExecuteDirectory");
  const auto universe = get("JobUniverse").value_or("");
  if (universe != kScheduler && universe != kLocal) CAIRN_CHECK(want_transfer(wanted));
  if (has("DeferralTime") || has("DeferralPrepTime")) {
    if (universe != kLocal) wanted.conditions.emplace_back("TARGET.HasJobDeferral");
    if (!has("ScheddInterval"))
      set_integer("ScheddInterval", context_.machine.schedd_interval_seconds);
    wanted.conditions.emplace_back(
        "(((time() + ScheddInterval) >= (DeferralTime - DeferralPrepTime)) && "
        "(time() < (DeferralTime + DeferralWindow)))");
  }
  if (get_bool("WantFTOnCheckpoint").value_or(false) && !wanted.asks("HasSelfCheckpointTransfers"))
    wanted.conditions.emplace_back("TARGET.HasSelfCheckpointTransfers");
  CAIRN_CHECK(want_cuda(wanted));
  return set_expression("requirements", "Requirements", join(wanted.conditions, " && "));
}

Status AdBuilder::want_platform(Wanted& wanted) {
  if (!wanted.asks("Arch"))
    wanted.conditions.push_back(cat("(TARGET.Arch == \"", context_.machine.arch, "\")"));
  if (get_bool("WantDocker").value_or(false)) {
    wanted.conditions.emplace_back("TARGET.HasDocker");
    const auto network = get_string("DockerNetworkType").value_or("");
    if (!network.empty() && network != "host" && network != "none" && network != "nat")
      wanted.conditions.emplace_back(
          "StringListMember(My.DockerNetworkType, TARGET.DockerNetworks)");
    return {};
  }
  if (get_bool("WantContainer").value_or(false)) {
    wanted.conditions.emplace_back("TARGET.HasContainer");
    if (get_bool("WantDockerImage").value_or(false))
      wanted.conditions.emplace_back("TARGET.HasDockerURL");
    else if (get_bool("WantSIF").value_or(false))
      wanted.conditions.emplace_back("TARGET.HasSIF");
    else
      wanted.conditions.emplace_back("TARGET.HasSandboxImage");
    return {};
  }
  for (const std::string_view name :
       {"OpSys", "OpSysAndVer", "OpSysLongName", "OpSysShortName", "OpSysName", "OpSysLegacy"})
    if (wanted.asks(name)) return {};
  wanted.conditions.push_back(cat("(TARGET.OpSys == \"", context_.machine.opsys, "\")"));
  return {};
}

void AdBuilder::want_sizes(Wanted& wanted) {
  const auto more_than = [this](std::string_view name, double limit) {
    const auto number = literal_number(name);
    return !number || *number > limit;
  };
  if (!has("RequestDisk")) {
    if (!wanted.asks("Disk")) wanted.conditions.emplace_back("(TARGET.Disk >= DiskUsage)");
  } else if (wanted.asks("Disk") || more_than("RequestDisk", 0)) {
    wanted.conditions.emplace_back("(TARGET.Disk >= RequestDisk)");
  }
  if (has("RequestMemory") && more_than("RequestMemory", 1))
    wanted.conditions.emplace_back("(TARGET.Memory >= RequestMemory)");
  if (!wanted.asks("Cpus") && has("RequestCpus") && more_than("RequestCpus", 1))
    wanted.conditions.emplace_back("(TARGET.Cpus >= RequestCpus)");
}

void AdBuilder::want_custom(Wanted& wanted) {
  constexpr std::string_view kPrefix = "Request";
  for (const std::string& name : names_beginning(kPrefix)) {
    const std::string tag = name.substr(kPrefix.size());
    if (tag.size() < 2 || tag.front() == '_' || wanted.asks(tag)) continue;
    if (equal_ignoring_case(tag, "Cpus") || equal_ignoring_case(tag, "Disk") ||
        equal_ignoring_case(tag, "Memory"))
      continue;
    const auto parsed = classad::Expression::parse(get(name).value_or(""));
    if (!parsed) continue;
    classad::Ad ad;
    for (const classad::Reference& reference : parsed->references())
      if (const auto own = get(reference.name))
        if (auto expression = classad::Expression::parse(*own))
          ad.set(reference.name, *std::move(expression));
    const classad::Value value = classad::evaluate(
        *parsed,
        {.my = &ad, .target = nullptr, .now_seconds = context_.now_seconds, .random_seed = 0});
    if (const std::string* const text = value.as_string()) {
      if (!text->empty()) wanted.conditions.push_back(cat("regexp(", name, ",TARGET.", tag, ")"));
    } else if (value.is_undefined() || (value.is_number() && value.to_real().value_or(0) > 0)) {
      const std::string require = cat("Require", tag);
      wanted.conditions.push_back(has(require) ? cat("(countMatches(MY.", require,
                                                     ",TARGET.Available", tag, ") >= ", name, ")")
                                               : cat("(TARGET.", tag, " >= ", name, ")"));
    }
  }
}

Status AdBuilder::want_transfer(Wanted& wanted) {
  const auto should = get_string("ShouldTransferFiles").value_or("");
  const std::string same_domain = "(TARGET.FileSystemDomain == MY.FileSystemDomain)";
  if (should == "NO") {
    if (!wanted.asks("FileSystemDomain")) wanted.conditions.push_back(same_domain);
    return {};
  }
  if (wanted.asks("HasFileTransfer") || wanted.asks("HasJobTransferPlugins")) return {};
  const std::string transfer = cat("(", transfer_condition(wanted), ")");
  wanted.conditions.push_back(should == "IF_NEEDED" && !wanted.asks("FileSystemDomain")
                                  ? cat("(", same_domain, " || ", transfer, ")")
                                  : transfer);
  return {};
}

std::string AdBuilder::transfer_condition(const Wanted& wanted) {
  const bool own_plugins = !get_string("TransferPlugins").value_or("").empty();
  std::string condition = own_plugins ? "TARGET.HasJobTransferPlugins" : "TARGET.HasFileTransfer";
  bool encrypts = false;
  for (const std::string_view name : {"EncryptInputFiles", "EncryptOutputFiles",
                                      "DontEncryptInputFiles", "DontEncryptOutputFiles"})
    encrypts = encrypts || has(name);
  if (encrypts && !wanted.asks("HasPerFileEncryption"))
    condition += " && TARGET.HasPerFileEncryption";
  if (get_string("TransferCheckpoint") || get_bool("PreserveRelativePaths").value_or(false) ||
      get_string("WhenToTransferOutput") == "ON_SUCCESS")
    condition += cat(" && ", kVersionCheck);
  const std::string methods = wanted_methods();
  if (methods.empty()) return condition;
  set_string("WantTransferPluginMethods", methods);
  if (!wanted.asks("HasFileTransferPluginMethods"))
    for (const std::string& method : split_list(methods))
      condition +=
          cat(" && stringListIMember(\"", method, "\",TARGET.HasFileTransferPluginMethods)");
  return condition;
}

// The kinds of URLs that must be fetched or written to, and that the job brings no plugin for.
std::string AdBuilder::wanted_methods() {
  std::set<std::string> methods;
  const auto add = [&methods](std::string_view name) {
    if (std::string method = url_method(name); !method.empty()) methods.insert(std::move(method));
  };
  for (const std::string& input : split_list(get_string("TransferInput").value_or(""))) add(input);
  add(get_string("OutputDestination").value_or(""));
  for (const std::string& remap : split_list(get_string("TransferOutputRemaps").value_or(""), ';'))
    if (const std::size_t equals = remap.find('='); equals != std::string::npos)
      add(trim(std::string_view(remap).substr(equals + 1)));
  for (const std::string& plugin : split_list(get_string("TransferPlugins").value_or(""), ';'))
    for (const std::string& method : split_list(plugin.substr(0, plugin.find('='))))
      methods.erase(lower(method));
  return join({methods.begin(), methods.end()}, ",");
}

// 11.2 is 11002.
Status AdBuilder::want_cuda(Wanted& wanted) {
  const auto version = get_string("CUDAVersion");
  if (!version) return {};
  const std::size_t dot = std::min(version->find('.'), version->size());
  const auto major = parse_integer(std::string_view(*version).substr(0, dot));
  const auto minor = dot == version->size()
                         ? std::optional<std::int64_t>(0)
                         : parse_integer(std::string_view(*version).substr(dot + 1));
  constexpr std::int64_t kMajor = 1000, kMinors = 100, kMost = 1'000'000;
  if (!major || !minor || *major < 0 || *major > kMost || *minor < 0)
    return Error{Errc::invalid, cat("cuda_version = ", *version, ": expected 11 or 11.2"), 0, ""};
  const bool canonical = dot == version->size() && *major >= kMajor;
  set_integer("CUDAVersion", canonical ? *major : *major * kMajor + *minor % kMinors);
  wanted.conditions.emplace_back("CUDAVersion <= TARGET.CUDAMaxSupportedVersion");
  return {};
}

}  // namespace cairn
