#include "app/audit/rules.hpp"

#include <fmt/format.h>

#include "app/house.hpp"
#include "app/options.hpp"
#include "base/text.hpp"

namespace atelier::app::audit {
namespace {

constexpr std::int64_t kBackupDaysMax = 7;
constexpr std::uint64_t kDiskFreeMin = std::uint64_t{2} << 30;

std::string field(const net::Headers& headers, std::string_view name) {
  return std::string(headers.find(name).value_or(""));
}

bool has_word(const std::string& text, std::string_view word) { return text.find(word) != std::string::npos; }

// Whether the policy lets scripts in that stand in the page: by an explicit word, or by saying nothing of scripts.
bool lets_inline_scripts(const std::string& policy) {
  std::size_t at = policy.find("script-src ");
  if (at == std::string::npos) at = policy.find("default-src ");
  if (at == std::string::npos) return true;
  const std::string scripts = policy.substr(at, policy.find(';', at) - at);
  return has_word(scripts, "'unsafe-inline'") || has_word(scripts, " *");
}

struct WantedHeader {
  std::string_view name, word;  // that it has to hold
  Severity severity;
  std::string_view harm;
};
constexpr WantedHeader kWanted[] = {
    {"x-content-type-options", "nosniff", Severity::medium,
     "A browser may take an uploaded file for a script or page."},
    {"referrer-policy", "no-referrer", Severity::low,
     "Addresses of threads and assets are told to pages that are linked to."},
    {"cross-origin-opener-policy", "same-origin", Severity::low,
     "A page that opened this one keeps a hold on its window."},
    {"cross-origin-resource-policy", "same-origin", Severity::low,
     "Other sites may show this studio's pictures to whoever is signed in."},
    {"permissions-policy", "camera=()", Severity::low,
     "A script that got in may ask for camera, microphone and place."},
};

void judge_headers(const Manners& seen, std::vector<Finding>& out) {
  const auto proxy_remedy =
      "The studio sends it itself: look for a proxy in front that takes it away or puts another in its place.";
  const std::string policy = field(seen.page, "content-security-policy");
  if (policy.empty() || lets_inline_scripts(policy))
    out.push_back({.id = "headers.csp",
                   .severity = Severity::high,
                   .title = policy.empty() ? "The page has no Content-Security-Policy"
                                           : "The page's Content-Security-Policy lets in scripts that stand in a page",
                   .evidence = {policy.empty() ? "no content-security-policy on GET /" : printable(policy, 300)},
                   .cause = "Whatever finds a way to put markup into a page can run scripts with its user's rights.",
                   .remedy = proxy_remedy});
  else if (!has_word(policy, "frame-ancestors"))
    out.push_back({.id = "headers.frames",
                   .severity = Severity::medium,
                   .title = "Other sites may put the page into a frame",
                   .evidence = {"no frame-ancestors in the Content-Security-Policy"},
                   .cause = "A user can be made to click in it without knowing.",
                   .remedy = proxy_remedy});
  for (const WantedHeader& wanted : kWanted)
    for (const auto& [what, headers] : {std::pair{"GET /", &seen.page}, {"GET /api/session", &seen.api}}) {
      const std::string value = field(*headers, wanted.name);
      if (has_word(value, wanted.word)) continue;
      out.push_back(
          {.id = fmt::format("headers.{}", wanted.name),
           .severity = wanted.severity,
           .title = fmt::format("{} is {} on {}", wanted.name, value.empty() ? "missing" : "weak", what),
           .evidence = {value.empty() ? fmt::format("no {} on {}", wanted.name, what) : printable(value, 200)},
           .cause = std::string(wanted.harm),
           .remedy = proxy_remedy});
      break;
    }
  if (!has_word(field(seen.api, "cache-control"), "no-store"))
    out.push_back({.id = "headers.cache",
                   .severity = Severity::medium,
                   .title = "Answers of the API may be kept by browsers and proxies",
                   .evidence = {fmt::format("cache-control: {}", field(seen.api, "cache-control"))},
                   .cause = "Who uses the machine or the proxy next may read them.",
                   .remedy = proxy_remedy});
  if (seen.is_https && !has_word(field(seen.page, "strict-transport-security"), "max-age="))
    out.push_back({.id = "headers.hsts",
                   .severity = Severity::medium,
                   .title = "Browsers are not told to come over https alone",
                   .evidence = {"no strict-transport-security on GET /"},
                   .cause = "A first request over http can be turned aside by whoever sits between.",
                   .remedy = "Let the proxy that ends TLS send strict-transport-security: max-age=31536000."});
}

}  // namespace

std::vector<Finding> judge_manners(const Manners& seen) {
  std::vector<Finding> out;
  judge_headers(seen, out);
  const auto refused = [](int status) { return status >= 400 && status < 500; };
  if (!refused(seen.foreign_host_status))
    out.push_back({.id = "headers.host",
                   .severity = Severity::high,
                   .title = "The studio answers under names that are not its own",
                   .evidence = {fmt::format("a request with host: atelier-audit.invalid was answered with {}",
                                            seen.foreign_host_status)},
                   .cause = "A page of the internet can reach a studio in a private network by DNS rebinding.",
                   .remedy = "Let the proxy in front refuse names it does not serve; server.allowed_hosts names those "
                             "the studio answers to."});
  if (!refused(seen.foreign_origin_status))
    out.push_back({.id = "headers.origin",
                   .severity = Severity::critical,
                   .title = "Pages of other sites can write to the studio",
                   .evidence = {fmt::format("a POST with the origin https://atelier-audit.invalid was answered with {}",
                                            seen.foreign_origin_status)},
                   .cause = "Whoever is signed in and looks at a hostile page acts in its name.",
                   .remedy = "Look for a proxy in front that changes origin or sec-fetch-site."});
  if (!seen.is_loopback && seen.stranger_status < 400)
    out.push_back(
        {.id = "headers.stranger",
         .severity = Severity::critical,
         .title = "The studio lets in whoever can reach it",
         .evidence = {fmt::format("GET /api/threads without a key was answered with {}", seen.stranger_status)},
         .cause = "It is open to the network and asks for no key: a proxy in front makes all callers local.",
         .remedy = "Set access.require_key = true, and make keys with: atelier keys create --role admin <name>"});
  if (!seen.is_loopback && !seen.is_https)
    out.push_back({.id = "headers.tls",
                   .severity = Severity::critical,
                   .title = "The studio is open to the network without TLS",
                   .evidence = {seen.url},
                   .cause = "Keys, passwords and what is said go over the network for all to read.",
                   .remedy = "Set server.certificate and server.certificate_key, or put a proxy with TLS in front and "
                             "let the studio listen on 127.0.0.1."});
  return out;
}

std::vector<Finding> judge_setup(const SetupFacts& facts) {
  std::vector<Finding> out;
  const auto add = [&](std::string id, Severity severity, std::string title, std::string evidence, std::string cause,
                       std::string remedy) {
    out.push_back({.id = std::move(id),
                   .severity = severity,
                   .title = std::move(title),
                   .evidence = {std::move(evidence)},
                   .cause = std::move(cause),
                   .remedy = std::move(remedy)});
  };
  if (facts.settings != nullptr) {
    const Settings& settings = *facts.settings;
    const std::string listen(settings.get(kListen));
    const auto address = parse_listen_address(listen);
    const bool is_open = address && !address->is_loopback;
    if (is_open && settings.get(kCertificate).empty())
      add("settings.tls", Severity::critical, "The studio listens to the network without TLS",
          "server.listen = " + listen + ", and no server.certificate",
          "Keys, passwords and what is said go over the network for all to read.",
          "Set server.certificate and server.certificate_key, or listen on 127.0.0.1 behind a proxy with TLS.");
    if (!is_open && !settings.get(kAllowedHosts).empty() && !settings.get(kRequireKey) && facts.keys.empty())
      add("settings.key", Severity::high, "Other names are served, and there is no key",
          fmt::format("server.allowed_hosts = {}", settings.get(kAllowedHosts)),
          "The studio refuses to start like this.", "Make a key: atelier keys create --role admin <name>");
    if (is_open && settings.get(kPeerConnectionsMax) > 4'096)
      add("settings.peer_connections", Severity::low, "One address may take very many connections",
          fmt::format("server.connections_per_peer_max = {}", settings.get(kPeerConnectionsMax)),
          "A single machine can take all places there are.",
          "Set it to some hundreds, unless a proxy stands in front.");
    if (settings.get(kHeaderTimeoutMs) > 60'000 || settings.get(kStallTimeoutMs) > 300'000)
      add("settings.timeouts", Severity::low, "Slow clients are waited for very long",
          fmt::format("server.header_timeout_ms = {}, server.write_stall_timeout_ms = {}",
                      settings.get(kHeaderTimeoutMs), settings.get(kStallTimeoutMs)),
          "Connections that do nothing hold their places.", "Set them to 10,000 and 30,000.");
    if (settings.get(kKeepTexts))
      add("settings.texts", Severity::low, "What is asked and answered is kept in the log of calls",
          "models.keep_texts = true", "Whoever may read the log, or a backup's neighbour, reads prompts.",
          "Switch it off once what it was for is done.");
    if (!settings.get(kStrictSandbox) && !facts.sandbox_missing.empty())
      add("settings.sandbox", Severity::medium, "Media workers run with less of a sandbox than there could be",
          fmt::format("missing: {}", fmt::join(facts.sandbox_missing, ", ")),
          "A hostile file that breaks a decoder could reach further.",
          "Use a kernel with Landlock and seccomp; media.strict_sandbox = true refuses to work without.");
  }
  for (const KeyFacts& key : facts.keys)
    if (!key.has_limit && !key.is_admin)
      add("settings.key_limits", Severity::medium, fmt::format("The key \"{}\" has no limit", printable(key.name, 60)),
          "neither requests a minute nor an allowance",
          "One that is lost or misused can spend whatever the providers' keys can.",
          "Give it an allowance: atelier keys create --day 5 --requests-per-minute 60 ..., and revoke the old one.");
  if (facts.disk_bytes > 0 && (facts.disk_free_bytes < kDiskFreeMin || facts.disk_free_bytes < facts.disk_bytes / 20))
    add("settings.disk", Severity::high, "The disk of the data folder is nearly full",
        fmt::format("{} of {} are free", describe(static_cast<double>(facts.disk_free_bytes), Unit::bytes),
                    describe(static_cast<double>(facts.disk_bytes), Unit::bytes)),
        "Once it is full nothing can be stored, and work stops until there is room.",
        "Make room, lower storage.derived_quota_mib, or move the data folder.");
  if (!facts.is_own && (!facts.backup_age_days || *facts.backup_age_days > kBackupDaysMax))
    add("settings.backup", facts.backup_age_days ? Severity::medium : Severity::low,
        facts.backup_age_days ? fmt::format("The newest backup is {} days old", *facts.backup_age_days)
                              : std::string("No backup is known"),
        facts.backup_age_days ? "its manifest.json says when it was made"
                              : "none stands beside the data folder; one elsewhere cannot be seen from here",
        "A disk that dies takes all threads, assets and keys along.",
        "Run atelier backup <folder> every day, onto another disk; it works beside a running studio.");
  return out;
}

}  // namespace atelier::app::audit
