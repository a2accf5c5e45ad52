// Our own export: all that a thread's rows hold, in the words of the API.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "studio/chat/chat_parts.hpp"
#include "studio/chat/exchange/fields.hpp"
#include "studio/chat/exchange/imported_thread.hpp"
#include "studio/chat/exchange/message_tree.hpp"
#include "studio/chat/exchange/part_list.hpp"
#include "studio/chat/exchange/readers.hpp"

namespace atelier::studio {
namespace {

using chat_parts::is_unended;

constexpr std::string_view kFormat = "atelier-thread";
constexpr std::int64_t kVersion = 1;

// What was just written as JSON by our own code.
json::Value own_json(std::string_view text) {
  auto value = json::parse(text);
  ensure(value.has_value(), "a row holds JSON");
  return std::move(*value);
}

json::Value to_export(const ThreadMessage& message) {
  const store::MessageRow row = to_row(message, ThreadId(), UserId());
  return json::Object{{"number", message.number},
                      {"parent", message.parent},
                      {"role", row.role},
                      {"state", is_unended(message.state) ? to_string(MessageState::interrupted) : row.state},
                      {"model", row.model},
                      {"created_at", format_rfc3339(message.created_ms)},
                      {"parts", own_json(row.parts)},
                      {"report", own_json(row.report)}};
}

}  // namespace

json::Value to_export_json(const ImportedThread& thread) {
  json::Array messages, tags;
  for (const ThreadMessage& message : thread.messages) messages.push_back(to_export(message));
  for (const std::string& tag : thread.tags) tags.emplace_back(tag);
  return json::Object{{"format", kFormat},
                      {"version", kVersion},
                      {"title", thread.title},
                      {"system", thread.system},
                      {"model", thread.model},
                      {"tags", std::move(tags)},
                      {"is_pinned", thread.is_pinned},
                      {"is_archived", thread.is_archived},
                      {"created_at", format_rfc3339(thread.created_ms)},
                      {"used_at", format_rfc3339(thread.used_ms)},
                      {"head", thread.head},
                      {"messages", std::move(messages)}};
}

namespace exchange {
namespace {

constexpr std::size_t kReportBytesMax = 65'536;
constexpr std::int64_t kCountMax =
    1'000'000'000'000;  // of tokens or milliseconds: sums of them stay far within 64 bits

// What a row of ours holds was measured; what a file says may be anything.
void keep_plausible(AnswerReport& report) {
  if (report.usage)
    for (std::int64_t* count : {&report.usage->input, &report.usage->cached_read, &report.usage->cached_write,
                                &report.usage->output, &report.usage->reasoning})
      *count = std::clamp<std::int64_t>(*count, 0, kCountMax);
  for (std::optional<std::int64_t>* time : {&report.first_token_ms, &report.total_ms})
    if (*time && (**time < 0 || **time > kCountMax)) time->reset();
  if (report.cost && *report.cost < 0) report.cost.reset();
}

// Its state, parts and report. nullopt: `skips` says why.
std::optional<ThreadMessage> read_message(const json::Object& object, const std::string& where, Skips& skips) {
  ThreadMessage message;
  const auto role = parse_message_role(text_at(object, "role"));
  const auto state = parse_message_state(text_at(object, "state"));
  if (!role || !state) {
    skips.add(pointer_to(where, role ? "state" : "role"),
              fmt::format("{} is no {} of a message", quoted(text_at(object, role ? "state" : "role")),
                          role ? "state" : "role"));
    return std::nullopt;
  }
  const json::Array* list = array_at(object, "parts");
  const std::string parts_where = pointer_to(where, "parts");
  auto parts = parse_parts(list ? *list : json::Array(), parts_where, PartsFrom::import);
  if (!list || !parts) {
    skips.add(list ? parts.error().where : parts_where, list ? parts.error().message : "must be a list of parts");
    return std::nullopt;
  }
  if (state == MessageState::failed) end_with_failure(*parts);
  store::MessageRow row;
  row.role = to_string(*role);
  row.state = to_string(is_unended(*state) ? MessageState::interrupted : *state);
  row.model = text_at(object, "model");
  row.created_ms = time_at(object, "created_at");
  // Reports are read where those of rows are.
  if (const json::Object* report = object_at(object, "report")) row.report = json::write(*report);
  if (row.report.size() > kReportBytesMax) {
    skips.add(pointer_to(where, "report"), fmt::format("is over {} bytes: left out", kReportBytesMax));
    row.report = "{}";
  }
  auto read = from_row(row);
  if (!read) {
    skips.add(pointer_to(where, "report"), "cannot be read");
    return std::nullopt;
  }
  read->parts = std::move(*parts);
  keep_plausible(read->report);
  return std::move(*read);
}

std::optional<std::int64_t> integer_at(const json::Object& object, std::string_view name) noexcept {
  const json::Value* value = object.if_contains(name);
  return value && value->is_int64() ? std::optional(value->get_int64()) : std::nullopt;
}

// In the file's order, which is that of the numbers: a parent is found among those before it.
class OwnMessages {
 public:
  explicit OwnMessages(Skips& skips) : skips_(skips) {}

  void read(const json::Value& value, const std::string& where) {
    const json::Object* object = value.if_object();
    const auto number = object ? integer_at(*object, "number") : std::nullopt;
    if (!number || *number <= (places_.empty() ? 0 : places_.back().number)) {
      skips_.add(where, "must be a message whose number is above those before it");
      return;
    }
    const std::int64_t wanted = integer_at(*object, "parent").value_or(0);
    const std::int64_t parent = find(wanted);
    auto message = read_message(*object, where, skips_);
    // What follows one that cannot be read follows what was before that.
    places_.push_back({*number, message ? std::ssize(messages_) + 1 : parent});
    if (!message) return;
    if (wanted != 0 && !has(wanted))
      skips_.add(pointer_to(where, "parent"),
                 fmt::format("{} is no message before it: it begins the thread anew", wanted));
    message->number = std::ssize(messages_) + 1;
    message->parent = parent;
    messages_.push_back(std::move(*message));
  }

  // The number it has now; 0: there is none.
  std::int64_t find(std::int64_t number) const noexcept {
    const auto found = std::ranges::lower_bound(places_, number, {}, &Place::number);
    return found != places_.end() && found->number == number ? found->now : 0;
  }
  bool has(std::int64_t number) const noexcept {
    return std::ranges::binary_search(places_, number, {}, &Place::number);
  }
  std::vector<ThreadMessage> take() { return std::move(messages_); }

 private:
  struct Place {
    std::int64_t number, now;
  };
  Skips& skips_;
  std::vector<Place> places_;
  std::vector<ThreadMessage> messages_;
};

}  // namespace

bool is_own(const json::Object& object) noexcept { return text_at(object, "format") == kFormat; }

std::optional<ImportedThread> read_own(const json::Object& object, const std::string& where, Skips& skips) {
  if (const auto version = integer_at(object, "version"); version != kVersion) {
    skips.add(pointer_to(where, "version"), fmt::format("only version {} can be read", kVersion));
    return std::nullopt;
  }
  const json::Array* list = array_at(object, "messages");
  if (!list || list->size() > kThreadMessagesMax) {
    skips.add(pointer_to(where, "messages"), fmt::format("must be a list of at most {} messages", kThreadMessagesMax));
    return std::nullopt;
  }
  ImportedThread thread{.title = std::string(text_at(object, "title")),
                        .system = std::string(text_at(object, "system")),
                        .model = std::string(text_at(object, "model")),
                        .is_pinned = is_true_at(object, "is_pinned"),
                        .is_archived = is_true_at(object, "is_archived"),
                        .created_ms = time_at(object, "created_at"),
                        .used_ms = time_at(object, "used_at")};
  if (const json::Array* tags = array_at(object, "tags"))
    for (const json::Value& tag : *tags) add_tag(thread, text_of(tag));
  OwnMessages messages(skips);
  const std::string list_where = pointer_to(where, "messages");
  for (std::size_t index = 0; index < list->size(); ++index)
    messages.read((*list)[index], pointer_to(list_where, index));
  const std::int64_t head = messages.find(integer_at(object, "head").value_or(0));
  thread.messages = messages.take();
  thread.head = newest_leaf(thread.messages, head > 0 ? head : std::ssize(thread.messages));
  complete(thread, where, skips);
  return thread;
}

}  // namespace exchange
}  // namespace atelier::studio
