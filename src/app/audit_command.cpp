// `atelier audit`: the whole audit of a running studio, or of one it starts itself.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "app/audit/own_studio.hpp"
#include "app/audit/progress.hpp"
#include "app/audit/report.hpp"
#include "app/audit/rig.hpp"
#include "app/commands.hpp"
#include "app/exit_code.hpp"
#include "app/json_fields.hpp"
#include "app/objectives_file.hpp"
#include "app/options.hpp"
#include "app/output_file.hpp"
#include "app/settings_json.hpp"
#include "base/async.hpp"
#include "base/blocking.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/task_group.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "net/server.hpp"
#include "store/data_folder.hpp"

namespace atelier::app {
namespace {

namespace fs = std::filesystem;
using audit::Outcome;
using audit::Rig;
using audit::Scenario;

constexpr std::int64_t kSecondsMax = 7'200;
constexpr std::size_t kReportBytesMax = 8 << 20;
constexpr std::uint32_t kQuickJobMs = 1'000;

std::atomic<bool> audit_interrupted = false;  // set by the signal handler, read by the watcher below

void watch_interrupts() {
  struct sigaction action{};
  action.sa_handler = [](int) { audit_interrupted.store(true); };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

std::unexpected<Error> misused(std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message), {.reason = "usage", .where = {}});
}

// Those that --scenario names, in our order; all without it.
Result<std::vector<const Scenario*>> wanted_scenarios(const Arguments& arguments) {
  std::vector<const Scenario*> wanted;
  const auto list = arguments.value("--scenario");
  std::vector<std::string_view> names;
  for (const Scenario& scenario : audit::scenarios()) {
    names.push_back(scenario.name);
    if (!list) wanted.push_back(&scenario);
  }
  if (!list) return wanted;
  std::vector<std::string_view> asked;
  for (std::string_view rest = *list; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view name = rest.substr(0, comma);
    if (std::ranges::find(names, name) == names.end())
      return misused(fmt::format("there is no scenario \"{}\"; there are {}", printable(std::string(name), 40),
                                 fmt::join(names, ", ")));
    asked.push_back(name);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  for (const Scenario& scenario : audit::scenarios())
    if (std::ranges::find(asked, scenario.name) != asked.end()) wanted.push_back(&scenario);
  if (wanted.empty()) return misused("--scenario names none");
  return wanted;
}

Result<std::int64_t> number_flag(const Arguments& arguments, std::string_view flag, std::int64_t most) {
  const auto given = arguments.value(flag);
  if (!given) return 0;
  const auto number = parse_integer(*given);
  if (!number || *number < 1 || *number > most)
    return misused(fmt::format("{} is \"{}\", not a number from 1 to {}", flag, printable(*given, 40), most));
  return *number;
}

Result<audit::Plan> plan_of(const Arguments& arguments) {
  audit::Plan plan = arguments.has("--quick") ? audit::Plan::quick() : audit::Plan::full();
  auto seconds = number_flag(arguments, "--seconds", kSecondsMax);
  if (!seconds) return error_of(seconds);
  if (*seconds > 0) plan.set_length(std::chrono::seconds(*seconds));
  auto users = number_flag(arguments, "--users", 10'000);
  if (!users) return error_of(users);
  if (*users > 0) {
    plan.chat.users = plan.generation.users = static_cast<std::size_t>(*users);
    plan.chat.accounts = std::min(plan.chat.accounts, plan.chat.users);
  }
  auto streams = number_flag(arguments, "--streams", 100'000);
  if (!streams) return error_of(streams);
  if (*streams > 0) plan.streams.crowds = {{static_cast<std::size_t>(*streams), plan.streams.crowds.front().length}};
  auto shorts = number_flag(arguments, "--shorts", 10'000);
  if (!shorts) return error_of(shorts);
  if (*shorts > 0) plan.shorts = static_cast<std::size_t>(*shorts);
  return plan;
}

// "-" reads it from standard input, so that it stands in no history.
Result<std::string> key_of(const Arguments& arguments) {
  std::string key = arguments.value("--key").value_or("");
  if (key != "-") return key;
  char line[1'024];
  key = std::fgets(line, sizeof(line), stdin) != nullptr ? line : "";
  while (key.ends_with('\n') || key.ends_with('\r')) key.pop_back();
  if (key.empty()) return misused("--key -: no key came on standard input");
  return key;
}

std::string mode_of(const Arguments& arguments) {
  std::string mode = arguments.has("--quick") ? "quick" : "full";
  for (const char* flag : {"--seconds", "--users", "--streams", "--shorts"})
    if (const auto value = arguments.value(flag)) mode += fmt::format(", {} {}", flag, *value);
  return mode;
}

// Those that the studio runs with, whatever this command was given.
Task<Result<Settings>> settings_of(const audit::Rig* rig) {
  auto told = co_await rig->admin.must(net::Method::get, "/local/settings");
  if (!told) co_return error_of(told);
  co_return settings_from(*told);
}

// What is audited, and who is started for it.
struct Subject {
  std::unique_ptr<audit::OwnStudio> own;
  audit::Place place;
  std::string kind;  // "own", "local", "remote"
  std::string data_folder;
  std::optional<Settings> settings;  // nullopt: not known yet, or never
};

Result<Subject> running_studio(const Arguments& arguments, const Settings& settings) {
  Subject subject{.own = {}, .place = {}, .kind = "local", .data_folder = {}, .settings = {}};
  if (const auto url = arguments.value("--url")) {
    std::string text = *url;
    while (text.ends_with('/')) text.pop_back();
    auto parsed = net::Url::parse(text);
    if (!parsed || parsed->target != "/")
      return misused(fmt::format("--url is \"{}\", not a studio's address such as https://studio.example.org", *url));
    subject.place.url = std::move(text);
    subject.kind = "remote";
  } else {
    subject.data_folder = settings.get(kDataDir);
    if (subject.data_folder.empty()) {
      auto fallback = store::default_data_folder();
      if (!fallback) return error_of(fallback);
      subject.data_folder = *fallback;
    }
    subject.place.socket.socket_path = subject.data_folder + "/server.sock";
  }
  return subject;
}

Result<Subject> own_studio(const Arguments& arguments, const audit::Plan& plan, Settings settings) {
  audit::OwnStudio::Options options{.program = audit::program_beside("atelier"),
                                    .double_program = audit::program_beside("provider-double")};
  if (options.program.empty()) return fail(ErrorCode::unavailable, "atelier is not where it was started from");
  if (const auto given = arguments.value("--double")) {
    options.double_program = *given;
    if (::access(given->c_str(), X_OK) != 0)
      return fail(ErrorCode::not_found, fmt::format("--double: {} is no program", printable(*given, 200)));
  }
  for (const auto& crowd : plan.streams.crowds) options.streams_max = std::max(options.streams_max, crowd.count);
  auto own = audit::OwnStudio::start(std::move(options));
  if (!own) return error_of(own);
  Subject subject{
      .own = std::move(*own), .place = {}, .kind = "own", .data_folder = {}, .settings = std::move(settings)};
  subject.place.url = subject.own->url();
  subject.data_folder = subject.own->data_folder();
  return subject;
}

// The provider double as two providers: of words and of pictures.
Task<Result<>> add_providers(Rig* rig, std::string url) {
  for (const auto& [name, path] : {std::pair{"openai", "/openai/v1"}, {"replicate", "/replicate/v1"}}) {
    json::Value provider =
        json::Object{{"name", name}, {"preset", name}, {"base_url", url + path}, {"key", "sk-double"}};
    auto added = co_await rig->admin.must(net::Method::post, "/api/providers", provider);
    if (!added) co_return error_of(added);
  }
  // Twenty milliseconds between words, as models speak.
  rig->chat_model = "openai/gpt-5@token-gap=20";
  rig->image_model = "replicate/black-forest-labs/flux-schnell";
  co_return Result<>{};
}

Task<Result<>> watch_for_interrupt(const bool* is_over) {
  while (!*is_over) {
    if (audit_interrupted.load()) co_return fail(ErrorCode::cancelled, "interrupted; no report was written");
    auto slept = co_await sleep_for(std::chrono::milliseconds(50));
    if (!slept) co_return Result<>{};
  }
  co_return Result<>{};
}

Task<Result<>> run_into(Outcome* outcome, const Scenario* scenario, Rig* rig, bool* is_over) {
  auto done = co_await scenario->run(rig);
  *is_over = true;
  if (done) {
    *outcome = std::move(*done);
    co_return Result<>{};
  }
  if (done.error().code == ErrorCode::cancelled) co_return error_of(done);
  outcome->state = audit::State::failed;
  outcome->why = done.error().describe();
  co_return Result<>{};
}

Task<Result<Outcome>> run_one(const Scenario* scenario, Rig* rig) {
  Outcome outcome{.name = std::string(scenario->name), .title = std::string(scenario->title)};
  bool is_over = false;
  TaskGroup group(co_await current_executor());
  group.spawn(run_into(&outcome, scenario, rig, &is_over));
  group.spawn(watch_for_interrupt(&is_over));
  auto done = co_await group.join();
  if (!done) co_return error_of(done);
  co_return outcome;
}

// Whether somebody is there, and which version it is.
Task<Result<std::string>> version_of(const Rig* rig) {
  auto status = co_await rig->admin.must(net::Method::get, "/api/status");
  if (!status) co_return error_of(status);
  co_return text_at(*status, "version");
}

Result<std::vector<Outcome>> run_all(const std::vector<const Scenario*>& wanted, Rig& rig, Executor executor,
                                     audit::Progress& progress) {
  std::vector<Outcome> outcomes;
  for (const Scenario* scenario : wanted) {
    progress.tell(std::string(scenario->title));
    auto outcome = run_blocking(executor, run_one(scenario, &rig));
    if (!outcome) return error_of(outcome);
    progress.say(fmt::format("{}: {}", outcome->title,
                             outcome->state == audit::State::done
                                 ? fmt::format("done in {:.0f} s", outcome->seconds)
                                 : fmt::format("{}: {}", to_string(outcome->state), outcome->why)));
    outcomes.push_back(std::move(*outcome));
  }
  return outcomes;
}

Result<json::Value> read_report(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::not_found, fmt::format("--compare: cannot open {}", printable(path, 200)));
  std::string text(kReportBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kReportBytesMax) return fail(ErrorCode::too_large, "--compare: the report is over 8 MiB");
  auto report = json::parse(text);
  if (!report || text_at(*report, "format") != "atelier-audit-1")
    return fail(ErrorCode::invalid_argument,
                fmt::format("--compare: {} is no audit's report; its .json is needed", printable(path, 200)),
                {.reason = "usage", .where = {}});
  return report;
}

Result<> write_file(const fs::path& path, const std::string& text) {
  auto file = OutputFile::create(path);
  if (!file) return error_of(file);
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t count = ::write(file->fd(), text.data() + at, text.size() - at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, fmt::format("cannot write {}", path.string()));
    at += static_cast<std::size_t>(count);
  }
  return file->commit();
}

struct Making {
  std::vector<const Scenario*> wanted;
  audit::Plan plan;
  std::optional<json::Value> before;
  fs::path out;
};

Result<Making> making_of(const Arguments& arguments) {
  Making making{.wanted = {}, .plan = {}, .before = {}, .out = arguments.value("--out").value_or(".")};
  auto wanted = wanted_scenarios(arguments);
  if (!wanted) return error_of(wanted);
  making.wanted = std::move(*wanted);
  auto plan = plan_of(arguments);
  if (!plan) return error_of(plan);
  making.plan = std::move(*plan);
  if (arguments.has("--url") && (arguments.has("--double") || arguments.has("--local")))
    return misused("--url names a running studio; --local and --double are of others");
  if (const auto earlier = arguments.value("--compare")) {
    auto before = read_report(*earlier);
    if (!before) return error_of(before);
    making.before = std::move(*before);
  }
  std::error_code ec;
  fs::create_directories(making.out, ec);
  if (auto writable = OutputFile::create(making.out / "audit.json"); !writable) return error_of(writable);
  return making;
}

Result<audit::Report> make_report(const Arguments& arguments, const Making& making, audit::Progress& progress) {
  auto settings = load_settings(arguments);
  if (!settings) return error_of(settings);
  const bool is_running = arguments.has("--url") || arguments.has("--local");
  progress.tell(is_running ? "a running studio" : "a studio is started for the audit");
  auto subject =
      is_running ? running_studio(arguments, *settings) : own_studio(arguments, making.plan, std::move(*settings));
  if (!subject) return error_of(subject);
  auto key = key_of(arguments);
  if (!key) return error_of(key);
  if (!key->empty()) subject->place.headers.emplace_back("authorization", "Bearer " + *key);

  net::Loops loops(1);
  Metrics metrics;
  net::ClientOptions options;
  options.connections_per_origin_max = options.waiters_per_origin_max = 200'000;
  options.speaks_http2 = false;  // each stream and person has a connection, as browsers of many people do
  auto client = net::HttpClient::make(loops, std::move(options), metrics);
  if (!client) {
    loops.stop();
    return error_of(client);
  }
  Rig rig{.admin = audit::Caller(**client, subject->place),
          .is_own = subject->own != nullptr,
          .is_local = subject->kind != "remote",
          .chat_model = arguments.value("--model").value_or(""),
          .image_model = arguments.value("--image-model").value_or(""),
          .plan = making.plan,
          .data_folder = subject->data_folder,
          .tell = [&progress](std::string what) { progress.tell(what); }};
  if (making.plan.is_quick) rig.job_ms = kQuickJobMs;
  const auto made = [&]() -> Result<audit::Report> {
    auto version = run_blocking(loops.executor(0), version_of(&rig));
    if (!version) return error_of(version);
    if (subject->kind == "local") {
      auto in_force = run_blocking(loops.executor(0), settings_of(&rig));
      if (!in_force) return error_of(in_force);
      subject->settings = std::move(*in_force);
    }
    if (subject->settings) {
      auto objectives = load_objectives(*subject->settings);
      if (!objectives) return error_of(objectives);
      rig.objectives = std::move(*objectives);
      rig.settings = &*subject->settings;
    }
    if (subject->own && !subject->own->double_url().empty())
      if (auto added = run_blocking(loops.executor(0), add_providers(&rig, subject->own->double_url())); !added)
        return error_of(added);
    audit::Report report{.version = std::move(*version),
                         .made_ms = system_clock().wall_ms(),
                         .studio = subject->kind,
                         .mode = mode_of(arguments),
                         .core_count = std::max(1U, std::thread::hardware_concurrency()),
                         .memory_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                                         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)),
                         .outcomes = {}};
    auto outcomes = run_all(making.wanted, rig, loops.executor(0), progress);
    if (!outcomes) return error_of(outcomes);
    report.outcomes = std::move(*outcomes);
    return report;
  }();
  (*client)->stop();
  loops.stop();
  return made;
}

Result<> write_report(const Making& making, const audit::Report& report) {
  for (const auto& [name, text] : {std::pair{"audit.json", json::write(audit::to_json(report)) + "\n"},
                                   {"audit.md", audit::to_markdown(report)},
                                   {"audit.html", audit::to_html(report)}})
    if (auto written = write_file(making.out / name, text); !written) return written;
  return {};
}

}  // namespace

int run_audit(const Arguments& arguments) {
  auto making = making_of(arguments);
  if (!making) return complain(making.error());
  watch_interrupts();
  audit::Progress progress(::isatty(2) == 1);
  Arguments quiet = arguments;
  quiet.settings.insert(quiet.settings.begin(), {std::string(kLogLevel.name), "warn"});
  auto report = make_report(quiet, *making, progress);
  progress.clear();
  if (!report) return complain(report.error());
  if (making->before) {
    auto comparison = audit::compare(*making->before, *report);
    if (!comparison) return complain(comparison.error());
    report->comparison = std::move(*comparison);
  }
  if (auto written = write_report(*making, *report); !written) return complain(written.error());
  std::string text;
  for (const std::string& sentence : audit::summary_of(*report)) text += sentence + "\n";
  for (const audit::Finding& finding : audit::findings_of(report->outcomes))
    text += fmt::format("  {:<9} {}\n", to_string(finding.severity), finding.title);
  text += fmt::format("The report: {}, and .md and .json beside it\n", (making->out / "audit.html").string());
  std::fputs(text.c_str(), stdout);
  return audit::is_met(report->outcomes) ? kSuccess : kNotMet;
}

}  // namespace atelier::app
