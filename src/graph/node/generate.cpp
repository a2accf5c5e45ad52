#include "graph/node/generate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/async.hpp"
#include "base/hash.hpp"
#include "graph/node/generate_book.hpp"

namespace atelier::graph {
namespace {

using model::MediaKind;
using store::MediaJobState;

// A clip in a provider's queue, at its worst.
constexpr std::chrono::hours kTimeout{6};
constexpr std::size_t kResultsMax = 10;

constexpr Port kInputs[] = {{"reference", PortType::image, false, true},
                            {"mask", PortType::image, false},
                            {"first_frame", PortType::image, false},
                            {"last_frame", PortType::image, false},
                            {"recording", PortType::audio, false}};

// "image", "image2" ... "image10", "facts".
std::span<const Port> outputs_of(MediaKind kind) {
  static const auto* ports = [] {
    static std::array<std::vector<std::string>, 3> names;
    auto* made = new std::array<std::vector<Port>, 3>;
    constexpr std::array kBases = {std::pair{"image", PortType::image}, std::pair{"audio", PortType::audio},
                                   std::pair{"video", PortType::video}};
    for (std::size_t at = 0; at < kBases.size(); ++at) {
      for (std::size_t i = 1; i <= kResultsMax; ++i)
        names[at].push_back(i == 1 ? kBases[at].first : fmt::format("{}{}", kBases[at].first, i));
      for (std::size_t i = 0; i < kResultsMax; ++i) (*made)[at].push_back({names[at][i], kBases[at].second, i == 0});
      (*made)[at].push_back({"facts", PortType::json});
    }
    return made;
  }();
  static constexpr Port kWords[] = {{"text", PortType::text}, {"facts", PortType::json}};
  switch (kind) {
    case MediaKind::image:
    case MediaKind::upscale:
      return (*ports)[0];
    case MediaKind::speech:
    case MediaKind::sound:
    case MediaKind::music:
      return (*ports)[1];
    case MediaKind::video:
      return (*ports)[2];
    case MediaKind::transcription:
      return kWords;
  }
  return kWords;
}

// What a step before this one, of the same run, has finished.
Task<Result<std::optional<Outputs>>> take_finished(NodeServices* services, std::string json) {
  auto value = json::parse(json);
  if (!value) co_return error_of(value);
  auto outputs = outputs_from_json(*value);
  if (!outputs) co_return error_of(outputs);
  std::vector<Digest> digests;
  for (const auto& [port, one] : *outputs)
    if (const BlobRef* blob = std::get_if<BlobRef>(&one)) digests.push_back(blob->digest);
  auto pins = co_await services->blobs.pin(digests);
  if (!pins) co_return error_of(pins);
  std::size_t at = 0;
  for (auto& [port, one] : *outputs) {
    BlobRef* blob = std::get_if<BlobRef>(&one);
    if (blob == nullptr) continue;
    blob->pin = (*pins)[at++];
    if (!blob->pin) co_return std::nullopt;
  }
  co_return std::optional(std::move(*outputs));
}

bool is_over(MediaJobState state) {
  return state == MediaJobState::done || state == MediaJobState::failed || state == MediaJobState::cancelled;
}

// The job is at its provider still, and could not be asked for or fetched: trying again goes on there, and costs
// nothing.
bool may_go_on(const Error& error) {
  static constexpr std::string_view kReasons[] = {"job_stuck",           "provider_missing",    "provider_key_refused",
                                                  "provider_permission", "result_unreachable",  "answer_cut",
                                                  "answer_broken",       "reset_before_answer", "connect_refused",
                                                  "connect_failed",      "name_failed"};
  return std::ranges::find(kReasons, error.reason) != std::end(kReasons) || error.reason.starts_with("timeout_");
}

Task<Result<Outputs>> run_generate(NodeServices* services, StepRun step) {
  if (services->generator == nullptr) co_return fail(ErrorCode::unavailable, "this process has no models to ask");
  auto parameters = generate_parameters_from_json(step.parameters);
  if (!parameters) co_return error_of(parameters);
  const std::string key = media_job_key(step.principal.owner, step.parameters, step.inputs);
  GenerateBook book(*services, step, *parameters, key);
  auto row = co_await book.find();
  if (!row) co_return error_of(row);
  std::optional<model::MediaPlace> left;
  if (*row) {
    const store::MediaJobRow& found = **row;
    if (found.state == MediaJobState::unknown)
      co_return fail(ErrorCode::unavailable, found.words, {.reason = std::string(model::kOutcomeUnknown), .where = {}});
    if (found.state == MediaJobState::done && found.run == step.run) {
      auto finished = co_await take_finished(services, found.result);
      if (!finished) co_return error_of(finished);
      if (*finished) co_return std::move(**finished);
    }
    if (!is_over(found.state)) {
      auto place = GenerateBook::place_of(found);
      if (!place) co_return error_of(place);
      left = std::move(*place);
      if (auto adopted = co_await book.adopt(found); !adopted) co_return error_of(adopted);
    }
  }
  model::MediaCall call;
  call.request = parameters->request;
  // They are paid for, and of what is made on the way to something else nobody looks at them.
  if (!call.request.partials && (services->partials == nullptr || !parameters->keeps)) call.request.partials = 0;
  call.model = parameters->model;
  call.request_id = step.run.to_string();
  call.trace = step.principal.trace;
  // The same for every try of this work, and another where the work before it is over.
  call.idempotency_key = left ? left->key : sha256(key + step.run.to_string()).hex().substr(0, 32);
  call.deadline = step.deadline;
  if (services->key_state_of) {
    Principal principal = step.principal;
    principal.key = parameters->key;
    auto state = services->key_state_of(principal);
    // What is at a provider already is paid for: it is fetched, whatever became of the key.
    if (!state && !left) co_return error_of(state);
    if (state) call.key = std::move(*state);
  }
  if (services->webhook_url)
    call.webhook_url = [services, key](std::string provider) {
      return services->webhook_url(std::move(provider), key);
    };
  auto made = co_await services->generator->make(std::move(call), &book, std::move(left));
  if (made) co_return co_await book.finish(std::move(*made));
  Error error = made.error();
  // The next day or month is nothing to wait for: whoever asked is told now, and may ask again then.
  if (error.reason == "allowance_day" || error.reason == "allowance_month") error.code = ErrorCode::forbidden;
  if (error.code == ErrorCode::cancelled) {
    // Stopped with the server, it goes on from its row; with its run, the provider is to be told.
    if (services->on_work_left) services->on_work_left(key);
    co_return std::unexpected(error);
  }
  // A failure of ours (no disk, no database) leaves the row, and with it the work.
  const bool is_ours = error.code == ErrorCode::storage_full || error.code == ErrorCode::storage_failed;
  if (is_ours || (book.was_left() && may_go_on(error))) co_return std::unexpected(error);
  const auto state = error.reason == model::kOutcomeUnknown ? MediaJobState::unknown : MediaJobState::failed;
  if (auto noted = co_await book.give_up(state, error.message); !noted) co_return error_of(noted);
  co_return std::unexpected(error);
}

Result<> check_parameters(const json::Value& parameters) {
  auto read = generate_parameters_from_json(parameters);
  if (!read) return error_of(read);
  return {};
}

NodeType type_of(MediaKind kind, std::string_view help) {
  static std::array<std::string, model::kMediaKindCount> names;
  std::string& name = names[static_cast<std::size_t>(kind)];
  name = generate_type_name(kind);
  return {.name = name,
          .version = 1,
          .help = help,
          .inputs = kInputs,
          .outputs = outputs_of(kind),
          .node_class = NodeClass::network,
          .timeout = kTimeout,
          // Whoever asked has tried again and elsewhere already; once more here would be paid once more.
          .retry = {.attempts_max = 1},
          .is_cacheable = true,
          .check = check_parameters,
          .run = run_generate};
}

}  // namespace

std::string generate_type_name(MediaKind kind) { return fmt::format("generate.{}", to_string(kind)); }

std::string_view generate_port(model::MediaInput::Role role) noexcept { return to_string(role); }

std::vector<const NodeType*> generate_node_types() {
  static const std::array<NodeType, model::kMediaKindCount> types = {
      type_of(MediaKind::image, "Makes pictures from words and pictures"),
      type_of(MediaKind::upscale, "Makes a picture larger"),
      type_of(MediaKind::speech, "Speaks a text"),
      type_of(MediaKind::sound, "Makes a sound from words"),
      type_of(MediaKind::music, "Makes music from words"),
      type_of(MediaKind::transcription, "Writes down what is said, with the times of the words"),
      type_of(MediaKind::video, "Makes a clip from words and pictures")};
  std::vector<const NodeType*> all;
  for (const NodeType& type : types) all.push_back(&type);
  return all;
}

json::Value to_json(const GenerateParameters& parameters) {
  json::Object out{{"request", model::to_json(parameters.request)}, {"model", parameters.model}};
  if (!parameters.nonce.empty()) out["nonce"] = parameters.nonce;
  if (parameters.keeps) out["keeps"] = true;
  if (!parameters.sources.empty()) {
    json::Array sources;
    for (const std::string& source : parameters.sources) sources.push_back(json::Value(source));
    out["sources"] = std::move(sources);
  }
  if (!parameters.key.is_nil()) out["key"] = parameters.key.to_string();
  return out;
}

Result<GenerateParameters> generate_parameters_from_json(const json::Value& value) {
  json::ObjectReader reader(value);
  GenerateParameters parameters;
  const json::Value* request = reader.required_value("request");
  parameters.model = reader.required_string("model", {.bytes_min = 1, .bytes_max = 512});
  parameters.nonce = reader.optional_string("nonce", {.bytes_max = 64}).value_or("");
  parameters.keeps = reader.optional_bool("keeps").value_or(false);
  if (const json::Array* sources = reader.optional_array("sources", model::kMediaInputsMax))
    for (const json::Value& source : *sources)
      parameters.sources.push_back(source.is_string() ? std::string(source.get_string()) : std::string());
  const std::string key = reader.optional_string("key", {.bytes_max = 64}).value_or("");
  if (auto done = reader.finish(); !done) return error_of(done);
  if (!key.empty()) {
    auto id = KeyId::parse(key);
    if (!id) return fail(ErrorCode::invalid_argument, "is no key", {.reason = {}, .where = "/key"});
    parameters.key = *id;
  }
  auto read = model::media_request_from_json(*request, "/request");
  if (!read) return error_of(read);
  parameters.request = std::move(*read);
  return parameters;
}

std::string media_job_key(UserId owner, const json::Value& parameters,
                          const std::map<std::string, std::vector<PortValue>, std::less<>>& inputs) {
  json::Object all{{"owner", owner.to_string()}, {"parameters", parameters}};
  json::Object files;
  for (const auto& [port, values] : inputs) {
    json::Array digests;
    for (const PortValue& one : values) digests.push_back(json::Value(digest_of(one).hex()));
    files[port] = std::move(digests);
  }
  all["inputs"] = std::move(files);
  return sha256(json::write_canonical(all)).hex();
}

}  // namespace atelier::graph
