// Security headers: what answers say to browsers, and who is let in.
#include "app/audit/rig.hpp"
#include "app/audit/rules.hpp"
#include "base/async.hpp"

namespace atelier::app::audit {
namespace {

bool is_loopback(const std::string& host) { return host == "localhost" || host.starts_with("127.") || host == "::1"; }

}  // namespace

Task<Result<Outcome>> run_headers(Rig* rig) {
  Outcome outcome{.name = "headers", .title = "Security headers"};
  const std::string& url = rig->admin.place().url;
  if (url.empty()) {
    outcome.state = State::skipped;
    outcome.why = "the studio is asked over its Unix socket, where no browser comes; say its address with --url";
    co_return outcome;
  }
  rig->tell("headers");
  Manners seen{.url = url};
  const auto parsed = net::Url::parse(url + "/");
  if (!parsed) co_return error_of(parsed);
  seen.is_https = parsed->origin.scheme == net::Scheme::https;
  seen.is_loopback = is_loopback(parsed->origin.host);
  auto page = co_await rig->admin.ask(net::Method::get, "/");
  if (!page) co_return error_of(page);
  seen.page = page->headers;
  auto api = co_await rig->admin.ask(net::Method::get, "/api/session");
  if (!api) co_return error_of(api);
  seen.api = api->headers;

  // A stranger has none of our headers. `host` is set by whoever connects, so another name goes through a socket's own
  // client where the address is plain, and is not asked elsewhere.
  Caller stranger = rig->admin.without_headers();
  if (!seen.is_https && seen.is_loopback) {
    net::FetchRequest request;
    request.target = "/api/session";
    request.headers.set("host", "atelier-audit.invalid");
    net::Endpoint endpoint{.socket_path = {}, .address = "127.0.0.1", .port = parsed->origin.port};
    auto answer = co_await net::fetch(std::move(endpoint), std::move(request));
    if (!answer) co_return error_of(answer);
    seen.foreign_host_status = answer->status();
  } else {
    seen.foreign_host_status = 421;
    outcome.notes.emplace_back("Whether it answers under other names was not asked: it is not on this machine.");
  }
  std::vector<std::pair<std::string, std::string>> foreign{{"origin", "https://atelier-audit.invalid"},
                                                           {"sec-fetch-site", "cross-site"}};
  std::string body = R"({"title":"Audit"})";
  auto written = co_await rig->admin.ask(net::Method::post, "/api/threads", std::move(body), std::move(foreign));
  if (!written) co_return error_of(written);
  seen.foreign_origin_status = written->status;
  auto read = co_await stranger.ask(net::Method::get, "/api/threads");
  if (!read) co_return error_of(read);
  seen.stranger_status = read->status;
  outcome.findings = judge_manners(seen);
  outcome.notes.emplace_back(
      "Looked at the page, the API, a foreign name, a foreign site's write, and a read without a key.");
  co_return outcome;
}

}  // namespace atelier::app::audit
