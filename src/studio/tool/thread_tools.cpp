#include "studio/tool/thread_tools.hpp"

#include <fmt/format.h>

#include "base/async.hpp"
#include "base/text.hpp"

namespace atelier::studio {
namespace {

constexpr std::int64_t kHitsUsual = 8;
constexpr std::int64_t kMessagesUsual = 10;
constexpr std::size_t kMessageTextBytesMax = 8'000;  // of one message; the result as a whole has its own bound
constexpr std::size_t kShownBytesMax = 200;          // of what is told to a person

constexpr std::string_view kSearchParameters = R"({
  "type": "object",
  "properties": {
    "query": {
      "type": "string", "minLength": 1, "maxLength": 500,
      "description": "Words that a message must have, all of them; words in quotation marks must stand together."
    },
    "limit": {"type": "integer", "minimum": 1, "maximum": 20, "description": "How many messages at most; 8 where it is left out."}
  },
  "required": ["query"],
  "additionalProperties": false
})";
constexpr std::string_view kReadParameters = R"({
  "type": "object",
  "properties": {
    "thread": {"type": "string", "minLength": 26, "maxLength": 26, "description": "The thread's id, as search_threads gives it."},
    "message": {
      "type": "integer", "minimum": 1, "maximum": 9007199254740991,
      "description": "The number of the last message to read; the end of the thread where it is left out."
    },
    "count": {"type": "integer", "minimum": 1, "maximum": 50, "description": "How many messages, with those before it; 10 where it is left out."}
  },
  "required": ["thread"],
  "additionalProperties": false
})";

std::string text_at(const json::Object& arguments, std::string_view name) {
  const json::Value* value = arguments.if_contains(name);
  return value == nullptr ? std::string() : std::string(value->get_string());
}
std::int64_t integer_at(const json::Object& arguments, std::string_view name, std::int64_t fallback) {
  const json::Value* value = arguments.if_contains(name);
  return value == nullptr ? fallback : value->to_number<std::int64_t>();
}

std::string shown(const std::string& text) {
  std::string cut(truncate_utf8(text, kShownBytesMax));
  return cut.size() < text.size() ? cut + "…" : cut;
}

class SearchThreads final : public Tool {
 public:
  explicit SearchThreads(ThreadSearch& search)
      : Tool({.name = "search_threads",
              .title = "Search your threads",
              .description = "Finds what was said in the user's earlier conversations, by words. Gives for each "
                             "message its thread's id and title, its number, who said it and when, and an excerpt.",
              .parameters = *json::parse(kSearchParameters)}),
        search_(search) {}

  std::string effect(const json::Object& arguments) const override {
    return fmt::format("Searches all your threads for \"{}\" and gives the model excerpts of what it finds.",
                       shown(text_at(arguments, "query")));
  }

  Task<Result<std::string>> run(Principal principal, json::Object arguments) const override {
    const auto limit = static_cast<std::size_t>(integer_at(arguments, "limit", kHitsUsual));
    auto answer = co_await search_.search(principal, text_at(arguments, "query"), limit);
    if (!answer) co_return error_of(answer);
    json::Array items;
    for (const ThreadHit& hit : answer->items)
      items.push_back(json::Object{{"thread", hit.thread.to_string()},
                                   {"title", hit.title},
                                   {"message", hit.number},
                                   {"role", to_string(hit.role)},
                                   {"said_at", format_rfc3339(hit.created_ms)},
                                   {"excerpt", hit.snippet.text}});
    if (items.empty()) co_return std::string("No message has these words.");
    co_return json::write(items);
  }

 private:
  ThreadSearch& search_;
};

class ReadThread final : public Tool {
 public:
  explicit ReadThread(Threads& threads)
      : Tool({.name = "read_thread",
              .title = "Read one of your threads",
              .description = "Reads messages of one of the user's conversations, back from a message.",
              .parameters = *json::parse(kReadParameters)}),
        threads_(threads) {}

  std::string effect(const json::Object& arguments) const override {
    const std::int64_t last = integer_at(arguments, "message", 0);
    const std::string place = last > 0 ? fmt::format("back from message {}", last) : std::string("at its end");
    return fmt::format("Gives the model up to {} messages of your thread {}, {}.",
                       integer_at(arguments, "count", kMessagesUsual), text_at(arguments, "thread"), place);
  }

  Task<Result<std::string>> run(Principal principal, json::Object arguments) const override {
    const auto not_there = [] {
      return fail(ErrorCode::not_found, "there is no such thread", {.reason = {}, .where = "/thread"});
    };
    auto id = ThreadId::parse(text_at(arguments, "thread"));
    if (!id) co_return not_there();
    auto thread = co_await threads_.find(principal, *id);
    if (!thread && thread.error().code == ErrorCode::not_found) co_return not_there();
    if (!thread) co_return error_of(thread);
    const std::int64_t last = integer_at(arguments, "message", thread->head);
    const std::int64_t count = integer_at(arguments, "count", kMessagesUsual);
    if (last == 0) co_return std::string("Nothing was said in this thread yet.");
    auto branch = co_await threads_.branch(principal, *id, last, count, true);
    if (!branch) co_return error_of(branch);
    json::Array messages;
    for (const ThreadMessage& message : *branch) {
      const std::string text = text_of(message);
      std::string cut(truncate_utf8(text, kMessageTextBytesMax));
      if (cut.size() < text.size()) cut += fmt::format(" [cut: {} of {} bytes]", cut.size(), text.size());
      messages.push_back(json::Object{{"message", message.number},
                                      {"role", to_string(message.role)},
                                      {"said_at", format_rfc3339(message.created_ms)},
                                      {"text", std::move(cut)}});
    }
    co_return json::write(json::Object{{"title", thread->title}, {"messages", std::move(messages)}});
  }

 private:
  Threads& threads_;
};

}  // namespace

std::unique_ptr<Tool> make_search_threads(ThreadSearch& search) { return std::make_unique<SearchThreads>(search); }
std::unique_ptr<Tool> make_read_thread(Threads& threads) { return std::make_unique<ReadThread>(threads); }

}  // namespace atelier::studio
