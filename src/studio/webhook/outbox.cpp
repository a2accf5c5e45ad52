// From what happened to what is to be sent of it.
#include "base/log.hpp"
#include "graph/view_json.hpp"
#include "studio/webhook/event_type.hpp"
#include "studio/webhook/rows.hpp"
#include "studio/webhook/sender_parts.hpp"

namespace atelier::studio {
namespace {

constexpr std::int64_t kSlice = 32;

}  // namespace

// Few facts, and where to ask for the rest: what is sent may lie with its receiver for long.
Task<Result<json::Object>> WebhookSender::facts_of(std::string owner, std::string type, std::string subject) {
  if (type.starts_with("alert.")) {
    auto alert = json::parse(subject);
    co_return alert && alert->is_object() ? std::move(alert->get_object()) : json::Object();
  }
  json::Object facts{{"id", subject}};
  const auto user = UserId::parse(owner);
  if (!user) co_return facts;
  if (type.starts_with("run.")) {
    facts["url"] = "/api/runs/" + subject;
    const auto id = RunId::parse(subject);
    if (!id) co_return facts;
    const Principal principal{.owner = *user};
    auto run = co_await parts_.find_run(principal, *id);
    if (!run && run.error().code == ErrorCode::not_found) co_return facts;
    if (!run) co_return error_of(std::move(run));
    json::Object told = graph::to_json(*run, false).as_object();
    told.erase("stalled");
    told["state"] = type.substr(type.find('.') + 1);
    told["url"] = facts["url"];
    co_return told;
  }
  facts["url"] = "/api/assets/" + subject;
  store::Statement query("SELECT name, kind, media_type, size_bytes FROM assets WHERE id = $1 AND owner = $2",
                         {subject, owner});
  auto rows = co_await parts_.database.read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  if (rows->empty()) co_return facts;
  facts["name"] = rows->text(0, 0);
  facts["kind"] = rows->text(0, 1);
  facts["media_type"] = rows->text(0, 2);
  facts["size_bytes"] = rows->integer(0, 3);
  co_return facts;
}

// True: there is more.
Task<Result<bool>> WebhookSender::plan() {
  auto rows = co_await parts_.database.read(webhook_rows::outbox(kSlice));
  if (!rows) co_return error_of(std::move(rows));
  const std::vector<webhook_rows::Outgoing> all = webhook_rows::read_outbox(*rows);
  std::vector<store::Statement> batch;
  std::set<std::string> told;
  const UnixMs now_ms = parts_.clock.wall_ms();
  for (const webhook_rows::Outgoing& one : all) {
    batch.push_back(webhook_rows::take_from_outbox(one.position));
    const auto type = parse_webhook_type(one.type);
    const auto owner = UserId::parse(one.owner);
    if (!type || !owner) continue;
    auto endpoints = co_await parts_.database.read(webhook_rows::told_of(one.owner, static_cast<std::int64_t>(*type)));
    if (!endpoints) co_return error_of(std::move(endpoints));
    if (endpoints->empty()) continue;
    auto facts = co_await facts_of(one.owner, one.type, one.subject);
    if (!facts) co_return error_of(std::move(facts));
    WebhookDelivery delivery{.owner = *owner,
                             .message = "msg_" + Ulid::make().to_string(),
                             .type = one.type,
                             .body = webhook_body(one.type, one.at_ms, std::move(*facts)),
                             .due_ms = now_ms,
                             .created_ms = one.at_ms};
    for (std::size_t row = 0; row < endpoints->size(); ++row) {
      const auto endpoint = WebhookEndpointId::parse(endpoints->text(row, 0));
      if (!endpoint) continue;
      auto many =
          co_await parts_.database.read(webhook_rows::waiting_at_least(*endpoint, options_.waiting_per_endpoint_max));
      if (!many) co_return error_of(std::move(many));
      delivery.id = WebhookDeliveryId::make();
      delivery.endpoint = *endpoint;
      delivery.state = many->empty() ? DeliveryState::waiting : DeliveryState::dead;
      delivery.ended_ms = many->empty() ? 0 : now_ms;
      batch.push_back(webhook_rows::insert(delivery));
      if (many->empty()) {
        told.insert(endpoint->to_string());
      } else {
        given_up_.add();
        WebhookAttempt none{.at_ms = now_ms, .problem = "too_many_waiting"};
        batch.push_back(webhook_rows::insert(delivery.id, none));
      }
    }
  }
  if (batch.empty()) co_return false;
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written) co_return error_of(std::move(written));
  for (const std::string& endpoint : told) state_->due(endpoint, now_ms);
  co_return all.size() == static_cast<std::size_t>(kSlice);
}

}  // namespace atelier::studio
