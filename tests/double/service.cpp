#include "tests/double/service.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace atelier::doubles {
namespace {

// What follows "name" and a colon in JSON text, as it stands; for load mode, which does not parse.
std::string_view raw_value(std::string_view body, std::string_view quoted_name) {
  std::size_t at = body.find(quoted_name);
  if (at == std::string_view::npos) return {};
  at = body.find_first_not_of(": \t\r\n", at + quoted_name.size());
  if (at == std::string_view::npos) return {};
  const std::string_view rest = body.substr(at);
  if (rest.front() != '"') return rest.substr(0, rest.find_first_of(",} \r\n"));
  return rest.substr(1, rest.find('"', 1) - 1);
}

Request request_of(const RequestHead& head, std::string_view body) {
  Request request;
  request.method = head.method;
  request.target = head.target;
  const std::size_t question = std::min(request.target.find('?'), request.target.size());
  request.path = unescape(std::string_view(request.target).substr(0, question));
  request.query = request.target.substr(std::min(question + 1, request.target.size()));
  for (const auto& [name, value] : head.fields) request.fields.emplace_back(std::string(name), std::string(value));
  request.body = body;
  return request;
}

Problem unknown_path(const Request& request) {
  return {.status = 404,
          .message = fmt::format("Unknown request URL: {} {}.", request.method, request.path),
          .type = {},
          .code = "unknown_url"};
}

// In load mode the tokens are due at times; the rest is as it is written.
void pace(Script& script, const LoadOptions& load) {
  script.is_paced = load.tokens_per_second > 0 || load.first_token.count() > 0;
  script.first_token = load.first_token;
  if (load.tokens_per_second > 0)
    script.token_gap = std::chrono::microseconds(static_cast<std::int64_t>(1e6 / load.tokens_per_second));
  if (!load.has_stamps)
    for (Step& step : script.steps) step.stamp_at = 0;
}

}  // namespace

Service::Service(const DoubleOptions& options, Journal& journal, Rules& rules, Control& control)
    : options_(options), journal_(journal), rules_(rules), control_(control) {
  state_.models = options.models;
}

Service::Decision Service::decide(const RequestHead& head, std::string_view body, std::uint64_t connection) {
  if (!may_load(head.target, body)) return answer(request_of(head, body), connection, head, false);
  // Whatever answers differ by: the endpoint, the model, and whether it is streamed.
  load_key_.assign(head.target)
      .append("\n")
      .append(raw_value(body, "\"model\""))
      .append("\n")
      .append(raw_value(body, "\"stream\""));
  const auto found = loads_.find(load_key_);
  journal_.count_unseen();
  if (found != loads_.end() && head.keeps_alive) return {.script = found->second};
  Decision decision = answer(request_of(head, body), connection, head, true);
  if (head.keeps_alive && loads_.size() < 1000) loads_.emplace(load_key_, decision.script);
  return decision;
}

bool Service::may_load(std::string_view target, std::string_view body) const {
  if (!options_.load || body.empty() || target.starts_with("/control") || target.find('@') != std::string_view::npos)
    return false;
  return raw_value(body, "\"model\"").find('@') == std::string_view::npos && rules_.empty();
}

Service::Content Service::parse(const Place& place, const Request& request) const {
  Content parsed;
  // Some of what is told a job has no body.
  const bool may_be_empty = place.endpoint && place.endpoint->family == Family::media;
  const bool has_body = request.method == "POST" && !(may_be_empty && request.body.empty());
  const std::string_view type = request.field("content-type").value_or("");
  if (has_body && is_form(type)) {
    if (auto form = parse_form(type, request.body)) {
      parsed.body = fields_of(*form);
      parsed.form = std::move(*form);
    } else {
      parsed.problem =
          Problem{.status = 400, .message = fmt::format("Could not parse multipart form: {}", form.error())};
    }
  } else if (has_body) {
    auto body = json::parse(request.body);
    if (!body || !body->is_object()) {
      parsed.problem =
          Problem{.status = 400, .message = "We could not parse the JSON body of your request: an object is expected."};
    } else {
      parsed.body = std::move(body->as_object());
    }
  }
  const auto* model = parsed.body.if_contains("model");
  if (model && model->is_string()) parsed.model = std::string(model->as_string());
  const bool is_in_path =
      place.endpoint && (place.endpoint->family == Family::gemini || place.captured.size() > 0) && parsed.model.empty();
  if (is_in_path) parsed.model = place.captured;
  return parsed;
}

// Of a form only what it holds: its bytes are none that a journal could show.
std::string Service::body_seen(const Request& request, const Content& content) {
  if (content.form) return json::write(shown(*content.form));
  return is_form(request.field("content-type").value_or("")) ? std::string() : request.body;
}

Service::Decision Service::answer(Request request, std::uint64_t connection, const RequestHead& head, bool is_load) {
  const ScriptFor script_for{.has_body = head.method != "HEAD",
                             .keeps_alive = head.keeps_alive,
                             .is_http10 = head.is_http10,
                             .target = request.target,
                             .joins_sends = is_load};
  if (Control::is_meant(request.path))
    return {.script = std::make_shared<Script>(make_script(control_.answer(request), {}, script_for)),
            .is_counted = false};
  const Place place = find_place(options_.persona, request);
  request.path = place.path;
  Content parsed = parse(place, request);
  const ModelName name = split_model(parsed.model);
  auto own = Faults::parse(name.faults);
  std::string key;
  std::optional<Problem> problem;
  if (!place.endpoint) problem = unknown_path(request);
  if (!problem) problem = check_key(place, request, options_.keys, options_.local_needs_key, key);
  // A fault that is none would be a test that tests nothing.
  if (!problem && !own) problem = Problem{.status = 400, .message = own.error()};
  Faults faults;
  const bool is_fine = !problem;
  if (is_fine)
    faults = rules_.pick(*own, {.model = name.base, .path = request.path, .persona = place.dialect->name, .key = key});

  Seen seen{.connection = connection,
            .persona = place.endpoint ? std::optional(place.dialect->persona) : std::nullopt,
            .method = request.method,
            .target = request.target,
            .path = request.path,
            .fields = request.fields,
            .body = body_seen(request, parsed),
            .model = parsed.model,
            .faults = faults.describe(),
            .key = key,
            .received_at = Clock::now()};
  Decision decision;
  if (!is_load) decision.number = journal_.begin(std::move(seen));
  request.number = is_load ? 1 : decision.number;
  if (is_load) {
    const LoadOptions& load = *options_.load;
    const bool is_streamed = raw_value(request.body, "\"stream\"") == "true" ||
                             request.path.find(":stream") != std::string::npos || request.path == "/api/chat";
    const std::string_view streamed = load.has_stamps ? "[stamps {}]" : "[say {}]";
    faults.set(kLoadText, fmt::format(fmt::runtime(is_streamed ? streamed : std::string_view("[bytes {}]")),
                                      is_streamed ? load.tokens : static_cast<std::int64_t>(load.answer_bytes)));
  }
  Answer made = problem ? error_answer(place.errors, *problem, request.number)
                        : make_answer(place, request, std::move(parsed), faults);
  Script script = make_script(std::move(made), faults, script_for);
  if (is_load) pace(script, *options_.load);
  decision.script = std::make_shared<Script>(std::move(script));
  if (!is_load) journal_.change(decision.number, [&](Seen& each) { each.status = decision.script->status; });
  return decision;
}

Answer Service::make_answer(const Place& place, const Request& request, Content parsed, const Faults& faults) {
  const auto refused = [&](const Problem& problem) { return error_answer(place.errors, problem, request.number); };
  if (faults.status() != 0) {
    Problem problem = problem_of_status(faults.status(), faults);
    // Google tells the pause in the body; in llama.cpp's shape it would be out of place.
    if (faults.has("retry-after") && place.errors == ErrorShape::gemini)
      problem.details["details"] = json::Array{{{"@type", "type.googleapis.com/google.rpc.RetryInfo"},
                                                {"retryDelay", fmt::format("{}s", faults.text("retry-after"))}}};
    return refused(problem);
  }
  if (parsed.problem) return refused(*parsed.problem);
  const std::string model(split_model(parsed.model).base);
  if (request.method == "POST" && model.empty() && place.endpoint->family != Family::media &&
      request.path.find("/moderations") == std::string::npos)
    return refused(place.errors == ErrorShape::anthropic ? kAnthropicWords.missing("model")
                                                         : kOpenAiWords.missing("model"));
  if (is_missing_model(model))
    return refused({.status = 404,
                    .message = fmt::format("The model `{}` does not exist or you do not have access to it.", model),
                    .param = "model"});
  if (const std::string_view field = faults.text("refuse"); !field.empty() && parsed.body.contains(field))
    return refused({.status = 400,
                    .message = fmt::format("Unsupported parameter: '{}' is not supported with this model.", field),
                    .type = place.errors == ErrorShape::openai ? "invalid_request_error" : "",
                    .code = "unsupported_parameter",
                    .param = std::string(field)});
  const Call call{.request = request,
                  .dialect = *place.dialect,
                  .faults = faults,
                  .state = state_,
                  .errors = place.errors,
                  .body = std::move(parsed.body),
                  .model = model,
                  .captured = place.captured,
                  .form = parsed.form ? &*parsed.form : nullptr};
  Answer answer = place.endpoint->answer(call);
  // Unstreamed, an error "in the stream" is one under status 200.
  if (const auto problem = stream_problem(faults); problem && !answer.is_streamed() && answer.status == 200)
    answer.body = json::write(error_body(place.errors, *problem, request.number));
  return answer;
}

}  // namespace atelier::doubles
