#include "tests/graph/fake_nodes.hpp"

#include <fmt/format.h>

namespace atelier::graph {
namespace {

constexpr Port kInputs[] = {{.name = "in", .type = PortType::text, .is_required = false, .is_list = true},
                            {.name = "one", .type = PortType::text, .is_required = false, .is_list = false},
                            {.name = "picture", .type = PortType::image, .is_required = false, .is_list = false},
                            {.name = "clips", .type = PortType::video, .is_required = false, .is_list = true}};
constexpr Port kOutputs[] = {{.name = "out", .type = PortType::text},
                             {.name = "file", .type = PortType::video, .is_required = false}};
constexpr Port kStrictInputs[] = {{.name = "one", .type = PortType::text}};

std::string suffix(NodeServices&) { return FakeNodes::current->version_suffix; }

NodeType make(std::string_view name, NodeClass node_class) {
  NodeType type;
  type.name = name;
  type.inputs = kInputs;
  type.outputs = kOutputs;
  type.node_class = node_class;
  type.timeout = std::chrono::milliseconds(60'000);
  type.retry = {.attempts_max = 3,
                .backoff_base = std::chrono::milliseconds(1'000),
                .backoff_max = std::chrono::milliseconds(30'000)};
  type.check = FakeNodes::check;
  type.run = FakeNodes::run;
  type.version_suffix = suffix;
  return type;
}

const NodeType kLight = make("fake.light", NodeClass::light);
const NodeType kMedia = make("fake.media", NodeClass::media);
const NodeType kNetwork = make("fake.network", NodeClass::network);
const NodeType kUncached = [] {
  NodeType type = make("fake.uncached", NodeClass::light);
  type.is_cacheable = false;
  return type;
}();
const NodeType kStrict = [] {
  NodeType type = make("fake.strict", NodeClass::light);
  type.inputs = kStrictInputs;
  return type;
}();
const NodeType kQuick = [] {  // retries without waiting
  NodeType type = make("fake.quick", NodeClass::light);
  type.retry.backoff_base = std::chrono::milliseconds(0);
  return type;
}();

std::string text_of(const json::Value& parameters, std::string_view name) {
  const auto* object = parameters.if_object();
  const auto* value = object ? object->if_contains(name) : nullptr;
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int64_t number_of(const json::Value& parameters, std::string_view name, std::int64_t fallback) {
  const auto* object = parameters.if_object();
  const auto* value = object ? object->if_contains(name) : nullptr;
  return value && value->is_int64() ? value->get_int64() : fallback;
}

bool has(const json::Value& parameters, std::string_view name) {
  const auto* object = parameters.if_object();
  return object && object->contains(name);
}

}  // namespace

FakeNodes* FakeNodes::current = nullptr;

NodeRegistry FakeNodes::registry() const {
  return NodeRegistry({&kLight, &kMedia, &kNetwork, &kUncached, &kStrict, &kQuick});
}

// Nothing looks inside: the fakes find their state through `current`.
NodeServices& FakeNodes::services() { return reinterpret_cast<NodeServices&>(services_); }

Result<> FakeNodes::check(const json::Value& parameters) {
  if (has(parameters, "wrong"))
    return fail(ErrorCode::invalid_argument, "must not be wrong", {.reason = "field_invalid", .where = "/wrong"});
  return {};
}

Task<Result<Outputs>> FakeNodes::run(NodeServices*, StepRun step) { return current->behave(std::move(step)); }

Task<Result<Outputs>> FakeNodes::behave(StepRun step) {
  ++begun_[step.node];
  order_.push_back(step.node);
  running_max_ = std::max(running_max_, ++running_);
  struct Leave {
    FakeNodes* nodes;
    std::string node;
    ~Leave() {
      --nodes->running_;
      ++nodes->ended_[node];
      nodes->changed_.notify_all();
    }
  } leave{this, step.node};
  changed_.notify_all();
  if (on_run) on_run(step);
  if (const std::string gate = text_of(step.parameters, "hold"); !gate.empty()) {
    while (!open_gates_[gate]) {
      co_await changed_.wait();
      if (!has(step.parameters, "deaf") && co_await is_cancelled()) co_return fail(ErrorCode::cancelled, "stopped");
    }
  }
  if (const std::string code = text_of(step.parameters, "fail"); !code.empty()) {
    if (failed_[step.node]++ < number_of(step.parameters, "times", 1'000'000)) {
      auto failure = fail(parse_error_code(code).value(), "told to fail",
                          {.reason = text_of(step.parameters, "reason"), .where = {}});
      if (has(step.parameters, "retry_after_ms"))
        failure.error().retry_after_ms = static_cast<std::uint32_t>(number_of(step.parameters, "retry_after_ms", 0));
      co_return failure;
    }
  }
  if (has(step.parameters, "read"))
    for (const PortValue& value : step.inputs["clips"]) {
      auto blob = co_await open_blob(std::get<BlobRef>(value).digest);
      if (!blob) co_return error_of(blob);
    }
  std::string text = text_of(step.parameters, "text");
  if (!has(step.parameters, "same"))
    for (const auto& [port, values] : step.inputs)
      for (const PortValue& value : values) {
        const auto* inline_value = std::get_if<json::Value>(&value);
        text += inline_value && inline_value->is_string() ? std::string(inline_value->get_string()) : "?";
      }
  if (text.size() > 64) text = sha256(text).hex();
  Outputs outputs;
  if (has(step.parameters, "blob")) {
    auto blob = co_await put_blob("blob of " + text);
    if (!blob) co_return error_of(blob);
    outputs.emplace("file", *blob);
  }
  if (!has(step.parameters, "mute")) outputs.emplace("out", json::Value(text));
  co_return outputs;
}

}  // namespace atelier::graph
