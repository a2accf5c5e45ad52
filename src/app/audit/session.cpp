#include "app/audit/session.hpp"

#include <fmt/format.h>

#include "app/json_fields.hpp"
#include "base/hash.hpp"

namespace atelier::app::audit {
namespace {

constexpr std::chrono::milliseconds kComeBack{500};

std::string cookie_of(const net::Headers& headers) {
  const std::string cookie(headers.find("set-cookie").value_or(""));
  return cookie.substr(0, cookie.find(';'));
}

Task<Result<Caller>> sign_in(Rig* rig, std::string name, std::string password) {
  json::Value person = json::Object{{"name", name}, {"password", password}, {"role", "admin"}};
  auto made = co_await rig->admin.must(net::Method::post, "/api/users", person);
  if (!made) co_return error_of(made);
  std::string body = json::write(json::Object{{"name", name}, {"password", password}});
  auto session = co_await rig->admin.ask(net::Method::post, "/api/session", std::move(body));
  if (!session) co_return error_of(session);
  if (session->status != 200)
    co_return fail(ErrorCode::unavailable, fmt::format("signing in was answered with {}", session->status));
  std::vector<std::pair<std::string, std::string>> headers{{"cookie", cookie_of(session->headers)},
                                                           {"x-csrf-token", text_at(session->json(), "csrf")}};
  co_return rig->admin.with(std::move(headers));
}

}  // namespace

Task<Result<std::vector<Caller>>> sign_in_people(Rig* rig, std::size_t count) {
  std::vector<Caller> people;
  if (!rig->is_own) {
    people.assign(count, rig->admin);
    co_return people;
  }
  const std::string run = hex(random_bytes(3));
  for (std::size_t i = 0; i < count; ++i) {
    std::string name = fmt::format("audit {} {}", run, i), password = hex(random_bytes(12));
    auto person = co_await sign_in(rig, std::move(name), std::move(password));
    if (!person) co_return error_of(person);
    people.push_back(std::move(*person));
  }
  co_return people;
}

Task<Result<>> Listener::run() {
  for (;;) {
    is_planned_end_ = false;
    auto listened = co_await listen();
    end_life();
    const bool is_over = co_await is_cancelled();
    if (is_over || (!listened && listened.error().code == ErrorCode::cancelled)) co_return Result<>{};
    if (!is_planned_end_)
      faults_.add(listened ? "an event stream ended without a farewell"
                           : "an event stream: " + listened.error().describe());
    auto slept = co_await sleep_for(kComeBack);
    if (!slept) co_return Result<>{};
  }
}

Task<Result<>> Listener::listen() {
  std::vector<std::pair<std::string, std::string>> headers{{"accept", "text/event-stream"}};
  if (!cursor_.empty()) headers.emplace_back("last-event-id", cursor_);
  auto coming = co_await caller_.open(net::Method::get, "/api/events" + topics_, {}, std::move(headers));
  if (!coming) co_return error_of(coming);
  if (coming->status() != 200)
    co_return fail(ErrorCode::unavailable, fmt::format("it was answered with {}", coming->status()));
  net::SseParser parser;
  for (;;) {
    auto piece = co_await coming->next();
    if (!piece) co_return error_of(piece);
    if (!*piece) co_return Result<>{};
    auto events = parser.feed(**piece);
    if (!events) co_return error_of(events);
    for (const net::SseEvent& event : *events) {
      if (event.type == "reset") faults_.add("an event stream was reset: what was between is lost");
      if (event.type == "closing") {
        is_planned_end_ = event.data.find("planned") != std::string::npos;
        continue;
      }
      if (event.type == "hello" || event.type == "reset") {
        if (!event.id.empty()) cursor_ = event.id;
        is_live_ = true;
        live_since_ = std::chrono::steady_clock::now();
        greeted_.notify_all();
        continue;
      }
      if (!event.id.empty()) cursor_ = event.id;
      take_(event, !is_live_);
    }
  }
}

void Listener::end_life() {
  if (is_live_) lived_s_ = live_seconds();
  is_live_ = false;
}

double Listener::live_seconds() const {
  if (!is_live_) return lived_s_;
  return lived_s_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - live_since_).count();
}

Task<bool> Listener::wait_until_live(std::chrono::steady_clock::time_point end) {
  while (!is_live_ && is_before(end)) {
    co_await greeted_.wait_until(end);
    const bool is_over = co_await is_cancelled();
    if (is_over) break;
  }
  co_return is_live_;
}

}  // namespace atelier::app::audit
