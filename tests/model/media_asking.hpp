#pragma once

#include <gmock/gmock.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "model/media/adapter.hpp"

// Tests of media adapters: what is asked, and what recorded answers are read as.
namespace atelier::model::testing {

inline Target target_at(std::string base_url, std::string model) {
  return {.base_url = std::move(base_url), .model = std::move(model), .credential = {.key = "secret-key"}};
}

inline HttpHead head_of(int status, std::vector<std::pair<std::string, std::string>> headers = {}) {
  headers.emplace_back("content-type", "application/json");
  return {.status = status, .headers = std::move(headers)};
}

inline MediaRequest request_for(MediaKind kind, std::string prompt = "a red boat") {
  return {.kind = kind, .prompt = std::move(prompt)};
}

inline MediaInput input_of(MediaInput::Role role, std::string bytes = "PNG") {
  return {
      .role = role, .media_type = "image/png", .name = "a.png", .size_bytes = bytes.size(), .bytes = std::move(bytes)};
}

inline json::Value parsed(std::string_view text) {
  auto value = json::parse(text);
  EXPECT_TRUE(value) << text;
  return value ? std::move(*value) : json::Value();
}

inline json::Object body_of(const WireRequest& request) {
  auto value = json::parse(request.body);
  EXPECT_TRUE(value && value->is_object()) << request.body;
  return value && value->is_object() ? value->get_object() : json::Object();
}

inline std::string header_of(const WireRequest& request, std::string_view name) {
  for (const auto& [known, value] : request.headers)
    if (known == name) return value;
  return {};
}

// The submission, without files that are sent before it.
inline WireRequest submission(const MediaAdapter& adapter, const MediaRequest& request, const Target& target,
                              const MediaTicket& ticket = {}) {
  const std::vector<std::string> uploaded(request.inputs.size());
  auto wire = adapter.submit(request, target, ticket, uploaded);
  EXPECT_TRUE(wire) << (wire ? "" : wire.error().describe());
  return wire ? std::move(*wire) : WireRequest();
}

// The field that is refused, with what the ability says and what goes beyond it; "" where nothing is.
inline std::string refused_field(const MediaAdapter& adapter, const MediaRequest& request, std::string_view model) {
  const auto ability = adapter.ability(model, request.kind);
  if (!ability) return "no ability";
  auto good = check(request, *ability, model);
  if (good) good = adapter.check_more(request, model);
  if (good) return {};
  EXPECT_EQ(good.error().code, ErrorCode::invalid_argument);
  return good.error().where;
}

inline std::expected<MediaNews, Fault> news_of(const MediaAdapter& adapter, std::string_view body, const Target& target,
                                               const MediaRequest& request, const MediaJob& job = {.id = "job-1"},
                                               HttpHead head = head_of(200)) {
  return adapter.read_poll(head, body, job, target, request);
}

// What a question gave, where that is of the kind T; otherwise the test fails.
template <class T>
T expect_news(std::expected<MediaNews, Fault> news) {
  EXPECT_TRUE(news) << (news ? "" : news.error().message);
  T* found = news ? std::get_if<T>(&*news) : nullptr;
  EXPECT_TRUE(found) << "news of another kind";
  return found ? std::move(*found) : T();
}

inline MediaJob expect_job(std::expected<MediaSubmitted, Fault> submitted) {
  EXPECT_TRUE(submitted) << (submitted ? "" : submitted.error().message);
  MediaJob* job = submitted ? std::get_if<MediaJob>(&*submitted) : nullptr;
  EXPECT_TRUE(job) << "no job";
  return job ? std::move(*job) : MediaJob();
}

}  // namespace atelier::model::testing
