#include "graph/result.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace atelier::graph {
namespace {

// Measured: 50 shorts' results took 1.43 MiB of the heap.
constexpr std::size_t kEntryBytes = 400;   // of list, map and control blocks
constexpr std::size_t kOutputBytes = 300;  // of an output's value, its name and its digests

// Fields with their lengths, so that no two lists of fields make one text.
void append_field(std::string& text, std::string_view field) {
  text += fmt::format("{}:", field.size());
  text += field;
}

std::string_view bytes_of(const Digest& digest) noexcept {
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

const Port* find_output(const NodeType& type, std::string_view name) noexcept {
  const auto found =
      std::find_if(type.outputs.begin(), type.outputs.end(), [name](const Port& port) { return port.name == name; });
  return found == type.outputs.end() ? nullptr : &*found;
}

}  // namespace

Digest StepResult::digest_of_port(std::string_view port) const {
  for (const auto& [name, digest] : digests_)
    if (name == port) return digest;
  return Digest{};
}

ResultPtr make_result(Outputs outputs, std::string json) {
  auto result = std::make_shared<StepResult>();
  for (const auto& [port, value] : outputs) {
    result->digests_.emplace_back(port, digest_of(value));
    if (const auto* blob = std::get_if<BlobRef>(&value)) result->blobs.push_back(blob->digest);
  }
  // The values of inline JSON take several times their text.
  result->size_bytes = kEntryBytes + kOutputBytes * outputs.size() + 4 * json.size();
  result->outputs = std::move(outputs);
  result->json = std::move(json);
  return result;
}

ResultPtr make_result(Outputs outputs) {
  std::string json = json::write(to_json(outputs));
  return make_result(std::move(outputs), std::move(json));
}

Result<ResultPtr> parse_result(std::string json) {
  auto value = json::parse(json);
  if (!value) return error_of(value);
  auto outputs = outputs_from_json(*value);
  if (!outputs) return error_of(outputs);
  return make_result(std::move(*outputs), std::move(json));
}

Result<> check_outputs(const NodeType& type, const Outputs& outputs) {
  for (const auto& [name, value] : outputs) {
    const Port* port = find_output(type, name);
    if (port == nullptr)
      return fail(ErrorCode::internal,
                  fmt::format("{} gave an output \"{}\" that it does not declare", type.name, name));
    const auto* inline_value = std::get_if<json::Value>(&value);
    const bool may_be_inline =
        port->type == PortType::json || (port->type == PortType::text && inline_value && inline_value->is_string());
    if (inline_value && !may_be_inline)
      return fail(ErrorCode::internal,
                  fmt::format("{} gave inline JSON as \"{}\", which is {}", type.name, name, to_string(port->type)));
  }
  for (const Port& port : type.outputs)
    if (port.is_required && !outputs.contains(port.name))
      return fail(ErrorCode::internal, fmt::format("{} gave no \"{}\"", type.name, port.name));
  return {};
}

Digest result_key(UserId owner, const NodeType& type, std::string_view version_suffix, const json::Value& parameters,
                  std::span<const KeyInput> inputs) {
  std::string text;
  text.reserve(512);
  append_field(text, "step.1");
  append_field(text,
               std::string_view(reinterpret_cast<const char*>(owner.value.bytes.data()), owner.value.bytes.size()));
  append_field(text, type.name);
  append_field(text, fmt::format("{}", type.version));
  append_field(text, version_suffix);
  append_field(text, json::write_canonical(parameters));
  for (const KeyInput& input : inputs) {
    append_field(text, input.port);
    append_field(text, fmt::format("{}", input.digests.size()));
    for (const Digest& digest : input.digests) text += bytes_of(digest);
  }
  return sha256(text);
}

ResultPtr ResultFront::find(const Digest& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  order_.splice(order_.begin(), order_, found->second);
  return found->second->result;
}

void ResultFront::put(const Digest& key, ResultPtr result) {
  remove(key);
  if (result->size_bytes > size_bytes_max_ / 8) return;
  size_bytes_ += result->size_bytes;
  order_.push_front({key, std::move(result)});
  entries_.emplace(key, order_.begin());
  while (size_bytes_ > size_bytes_max_) erase(std::prev(order_.end()));
}

void ResultFront::remove(const Digest& key) {
  if (const auto found = entries_.find(key); found != entries_.end()) erase(found->second);
}

void ResultFront::erase(Order::iterator entry) {
  size_bytes_ -= entry->result->size_bytes;
  entries_.erase(entry->key);
  order_.erase(entry);
}

}  // namespace atelier::graph
