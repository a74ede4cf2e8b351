// How submit commands become attributes, in HTCondor's order: each step reads commands, and the
// attributes of the steps before it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cairn/result.h"
#include "classad/expression.h"
#include "job/job_ad.h"
#include "submit/commands.h"
#include "submit/macro.h"
#include "submit/mistakes.h"
#include "submit/places.h"
#include "submit/submit.h"
#include "submit/submit_ad.h"

namespace cairn {

// Without blanks and the double quotes around it.
std::string_view without_quotes(std::string_view text);
// Blanks part the items of some lists as commas do.
std::string commas(std::string_view text);

class AdBuilder {
 public:
  AdBuilder(const SubmitContext& context, Macros& macros, const SubmitPlaces& places,
            AdMaker::Warn warn)
      : context_(context), macros_(macros), places_(places), warn_(std::move(warn)) {}

  void begin_cluster(int id);
  void begin_statement() { plan_.clear(); }
  Result<std::string> make(int proc, Place queue);
  const JobAd& cluster_ad() const { return base_; }

 private:
  // One step, run for the first job of a statement; for the others only if it may give another
  // result.
  using Step = Status (AdBuilder::*)();
  struct Unit {
    Step step = nullptr;
    const SimpleCommand* simple = nullptr;
    std::string attribute{};  // MY.…
    bool varies = false;
  };
  void make_plan();
  Status run(Unit& unit);
  Status run_first(Unit& unit);
  Status make_first();
  Status make_further();

  // Steps.
  Status identity();
  Status refused();
  Status iwd();
  Status universe();
  Status executable();
  Status arguments();
  Status environment();
  Status job_status();
  Status standard_streams();
  Status notification();
  Status rank();
  Status periodic_expressions();
  Status leave_in_queue();
  Status retries();
  Status kill_signals();
  Status container_services();
  Status request_resources();
  Status concurrency_limits();
  Status accounting_group();
  Status deferral();
  Status image_size();
  Status transfer_files();
  Status automatic();
  Status common_mistakes();
  Status mistakes();
  Status resource_requirements();
  Status requirements();
  Status check_sandbox();

  Status simple(const SimpleCommand& command);
  Status own_attribute(std::string_view name);

  // Parts of steps.
  struct Param {
    std::string text;
    std::string_view name;
  };
  struct Stream {
    std::string_view attribute, command, other_name, transfer, transfer_command, stream,
        stream_command;
  };
  Status standard_stream(const Stream& stream);
  Status kill_signal(std::string_view command, std::string_view attribute);
  Status expression_command(std::string_view command, std::string_view attribute);
  Status container_image();
  Status check_executable(const std::string& path);
  Result<std::string> exit_remove(std::string_view own);
  Status request_size(std::string_view command, std::string_view attribute, std::int64_t unit,
                      std::string_view otherwise);
  Status request_gpus();
  Status custom_requests();
  Status transfer_lists(std::vector<std::string>& inputs);
  Status transfer_modes(bool lists_given);
  Status container_inputs(std::vector<std::string>& inputs);
  Status disk_usage(const std::vector<std::string>& inputs);
  Status remaps();
  void warn_of_one_variable(std::string_view raw);
  void first_jobs_environment(std::map<std::string, std::string>& variables);
  Status import_environment(std::map<std::string, std::string>& variables, bool v1_only);
  Status deferral_number(std::string_view attribute, std::string_view command,
                         std::string_view other_command, std::int64_t otherwise);
  Status check_checkpoint_code();

  // The condition that machines must fulfil.
  struct Wanted {
    std::vector<std::string> conditions;
    std::set<std::string, LessIgnoringCase> machine;  // attributes that the user asks about
    bool asks(std::string_view attribute) const { return machine.find(attribute) != machine.end(); }
  };
  Status want_platform(Wanted& wanted);
  void want_sizes(Wanted& wanted);
  void want_custom(Wanted& wanted);
  Status want_transfer(Wanted& wanted);
  std::string transfer_condition(const Wanted& wanted);
  std::string wanted_methods();
  Status want_cuda(Wanted& wanted);

  // The value of a command, expanded; nothing: it is not assigned, or empty.
  Result<std::optional<Param>> param(std::string_view name, std::string_view other_name = {});
  void warn_of_letters(std::string_view command, std::string_view raw, std::string_view text);
  // Of a command that stands for nothing: warns if that lets the first job's value stand.
  std::optional<Param> nothing(std::string_view name);
  Result<std::optional<bool>> bool_param(std::string_view name, std::string_view other_name = {});
  Result<std::optional<std::int64_t>> int_param(std::string_view name,
                                                std::string_view other_name = {});

  // The ad: what this job has of its own, over what its cluster has.
  void set(std::string_view name, std::string_view expression);
  void set_string(std::string_view name, std::string_view value) { set(name, quote_string(value)); }
  void set_integer(std::string_view name, std::int64_t value) { set(name, cat(value)); }
  void set_bool(std::string_view name, bool value) { set(name, value ? "true" : "false"); }
  Result<classad::Expression> parse_expression(std::string_view command, std::string_view text);
  Status set_expression(std::string_view command, std::string_view attribute,
                        std::string_view text);
  std::optional<std::string> get(std::string_view name);
  std::optional<std::string> get_string(std::string_view name);
  std::optional<bool> get_bool(std::string_view name);
  bool has(std::string_view name) { return get(name).has_value(); }
  std::optional<double> literal_number(std::string_view name);
  std::vector<std::string> names_beginning(std::string_view prefix);

  std::string full_path(std::string_view name);
  std::int64_t size_kb(std::string_view name);
  void warn(std::string_view text) { warn_(place_, text); }
  void warn_once(std::string_view text);
  void warn_of(const Sentences& sentences);
  void expression_mistake(std::string_view command, std::string_view attribute, Meant meant);
  void file_mistakes();
  void stream_mistakes();
  Status program_mistake();
  bool is_known_attribute(std::string_view name);
  // What param() gave for the statement's first job; nothing is drawn again by $RANDOM_CHOICE.
  std::optional<Param> said(std::string_view name, std::string_view other_name = {});
  // Refuses, or only warns where condor_submit would accept it and the context asks for that.
  Status object(Error error);
  // The opposite: what condor_submit refuses, and is only warned of here.
  Status only_here(Error error);

  const SubmitContext& context_;
  Macros& macros_;
  const SubmitPlaces& places_;
  AdMaker::Warn warn_;

  int cluster_ = 1, proc_ = 0;
  Place queue_, place_;
  std::vector<Unit> plan_;
  bool base_is_whole_ = false;
  bool is_first_ = true;  // of its queue statement: the one that warnings speak of
  std::map<std::string, std::pair<std::string, Place>, LessIgnoringCase> said_;  // in it
  JobAd base_;                                                                   // of the cluster
  JobAd stable_;  // over it: what all jobs of this statement have
  JobAd own_;
  std::set<std::string, LessIgnoringCase> written_, varying_;  // names, while the first job is made
  bool read_varying_ = false;
  std::set<std::string> warned_;
  std::set<std::string, LessIgnoringCase> given_;  // commands with a value in the first job
  std::map<std::string, std::int64_t> sizes_;

  std::map<std::string, classad::Expression> parsed_;  // a few texts come again and again
};

}  // namespace cairn
