#include "tests/model/feeding.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/model/chat_json.hpp"

namespace atelier::model::testing {
namespace {

template <class NextSize>
Told feed_pieces(const ChatAdapter& adapter, std::string_view body, NextSize next_size) {
  Told told;
  AnswerBuilder builder;
  const auto reader = adapter.make_reader({});
  const auto take = [&](std::vector<ChatEvent> events) {
    for (ChatEvent& event : events) {
      builder.take(event);
      told.events.push_back(std::move(event));
    }
  };
  while (!body.empty()) {
    const std::size_t size = std::min(body.size(), next_size());
    take(reader->feed(body.substr(0, size)));
    body.remove_prefix(size);
  }
  take(reader->end());
  told.has_ended = builder.has_ended();
  told.is_finished = builder.is_finished();
  told.answer = builder.take_answer();
  if (reader->fault()) told.fault = *reader->fault();
  told.skipped = reader->skipped_count();
  return told;
}

std::string type_of(std::string_view data) {
  auto value = json::parse(data);
  const json::Value* type = value && value->is_object() ? value->get_object().if_contains("type") : nullptr;
  return type && type->is_string() ? std::string(type->get_string()) : "message";
}

// Data of several lines is several fields.
std::string data_lines(std::string_view data, std::string_view line_end) {
  std::string out;
  for (;;) {
    const std::size_t end = data.find('\n');
    out += "data: ";
    out += data.substr(0, end);
    out += line_end;
    if (end == std::string_view::npos) return out;
    data.remove_prefix(end + 1);
  }
}

}  // namespace

Told feed_whole(const ChatAdapter& adapter, std::string_view body) {
  return feed_pieces(adapter, body, [&] { return body.size(); });
}

Told feed(const ChatAdapter& adapter, std::string_view body) {
  Told whole = feed_whole(adapter, body);
  const std::string expected = describe(whole.events);
  const auto compare = [&](const Told& other, std::string_view how) {
    EXPECT_EQ(describe(other.events), expected) << how;
    EXPECT_EQ(other.skipped, whole.skipped) << how;
    EXPECT_EQ(other.fault.has_value(), whole.fault.has_value()) << how;
  };
  compare(feed_pieces(adapter, body, [] { return std::size_t{1}; }), "byte by byte");
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round)
    compare(feed_pieces(adapter, body, [&] { return std::size_t{1} + random() % 97; }), "in random pieces");
  return whole;
}

std::string named_events(const std::vector<std::string>& data) {
  std::string out;
  for (const std::string& text : data) out += "event: " + type_of(text) + "\n" + data_lines(text, "\n") + "\n";
  return out;
}

std::string data_events(const std::vector<std::string>& data) {
  std::string out;
  for (const std::string& text : data) out += data_lines(text, "\r\n") + "\r\n";
  return out;
}

}  // namespace atelier::model::testing
