#include <simdjson.h>

#include "model/loose_json.hpp"
#include "model/provider/anthropic_parts.hpp"
#include "model/provider/http_parts.hpp"

namespace atelier::model::anthropic {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t kBufferBytes = 16 * 1024;  // most events fit; longer ones make it grow

// What of an event is looked at. Views are into the parser's buffers.
struct Peek {
  std::string_view type, block_type;
  bool has_words = false;  // a delta with something in it
};

// Of a delta, or of a block that starts.
bool look_inside(ondemand::value& value, std::string_view& type, bool& has_words) {
  ondemand::object object;
  if (value.get_object().get(object)) return false;
  for (auto entry : object) {
    ondemand::field field;
    std::string_view name;
    if (std::move(entry).get(field) || field.unescaped_key().get(name)) return false;
    if (name == "type") {
      if (field.value().get_string().get(type)) return false;
    } else if (name == "text" || name == "thinking" || name == "partial_json") {
      std::string_view words;
      if (field.value().get_string().get(words)) return false;
      has_words = has_words || !words.empty();
    } else if (name == "citation") {
      has_words = true;
    }
  }
  return true;
}

class Watch final : public StreamWatch {
 public:
  Watch() : buffer_(kBufferBytes + simdjson::SIMDJSON_PADDING, '\0') {
    if (parser_.allocate(kBufferBytes) != simdjson::SUCCESS) throw std::bad_alloc();
  }
  Seen take(std::string_view type, std::string_view data) override;
  std::string_view closing() const noexcept override {
    return "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
  }
  const std::optional<Usage>& usage() const noexcept override { return usage_; }
  const std::optional<Fault>& fault() const noexcept override { return fault_; }

 private:
  bool look(std::string_view data, Peek& peek);
  Seen take_rare(std::string_view type, std::string_view data);

  ondemand::parser parser_;
  std::string buffer_;
  Counts counts_;
  std::string id_;
  bool has_started_ = false;
  std::optional<Usage> usage_;
  std::optional<Fault> fault_;
};

// No copy of the text is kept and nothing is allocated: what is not looked at is skipped.
bool Watch::look(std::string_view data, Peek& peek) {
  if (data.size() + simdjson::SIMDJSON_PADDING > buffer_.size())
    buffer_.resize(2 * data.size() + simdjson::SIMDJSON_PADDING);
  data.copy(buffer_.data(), data.size());
  ondemand::document document;
  ondemand::object object;
  if (parser_.iterate(buffer_.data(), data.size(), buffer_.size()).get(document) || document.get_object().get(object))
    return false;
  for (auto entry : object) {
    ondemand::field field;
    std::string_view name;
    if (std::move(entry).get(field) || field.unescaped_key().get(name)) return false;
    std::string_view delta_type;
    if (name == "type") {
      if (field.value().get_string().get(peek.type)) return false;
    } else if (name == "delta") {
      if (!look_inside(field.value(), delta_type, peek.has_words)) return false;
    } else if (name == "content_block") {
      if (!look_inside(field.value(), peek.block_type, peek.has_words)) return false;
    }
  }
  const char* rest = nullptr;
  return document.current_location().get(rest) == simdjson::OUT_OF_BOUNDS;
}

StreamWatch::Seen Watch::take(std::string_view type, std::string_view data) {
  if (type == "ping" || data.empty()) return {};
  if (type == "message_start" || type == "message_delta" || type == "error") return take_rare(type, data);
  Peek peek;
  if (!look(data, peek)) return {.is_unreadable = true};
  if (!peek.type.empty()) type = peek.type;
  if (type == "content_block_delta") return {.is_meaningful = peek.has_words};
  if (type == "content_block_start") {
    const bool is_empty_yet = peek.block_type == "text" || peek.block_type == "thinking";
    return {.is_meaningful = peek.has_words || !is_empty_yet};
  }
  if (type == "message_stop") return {.is_terminal = true};
  if (type == "message_start" || type == "message_delta" || type == "error") return take_rare(type, data);
  return {.is_unreadable = type.empty()};
}

// Twice a stream.
StreamWatch::Seen Watch::take_rare(std::string_view type, std::string_view data) {
  const auto what = loose::parse_object(data);
  if (type == "error") {
    const json::Object* error = what ? loose::object_at(*what, "error") : nullptr;
    fault_ = fault_of(error ? loose::view_at(*error, "type") : "", error ? loose::view_at(*error, "message") : data);
    return {};
  }
  if (!what) return {.is_unreadable = true};
  if (type == "message_start") {
    const json::Object* message = loose::object_at(*what, "message");
    if (!message) return {.is_unreadable = true};
    std::string id = loose::text_at(*message, "id");
    if (has_started_) {
      // Proxies repeat the start of a message: one is enough. Another message spliced in is nobody's answer.
      if (id != id_) fault_ = broken_answer("a second message began inside the answer");
      return {.is_unreadable = true};
    }
    has_started_ = true;
    id_ = std::move(id);
    if (const json::Object* usage = loose::object_at(*message, "usage")) counts_.take(*usage);
  } else {
    if (const json::Object* usage = loose::object_at(*what, "usage")) counts_.take(*usage);
  }
  if (counts_.is_told) usage_ = counts_.usage();
  const json::Object* delta = loose::object_at(*what, "delta");
  const bool is_finish = delta && !loose::view_at(*delta, "stop_reason").empty();
  return {.is_meaningful = is_finish, .is_finish = is_finish};
}

}  // namespace

std::expected<Usage, Fault> glance(int status, std::string_view body) {
  const HttpHead head{.status = status, .headers = {}};
  if (status >= 400) return std::unexpected(read_fault(head, body));
  const simdjson::padded_string padded(body);
  ondemand::parser parser;
  ondemand::document document;
  ondemand::object message;
  if (parser.iterate(padded).get(document) || document.get_object().get(message))
    return std::unexpected(broken_answer("the answer is no JSON object"));
  Counts counts;
  for (auto entry : message) {
    ondemand::field field;
    std::string_view name;
    if (std::move(entry).get(field) || field.unescaped_key().get(name))
      return std::unexpected(broken_answer("the answer is no whole JSON object"));
    if (name == "error") return std::unexpected(read_fault(head, body));
    if (name != "usage") continue;
    ondemand::object told;
    std::string_view text;
    if (field.value().get_object().get(told) || told.raw_json().get(text)) continue;
    if (const auto usage = loose::parse_object(text)) counts.take(*usage);
  }
  return counts.usage();
}

std::unique_ptr<StreamWatch> make_watch() { return std::make_unique<Watch>(); }

}  // namespace atelier::model::anthropic
