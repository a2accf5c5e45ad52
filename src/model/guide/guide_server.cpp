#include "model/guide/guide_server.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/id.hpp"
#include "base/text.hpp"
#include "model/face/face.hpp"
#include "model/guide/guide.hpp"
#include "model/guide/guide_upstream.hpp"
#include "model/limit/input_tokens.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kBodyBytesMax = 16 << 20;
constexpr std::int64_t kBytesPerToken = 4;  // as estimate_input_tokens() counts

GuideReply refuse(int status, Error error) {
  GuideReply reply{.status = status};
  reply.pieces.push_back(write_error(Protocol::openai_chat, error, status, {}));
  return reply;
}

GuideReply refuse_field(std::string where, std::string message) {
  return refuse(400, Error{.code = ErrorCode::invalid_argument,
                           .message = std::move(message),
                           .reason = "unsupported_value",
                           .where = std::move(where),
                           .retry_after_ms = {},
                           .source = std::source_location::current()});
}

GuideReply list() {
  const BuiltIn built_in = guide_provider();
  json::Array data;
  for (const ListedModel& model : built_in.list.models)
    data.push_back(json::Object{{"id", model.id},
                                {"object", "model"},
                                {"created", 0},
                                {"owned_by", built_in.provider.name},
                                {"context_length", model.context_tokens}});
  GuideReply reply;
  reply.pieces.push_back(json::write(json::Object{{"object", "list"}, {"data", std::move(data)}}));
  return reply;
}

// The last two things that the person said: more is not looked at.
std::vector<std::string> questions_of(const ChatRequest& request) {
  std::vector<std::string> questions;
  for (auto message = request.messages.rbegin(); message != request.messages.rend() && questions.size() < 2;
       ++message) {
    if (message->role != Role::user) continue;
    std::string& question = questions.emplace_back();
    for (const Part& part : message->parts) {
      const auto* text = std::get_if<Text>(&part);
      if (text && question.size() < Guide::kQuestionBytesMax)
        question.append(question.empty() ? "" : "\n").append(text->text, 0, Guide::kQuestionBytesMax);
    }
  }
  std::ranges::reverse(questions);
  return questions;
}

ChatAnswer answer_to(const ChatRequest& request, std::string_view body) {
  std::string text = studio_guide().answer(questions_of(request)).text;
  Choice choice;
  for (const std::string& stop : request.stop)
    if (!stop.empty()) text.resize(std::min(text.find(stop), text.size()));
  if (request.output_tokens_max) {
    const auto tokens = std::clamp<std::int64_t>(*request.output_tokens_max, 0, std::int64_t{1} << 32);
    const auto bytes_max = static_cast<std::size_t>(tokens * kBytesPerToken);
    if (text.size() > bytes_max) {
      text.resize(truncate_utf8(text, bytes_max).size());
      choice.stop = StopReason::length;
    }
  }
  ChatAnswer answer;
  answer.usage.input = estimate_input_tokens(body);
  answer.usage.output = (static_cast<std::int64_t>(text.size()) + kBytesPerToken - 1) / kBytesPerToken;
  choice.parts.push_back(Text{.text = std::move(text)});
  answer.choices.push_back(std::move(choice));
  return answer;
}

// A paragraph a piece, as a reader would take it in.
std::vector<std::string> pieces_of(std::string_view text) {
  std::vector<std::string> pieces;
  while (!text.empty()) {
    const std::size_t gap = text.find("\n\n");
    const std::size_t end = gap == std::string_view::npos ? text.size() : gap + 2;
    pieces.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return pieces;
}

std::vector<ChatEvent> streamed(const ChatAnswer& answer) {
  std::vector<ChatEvent> events;
  for (ChatEvent& one : events_of(answer)) {
    const auto* delta = std::get_if<event::Delta>(&one);
    if (!delta) {
      events.push_back(std::move(one));
      continue;
    }
    for (std::string& piece : pieces_of(delta->text))
      events.push_back(event::Delta{.choice = delta->choice, .part = delta->part, .text = std::move(piece)});
  }
  return events;
}

GuideReply complete(std::string_view body, UnixMs now) {
  if (body.size() > kBodyBytesMax)
    return refuse(400, Error{.code = ErrorCode::too_large,
                             .message = fmt::format("the guide reads at most {} bytes", kBodyBytesMax),
                             .reason = "context_length_exceeded",
                             .where = "/messages",
                             .retry_after_ms = {},
                             .source = std::source_location::current()});
  const auto value = json::parse(body);
  if (!value) return refuse(400, value.error());
  const auto request = openai_chat_face().read_request(*value);
  if (!request) return refuse(400, request.error());
  if (request->model != guide_provider().list.models.front().id)
    return refuse(404, Error{.code = ErrorCode::not_found,
                             .message = fmt::format("there is no model \"{}\" here", printable(request->model, 128)),
                             .reason = "model_not_found",
                             .where = "/model",
                             .retry_after_ms = {},
                             .source = std::source_location::current()});
  if (request->answer_count != 1) return refuse_field("/n", "the guide gives one answer");
  if (request->format && request->format->kind != AnswerFormat::Kind::text)
    return refuse_field("/response_format", "the guide is no language model: it answers with text alone");
  if (request->tool_choice && (request->tool_choice->mode == ToolChoice::Mode::required ||
                               request->tool_choice->mode == ToolChoice::Mode::named))
    return refuse_field("/tool_choice", "the guide is no language model: it calls no tools");

  AnswerHead head{.id = Ulid::make().to_string(), .model = request->model, .created_s = now / 1000};
  const ChatAnswer answer = answer_to(*request, body);
  GuideReply reply;
  if (!request->is_streamed) {
    reply.pieces.push_back(openai_chat_face().write_answer(answer, *request, head));
    return reply;
  }
  reply.content_type = "text/event-stream";
  const auto writer = openai_chat_face().make_writer(*request, std::move(head));
  for (const ChatEvent& one : streamed(answer))
    if (std::string piece = writer->write(one); !piece.empty()) reply.pieces.push_back(std::move(piece));
  return reply;
}

}  // namespace

GuideReply reply_of_guide(const WireRequest& request, UnixMs now) {
  if (request.is_get() && request.url.ends_with("/models")) return list();
  if (!request.is_get() && request.url.ends_with("/chat/completions")) return complete(request.body, now);
  return refuse(404, Error{.code = ErrorCode::not_found,
                           .message = "the guide has no such endpoint",
                           .reason = "not_found",
                           .where = {},
                           .retry_after_ms = {},
                           .source = std::source_location::current()});
}

}  // namespace atelier::model
