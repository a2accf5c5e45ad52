#include "model/provider/openai_wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <optional>

#include "model/loose_json.hpp"
#include "model/provider/http_parts.hpp"
#include "model/provider/json_patch.hpp"
#include "model/provider/openai_fault.hpp"
#include "model/provider/openai_usage.hpp"

namespace atelier::model::openai {
namespace {

void set_credential(WireRequest& request, const Target& target) {
  if (target.credential.key.empty()) return;
  if (target.quirks.key_header.empty())
    set_header(request, "authorization", fmt::format("Bearer {}", target.credential.key));
  else
    set_header(request, target.quirks.key_header, target.credential.key);
}

// The first of these fields that holds a positive number.
std::int64_t first_count(const json::Object& from, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    if (const std::int64_t count = loose::integer_at(from, name); count > 0) return count;
  return 0;
}

std::string first_text(const json::Object& from, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    if (const std::string_view text = loose::view_at(from, name); !text.empty()) return std::string(text);
  return {};
}

std::optional<ListedModel> read_model(const json::Value& value) {
  const json::Object* object = value.if_object();
  ListedModel model{.id = object ? first_text(*object, {"id", "key", "model", "name"})
                                 : std::string(loose::view_of(value))};
  if (model.id.empty()) return std::nullopt;
  if (!object) return model;
  model.title = first_text(*object, {"display_name", "name", "title"});
  if (model.title == model.id) model.title.clear();
  model.context_tokens =
      first_count(*object, {"context_length", "context_window", "max_model_len", "max_context_length", "n_ctx"});
  model.output_tokens_max = first_count(*object, {"max_completion_tokens", "max_output_tokens", "max_tokens"});
  if (const json::Object* meta = loose::object_at(*object, "meta"); meta && model.context_tokens == 0)
    model.context_tokens = first_count(*meta, {"n_ctx", "n_ctx_train"});
  if (const json::Object* top = loose::object_at(*object, "top_provider")) {
    if (model.context_tokens == 0) model.context_tokens = first_count(*top, {"context_length"});
    if (model.output_tokens_max == 0) model.output_tokens_max = first_count(*top, {"max_completion_tokens"});
  }
  model.facts = loose::rest_of(*object, {"id", "object"});
  return model;
}

}  // namespace

WireRequest post(const Target& target, std::string_view path, std::string body, Streamed streamed) {
  WireRequest request{.method = WireRequest::Method::post,
                      .url = fmt::format("{}{}", target.base_url, path),
                      .headers = {},
                      .body = std::move(body)};
  set_header(request, "content-type", "application/json");
  set_header(request, "accept", streamed == Streamed::yes ? "text/event-stream" : "application/json");
  set_credential(request, target);
  set_operator_headers(request, target);
  return request;
}

WireRequest list_models(const Target& target) {
  WireRequest request{
      .method = WireRequest::Method::get, .url = fmt::format("{}/models", target.base_url), .headers = {}, .body = {}};
  set_header(request, "accept", "application/json");
  set_credential(request, target);
  set_operator_headers(request, target);
  return request;
}

Result<std::vector<ListedModel>> read_models(std::string_view body) {
  auto value = json::parse(body);
  if (!value) return fail(ErrorCode::unavailable, fmt::format("the list of models is {}", value.error().message));
  const json::Array* list = value->if_array();
  if (const json::Object* object = value->if_object()) {
    list = loose::array_at(*object, "data");
    if (!list) list = loose::array_at(*object, "models");
  }
  if (!list) return fail(ErrorCode::unavailable, "the list of models has neither data nor models");
  std::vector<ListedModel> models;
  for (const json::Value& one : *list)
    if (auto model = read_model(one)) models.push_back(std::move(*model));
  return models;
}

std::expected<Usage, Fault> glance(int status, std::string_view body, std::string_view list, const Quirks& quirks) {
  const HttpHead head{.status = status, .headers = {}};
  if (status >= 400) return std::unexpected(read_fault(head, body));
  const std::array<std::string_view, 4> names = {"error", list, "usage", "service_tier"};
  std::array<std::optional<std::string_view>, 4> values;
  if (auto found = find_members(body, names, values); !found)
    return std::unexpected(broken_answer("the answer is no whole JSON object"));
  const auto& [error, answer, usage, tier] = values;
  if (!answer || (error && *error != "null")) {
    Fault fault = read_fault(head, body);
    if (!error) fault = broken_answer(fmt::format("the answer has no {}", list));
    return std::unexpected(std::move(fault));
  }
  Usage used;
  if (usage) {
    // Looked at and thrown away, for every answer: it needs no memory of the heap.
    std::array<unsigned char, 4096> scratch;
    boost::json::monotonic_resource memory(scratch.data(), scratch.size());
    const auto told = json::parse(*usage, {}, &memory);
    if (told && told->is_object()) used = read_usage(told->get_object(), quirks);
  }
  if (tier && tier->size() > 2) used.tier = parse_service_tier(tier->substr(1, tier->size() - 2));
  return used;
}

}  // namespace atelier::model::openai
