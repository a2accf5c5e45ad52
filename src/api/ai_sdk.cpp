// The chat endpoint that clients of the AI SDK (`useChat`) call as they are: UI message streams over threads.
#include <fmt/format.h>

#include "api/request.hpp"
#include "api/tables.hpp"
#include "api/ui_stream.hpp"
#include "base/async.hpp"
#include "base/task_group.hpp"
#include "net/sse.hpp"
#include "studio/chat/client_chats.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kBodyBytesMax = 32 << 20;  // clients send the whole chat, each time
constexpr std::size_t kMessagesMax = 10'000;
constexpr std::chrono::seconds kHeartbeat{15};  // keeps proxies from closing the stream
constexpr json::ObjectReader::StringLimits kIdLimits{.bytes_min = 1, .bytes_max = studio::kClientIdBytesMax};

// What a user says. Of a part the clients' own members, such as its state, are passed over.
Result<std::vector<studio::MessagePart>> read_parts(const json::Array& given, const std::string& where) {
  json::Array parts;
  for (std::size_t index = 0; index < given.size(); ++index) {
    json::ObjectReader reader(given[index], fmt::format("{}/{}", where, index));
    const std::string type = reader.required_string("type");
    if (type == "file") reader.complain("type", "files cannot be sent here yet: send text alone");
    if (reader.has("type") && type != "text") reader.complain("type", "must be text in what a user says");
    json::Object text{{"type", "text"}, {"text", reader.required_string("text", {.bytes_max = studio::kPartBytesMax})}};
    if (auto done = reader.finish_lenient(); !done) return error_of(done);
    parts.push_back(std::move(text));
  }
  return studio::parse_parts(parts, where, studio::PartsFrom::user);
}

struct Heading {
  std::string id, role;
};
// Of a message all but what it says, which is of the last one alone of interest.
Result<Heading> read_heading(json::ObjectReader& reader) {
  Heading heading;
  heading.id = reader.required_string("id", kIdLimits);
  heading.role = reader.optional_choice("role", {"system", "user", "assistant"}).value_or("");
  if (!reader.has("role")) reader.complain("role", "is missing");
  if (auto done = reader.finish_lenient(); !done) return error_of(done);
  return heading;
}

// What the user said about calls that wait: {state: "approval-responded", toolCallId, approval: {approved}}. The rest
// of what an assistant said is the server's own.
std::vector<studio::ClientTurn::Decision> read_decisions(const json::Value& message) {
  std::vector<studio::ClientTurn::Decision> decisions;
  const json::Value* parts = message.get_object().if_contains("parts");
  if (parts == nullptr || !parts->is_array()) return decisions;
  for (const json::Value& part : parts->get_array()) {
    const json::Object* one = part.if_object();
    const json::Value* state = one ? one->if_contains("state") : nullptr;
    const json::Value* call = one ? one->if_contains("toolCallId") : nullptr;
    const json::Value* approval = one ? one->if_contains("approval") : nullptr;
    if (!state || *state != "approval-responded" || !call || !call->is_string()) continue;
    const json::Object* said = approval ? approval->if_object() : nullptr;
    const json::Value* approved = said ? said->if_contains("approved") : nullptr;
    if (approved && approved->is_bool())
      decisions.push_back({.call = std::string(call->get_string()), .is_allowed = approved->get_bool()});
  }
  if (decisions.size() > studio::kToolDecisionsMax) decisions.resize(studio::kToolDecisionsMax);
  return decisions;
}

Result<> read_last(const json::Value& message, const std::string& where, studio::ClientTurn& turn) {
  json::ObjectReader reader(message, where);
  auto heading = read_heading(reader);
  if (!heading) return error_of(heading);
  turn.message = std::move(heading->id);
  if (heading->role == "assistant" && turn.is_again) return {};  // it is answered beside
  if (heading->role == "assistant") {
    turn.decisions = read_decisions(message);
    if (!turn.decisions.empty()) return {};
  }
  if (heading->role != "user") reader.complain("role", "the last message must be the user's");
  const json::Array* given = reader.required_array("parts", studio::kMessagePartsMax);
  if (given && given->empty()) reader.complain("parts", "must say something");
  if (auto done = reader.finish_lenient(); !done) return done;
  auto parts = read_parts(*given, reader.pointer_to("parts"));
  if (!parts) return error_of(parts);
  turn.parts = std::move(*parts);
  return {};
}

Result<> read_messages(const json::Array& messages, studio::ClientTurn& turn) {
  turn.before.emplace();
  for (std::size_t index = 0; index + 1 < messages.size(); ++index) {
    json::ObjectReader reader(messages[index], fmt::format("/messages/{}", index));
    auto heading = read_heading(reader);
    if (!heading) return error_of(heading);
    turn.before->push_back(std::move(heading->id));
  }
  return read_last(messages.back(), fmt::format("/messages/{}", messages.size() - 1), turn);
}

Result<studio::ClientTurn> read_turn(const json::Value& body) {
  json::ObjectReader reader(body);
  studio::ClientTurn turn;
  turn.chat = reader.required_string("id", kIdLimits);
  turn.is_again =
      reader.optional_choice("trigger", {"submit-message", "regenerate-message"}).value_or("") == "regenerate-message";
  const std::string subject = reader.optional_string("messageId", kIdLimits).value_or("");
  turn.model = reader.optional_string("model", {.bytes_max = studio::kModelNameBytesMax}).value_or("");
  // Programs that do not send the whole chat send its last message.
  const json::Value* last = reader.optional_value("message");
  const json::Array* messages =
      last ? reader.optional_array("messages", kMessagesMax) : reader.required_array("messages", kMessagesMax);
  if (messages && last) reader.complain("message", "send messages, or the last message, not both");
  if (messages && messages->empty()) reader.complain("messages", "must end with what the user says");
  if (auto done = reader.finish(); !done) return error_of(done);
  auto read = messages ? read_messages(*messages, turn) : read_last(*last, "/message", turn);
  if (!read) return error_of(read);
  if (turn.is_again) turn.answer = subject;
  turn.is_edit = !turn.is_again && subject == turn.message;
  return turn;
}

// Says an answer to one client, from its beginning on. Going away ends this, and not the answer.
class Viewing {
 public:
  Viewing(Services services, Principal principal, studio::AnswerPlace place, bool tells_usage, net::BodyWriter& writer)
      : services_(services),
        principal_(principal),
        place_(std::move(place)),
        stream_(studio::ClientChats::id_of(place_.number), tells_usage),
        writer_(writer) {
    stream_.pass_over(place_.known);
  }

  Task<Result<>> run() {
    const TaskGroup::Options options{.stops_on_error = false};
    TaskGroup group(co_await current_executor(), options);
    group.spawn(follow(), following_);
    group.spawn(watch_end(), watching_);
    (void)co_await group.join();
    if (!has_ended_ && writer_.is_stopping()) (void)co_await writer_.write(stream_.fail("the server is stopping"));
    co_return Result<>{};
  }

 private:
  Task<Result<>> follow() {
    auto written = co_await writer_.write(stream_.begin());
    bool is_over = false;
    while (written && !is_over) {
      auto said = co_await services_.client_chats.next(place_, stream_.seen(), kHeartbeat);
      const bool is_gone = co_await is_cancelled();
      if (is_gone) co_return fail(ErrorCode::cancelled, "the client went away");
      is_over = !said;
      std::string bytes = said && !said->empty() ? stream_.add(*said) : net::sse_comment("");
      if (!is_over && !bytes.empty()) written = co_await writer_.write(std::move(bytes));
    }
    if (written) {
      auto message = co_await services_.threads.message(principal_, place_.thread, place_.number);
      std::string bytes = message ? stream_.end(*message) : stream_.fail(message.error().message);
      has_ended_ = true;
      written = co_await writer_.write(std::move(bytes));
    }
    watching_.cancel();
    co_return written;
  }

  Task<Result<>> watch_end() {
    co_await writer_.gone_or_stopping();
    following_.cancel();
    co_return Result<>{};
  }

  const Services services_;
  const Principal principal_;
  const studio::AnswerPlace place_;
  UiStream stream_;
  net::BodyWriter& writer_;
  bool has_ended_ = false;
  TaskGroup::Member following_, watching_;
};

Task<Result<>> view(Services services, Principal principal, studio::AnswerPlace place, bool tells_usage,
                    net::BodyWriter* writer) {
  Viewing viewing(services, principal, place, tells_usage, *writer);
  co_return co_await viewing.run();
}

net::Response stream_response(Services services, const net::Request& request, studio::AnswerPlace place) {
  net::Response response;
  response.headers.set("content-type", "text/event-stream");
  response.headers.set("cache-control", "no-cache");
  response.headers.set("x-accel-buffering", "no");
  response.headers.set("x-vercel-ai-ui-message-stream", "v1");
  response.headers.set("x-atelier-thread", place.thread.to_string());
  const bool tells_usage = request.query_parameter("usage").value_or("") == "true";
  response.body =
      net::StreamBody([services, principal = request.principal(), place, tells_usage](net::BodyWriter& writer) {
        return view(services, principal, place, tells_usage, &writer);
      });
  return response;
}

Task<Result<net::Response>> take(Services services, net::Request request) {
  auto body = co_await request.read_json(kBodyBytesMax);
  if (!body) co_return error_of(body);
  auto turn = read_turn(*body);
  if (!turn) co_return error_of(turn);
  auto place = co_await services.client_chats.take(request.principal(), std::move(*turn));
  if (!place) co_return error_of(place);
  co_return stream_response(services, request, *place);
}

Task<Result<net::Response>> resume(Services services, net::Request request) {
  auto place = co_await services.client_chats.active(request.principal(), std::string(request.path_parameter("id")));
  if (!place) co_return error_of(place);
  if (!*place) co_return net::empty_response();
  co_return stream_response(services, request, **place);
}

Task<Result<net::Response>> stop(Services services, net::Request request) {
  auto stopped = co_await services.client_chats.stop(request.principal(), std::string(request.path_parameter("id")));
  if (!stopped) co_return error_of(stopped);
  co_return net::empty_response();
}

constexpr QueryParameter kQuery[] = {{"usage", "true: tokens and cost, as the message's metadata"}};

constexpr Route kRoutes[] = {
    {.method = net::Method::post,
     .path = "/api/chat",
     .run = take,
     .summary = "A turn of a chat that its client holds, answered as the AI SDK's UI message stream",
     .request = "UiTurn",
     .answer = "text/event-stream",
     .query = kQuery},
    {.method = net::Method::get,
     .path = "/api/chat/{id}/stream",
     .run = resume,
     .summary = "The answer that is being made, from its beginning; 204 where none is",
     .answer = "text/event-stream",
     .query = kQuery},
    {.method = net::Method::post,
     .path = "/api/chat/{id}/stop",
     .run = stop,
     .summary = "Stops the answer that is being made; what it said stays",
     .status = 204},
};

}  // namespace

std::span<const Route> ai_sdk_routes() { return kRoutes; }

}  // namespace atelier::api
