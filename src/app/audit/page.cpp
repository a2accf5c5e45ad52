// Page speed: by Lighthouse where it and Chromium are there; else what a first visit has to load, and how long that
// takes from here.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "app/audit/own_studio.hpp"
#include "app/audit/program.hpp"
#include "app/audit/rig.hpp"
#include "base/async.hpp"

namespace atelier::app::audit {
namespace {

constexpr std::chrono::seconds kLighthouseMax{90};
constexpr std::size_t kFilesMax = 64;

std::string chromium() {
  if (const char* const named = std::getenv("CHROME_PATH"); named && *named) return named;
  for (const char* name : {"chromium", "chromium-browser", "google-chrome", "chrome"})
    if (std::string path = program_in_path(name); !path.empty()) return path;
  return {};
}

// In PATH, or where a checkout keeps it for its own benches.
std::string lighthouse() {
  if (std::string path = program_in_path("lighthouse"); !path.empty()) return path;
  return program_beside("../../../bench/web/node_modules/.bin/lighthouse");
}

double audit_number(const json::Value& report, std::string_view audit) {
  boost::json::error_code ec;
  const json::Value* const value = report.find_pointer(fmt::format("/audits/{}/numericValue", audit), ec);
  if (ec || value == nullptr) return -1;
  const double number = value->to_number<double>(ec);
  return ec ? -1 : number;
}

struct Vital {
  std::string_view id, audit, title;
  Unit unit;
  std::optional<Budget> budget;  // where the studio has none of its own; nullopt: it is told alone
  std::string_view of = {};      // its name there
  double factor = 1;
};
constexpr Vital kVitals[] = {
    {"fcp", "first-contentful-paint", "first paint of content", Unit::milliseconds,
     Budget{.limit = 1'000, .required = 1'500}, "page_fcp", 1e3},
    {"lcp", "largest-contentful-paint", "largest paint of content", Unit::milliseconds,
     Budget{.limit = 1'700, .required = 2'500}, "page_lcp", 1e3},
    {"tti", "interactive", "until it reacts", Unit::milliseconds, Budget{.limit = 2'000, .required = 3'500}},
    {"tbt", "total-blocking-time", "time it was blocked", Unit::milliseconds, std::nullopt},
    {"cls", "cumulative-layout-shift", "layout shift", Unit::count, Budget{.limit = 0.01, .required = 0.1}, "page_cls",
     1},
};
constexpr std::string_view kPageCause =
    "The page waits for its script or fonts, or works too long before it draws: a slow line or processor, or a proxy "
    "that neither compresses nor keeps what it may.";
constexpr std::string_view kPageRemedy =
    "Let a proxy in front pass content-encoding and cache-control through; look at the page's budget in Performance.";

// As on a telephone: that is Lighthouse's own choice, and the harder one.
Result<json::Value> run_lighthouse(const std::string& program, const std::string& browser, const std::string& url) {
  const std::string flags =
      std::string("--chrome-flags=--headless=new --disable-gpu") + (::geteuid() == 0 ? " --no-sandbox" : "");
  auto text = run_program({program, url, "--quiet", "--output=json", "--only-categories=performance", flags},
                          {{"CHROME_PATH", browser}}, kLighthouseMax);
  if (!text) return error_of(text);
  return json::parse(*text);
}

// The median of its runs, and the least and most of them.
Measured middle_of(std::vector<double> values) {
  std::ranges::sort(values);
  return {.value = values[values.size() / 2], .low = values.front(), .high = values.back(), .count = values.size()};
}

Result<> by_lighthouse(Rig* rig, Outcome& outcome, const std::string& program, const std::string& browser) {
  const int runs = rig->plan.is_quick ? 1 : 3;
  std::map<std::string_view, std::vector<double>> values;
  for (int run = 0; run < runs; ++run) {
    rig->tell(fmt::format("Lighthouse, {} of {}", run + 1, runs));
    auto report = run_lighthouse(program, browser, rig->admin.place().url + "/");
    if (!report) return error_of(report);
    for (const Vital& vital : kVitals)
      if (const double value = audit_number(*report, vital.audit); value >= 0) values[vital.id].push_back(value);
  }
  for (const Vital& vital : kVitals)
    if (const auto found = values.find(vital.id); found != values.end())
      outcome.figures.push_back(
          {.id = std::string(vital.id),
           .title = std::string(vital.title),
           .unit = vital.unit,
           .measured = middle_of(found->second),
           .budget = vital.budget ? std::optional(rig->budget(vital.of, vital.factor, *vital.budget)) : std::nullopt,
           .cause = std::string(kPageCause),
           .remedy = std::string(kPageRemedy)});
  outcome.notes.push_back(
      runs > 1
          ? fmt::format(
                "Lighthouse, as on a telephone with a slow line: the median of {} runs, the least and the most.", runs)
          : std::string("Lighthouse, once, as on a telephone with a slow line."));
  return {};
}

// Addresses of this studio in the attributes of the page's markup: scripts, what is loaded ahead, styles.
std::set<std::string> files_of(const std::string& page) {
  std::set<std::string> files;
  for (const std::string_view attribute : {std::string_view("src=\""), std::string_view("href=\"")})
    for (std::size_t at = page.find(attribute); at != std::string::npos; at = page.find(attribute, at + 1)) {
      const std::size_t from = at + attribute.size(), end = page.find('"', from);
      if (end == std::string::npos) break;
      const std::string path = page.substr(from, end - from);
      const bool is_loaded = path.ends_with(".js") || path.ends_with(".css") || path.ends_with(".woff2");
      if (path.starts_with('/') && is_loaded && files.size() < kFilesMax) files.insert(path);
    }
  return files;
}

Task<Result<>> by_bytes(Rig* rig, Outcome* outcome) {
  rig->tell("the page's files");
  const std::vector<std::pair<std::string, std::string>> headers{{"accept-encoding", "br"}};
  const auto began = std::chrono::steady_clock::now();
  auto plain = co_await rig->admin.ask(net::Method::get, "/");
  if (!plain) co_return error_of(plain);
  auto page = co_await rig->admin.ask(net::Method::get, "/", {}, headers);
  if (!page) co_return error_of(page);
  std::size_t all = page->body.size(), script = 0, count = 1;
  for (const std::string& file : files_of(plain->body)) {
    auto part = co_await rig->admin.ask(net::Method::get, file, {}, headers);
    if (!part) co_return error_of(part);
    if (part->status != 200) outcome->evidence.push_back(fmt::format("{} was answered with {}", file, part->status));
    all += part->body.size();
    if (file.ends_with(".js")) script += part->body.size();
    ++count;
  }
  const double took = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
  outcome->figures.push_back({.id = "script",
                              .title = "script of the first load, compressed",
                              .unit = Unit::bytes,
                              .measured = exactly(static_cast<double>(script)),
                              .budget = Budget{.limit = 60'000, .required = 800'000},
                              .cause = "More is loaded at first than a page needs.",
                              .remedy = "A proxy that takes compression away makes it three times as much."});
  outcome->figures.push_back({.id = "bytes",
                              .title = "all of the first load, compressed",
                              .unit = Unit::bytes,
                              .measured = exactly(static_cast<double>(all))});
  outcome->figures.push_back({.id = "files",
                              .title = "files of the first load",
                              .unit = Unit::count,
                              .measured = exactly(static_cast<double>(count))});
  outcome->figures.push_back({.id = "load",
                              .title = "all of them, one after another, from here",
                              .unit = Unit::milliseconds,
                              .measured = exactly(took),
                              .budget = Budget{.limit = 300, .required = 1'500},
                              .cause = "The way to the studio is slow, or it is busy.",
                              .remedy = "Measure again while nothing else goes on."});
  co_return Result<>{};
}

}  // namespace

Task<Result<Outcome>> run_page(Rig* rig) {
  Outcome outcome{.name = "page", .title = "Page speed"};
  const auto began = std::chrono::steady_clock::now();
  if (rig->admin.place().url.empty()) {
    outcome.state = State::skipped;
    outcome.why = "the studio is asked over its Unix socket, where no browser comes; say its address with --url";
    co_return outcome;
  }
  auto loaded = co_await by_bytes(rig, &outcome);
  if (!loaded) co_return error_of(loaded);
  const std::string browser = chromium(), program = lighthouse();
  if (browser.empty() || program.empty()) {
    outcome.notes.push_back(fmt::format("Paints and layout shift were not measured: there is no {} here{}.",
                                        browser.empty() ? "Chromium" : "Lighthouse",
                                        browser.empty() ? "" : " (npm install -g lighthouse)"));
  } else if (auto measured = by_lighthouse(rig, outcome, program, browser); !measured) {
    outcome.notes.push_back("Paints and layout shift were not measured: " + measured.error().message + ".");
  }
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  co_return outcome;
}

}  // namespace atelier::app::audit
