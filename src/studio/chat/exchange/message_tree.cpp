#include "studio/chat/exchange/message_tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "base/text.hpp"
#include "studio/chat/exchange/fields.hpp"
#include "studio/chat/exchange/part_list.hpp"
#include "studio/chat/thread.hpp"

namespace atelier::studio::exchange {
namespace {

using Index = std::size_t;
constexpr Index kNone = static_cast<Index>(-1);
constexpr std::size_t kFinishBytesMax = 64;

// Who follows whom, by index into the nodes.
class Tree {
 public:
  Tree(const std::vector<Node>& nodes, Skips& skips) : nodes_(nodes), parent_(nodes.size(), kNone) {
    find_parents(skips);
    cut_cycles(skips);
    put_in_order();
  }

  // Each after its parent; siblings as they came.
  const std::vector<Index>& order() const noexcept { return order_; }
  Index parent(Index node) const noexcept { return parent_[node]; }
  Index find(std::string_view id) const noexcept {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? kNone : found->second;
  }

 private:
  void find_parents(Skips& skips) {
    by_id_.reserve(nodes_.size());
    is_double_.resize(nodes_.size());
    for (Index node = 0; node < nodes_.size(); ++node)
      if (!nodes_[node].id.empty() && !by_id_.emplace(nodes_[node].id, node).second) {
        is_double_[node] = true;
        skips.add(nodes_[node].where, fmt::format("the id {} is there twice: left out", quoted(nodes_[node].id)));
      }
    for (Index node = 0; node < nodes_.size(); ++node) {
      if (is_double_[node] || nodes_[node].parent.empty()) continue;
      parent_[node] = find(nodes_[node].parent);
      if (parent_[node] == kNone && nodes_[node].message)
        skips.add(nodes_[node].where, fmt::format("its parent {} is not in the file: it begins the thread anew",
                                                  quoted(nodes_[node].parent)));
    }
  }

  // Walks up from each node; a walk that meets itself is a cycle, and its first node in the file becomes a root.
  void cut_cycles(Skips& skips) {
    std::vector<Index> walk_of(nodes_.size(), kNone);
    for (Index start = 0; start < nodes_.size(); ++start) {
      Index node = start;
      for (; node != kNone && walk_of[node] == kNone; node = parent_[node]) walk_of[node] = start;
      if (node == kNone || walk_of[node] != start) continue;
      Index first = node;
      for (Index next = parent_[node]; next != node; next = parent_[next]) first = std::min(first, next);
      parent_[first] = kNone;
      skips.add(nodes_[first].where, "follows itself: it begins the thread anew");
    }
  }

  void put_in_order() {
    std::vector<std::vector<Index>> children(nodes_.size());
    std::vector<Index> waiting;
    // Backwards: the last that is put on the stack is the first to be taken.
    for (Index node = nodes_.size(); node-- > 0;) {
      if (is_double_[node]) continue;
      if (parent_[node] == kNone)
        waiting.push_back(node);
      else
        children[parent_[node]].push_back(node);
    }
    while (!waiting.empty()) {
      const Index node = waiting.back();
      waiting.pop_back();
      order_.push_back(node);
      waiting.insert(waiting.end(), children[node].begin(), children[node].end());
    }
  }

  const std::vector<Node>& nodes_;
  std::vector<Index> parent_;
  std::unordered_map<std::string_view, Index> by_id_;
  std::vector<bool> is_double_;
  std::vector<Index> order_;
};

// An answer goes on with what its next message said, and ends as that ended.
void append(ThreadMessage& answer, ThreadMessage&& more) {
  std::ranges::move(more.parts, std::back_inserter(answer.parts));
  answer.state = more.state;
  if (!more.model.empty()) answer.model = std::move(more.model);
  if (!more.report.finish.empty()) answer.report.finish = std::move(more.report.finish);
}

bool has_room(const ThreadMessage& answer, const ThreadMessage& more) {
  return answer.parts.size() + more.parts.size() <= kMessagePartsMax &&
         size_bytes(answer.parts) + size_bytes(more.parts) <= kMessageBytesMax;
}

std::int64_t latest_of(const std::vector<ThreadMessage>& messages) {
  const auto found = std::ranges::max_element(messages, [](const ThreadMessage& left, const ThreadMessage& right) {
    return std::pair(left.created_ms, left.number) < std::pair(right.created_ms, right.number);
  });
  return found == messages.end() ? 0 : found->number;
}

void cut(std::string& text, std::size_t bytes_max, std::string_view where, std::string_view what, Skips& skips) {
  if (text.size() <= bytes_max) return;
  skips.add(std::string(where), fmt::format("{} of {} bytes is cut to {}", what, text.size(), bytes_max));
  text = truncate_utf8(text, bytes_max);
}

}  // namespace

void plant(std::vector<Node> nodes, std::string_view shown, std::string_view where, ImportedThread& thread,
           Skips& skips) {
  const Tree tree(nodes, skips);
  // The nearest message at or above each node, by index; and how many messages follow each.
  std::vector<Index> message_of(nodes.size(), kNone), before(nodes.size(), kNone);
  std::vector<std::size_t> following(nodes.size());
  for (const Index node : tree.order()) {
    before[node] = tree.parent(node) == kNone ? kNone : message_of[tree.parent(node)];
    message_of[node] = nodes[node].message ? node : before[node];
    if (nodes[node].message && before[node] != kNone) ++following[before[node]];
  }
  std::vector<std::int64_t> number_of(nodes.size());
  std::vector<bool> is_open(nodes.size());
  for (const Index node : tree.order()) {
    if (!nodes[node].message) continue;
    ThreadMessage& message = *nodes[node].message;
    const Index previous = before[node];
    const std::int64_t parent = previous == kNone ? 0 : number_of[previous];
    if (nodes[node].continues && previous != kNone && nodes[previous].is_open && following[previous] == 1) {
      ThreadMessage& answer = thread.messages[static_cast<std::size_t>(parent - 1)];
      if (has_room(answer, message)) {
        append(answer, std::move(message));
        number_of[node] = parent;
        continue;
      }
    }
    message.number = number_of[node] = std::ssize(thread.messages) + 1;
    message.parent = parent;
    if (message.created_ms == 0)
      message.created_ms =
          parent == 0 ? thread.created_ms : thread.messages[static_cast<std::size_t>(parent - 1)].created_ms;
    thread.messages.push_back(std::move(message));
  }
  std::int64_t from = 0;
  if (!shown.empty()) {
    const Index node = tree.find(shown);
    if (node != kNone && message_of[node] != kNone) from = number_of[message_of[node]];
    if (node == kNone)
      skips.add(std::string(where),
                fmt::format("names {}, which is not in the file: the latest message is shown", quoted(shown)));
  }
  thread.head = newest_leaf(thread.messages, from == 0 ? latest_of(thread.messages) : from);
}

std::int64_t newest_leaf(const std::vector<ThreadMessage>& messages, std::int64_t from) {
  // Children come after their parents: one pass finds the newest of each, another goes down from the one.
  std::vector<std::int64_t> newest(messages.size() + 1);
  for (const ThreadMessage& message : messages) newest[static_cast<std::size_t>(message.parent)] = message.number;
  std::int64_t leaf = from;
  while (leaf > 0 && newest[static_cast<std::size_t>(leaf)] > 0) leaf = newest[static_cast<std::size_t>(leaf)];
  return leaf;
}

void add_tag(ImportedThread& thread, std::string_view tag) {
  tag = trim(tag);
  if (tag.empty() || thread.tags.size() > kThreadTagsMax || std::ranges::find(thread.tags, tag) != thread.tags.end())
    return;
  thread.tags.emplace_back(tag);
}

void complete(ImportedThread& thread, std::string_view where, Skips& skips) {
  UnixMs first = 0, last = 0;
  for (const ThreadMessage& message : thread.messages) {
    if (message.created_ms == 0) continue;
    first = first == 0 ? message.created_ms : std::min(first, message.created_ms);
    last = std::max(last, message.created_ms);
  }
  if (thread.created_ms == 0) thread.created_ms = first;
  if (thread.used_ms == 0) thread.used_ms = std::max(last, thread.created_ms);
  thread.title = trim(thread.title);
  cut(thread.title, kThreadTitleBytesMax, where, "the title", skips);
  thread.title = trim(thread.title);
  cut(thread.system, kSystemBytesMax, where, "the system prompt", skips);
  cut(thread.model, kModelNameBytesMax, where, "the model's name", skips);
  if (thread.tags.size() > kThreadTagsMax) {
    skips.add(std::string(where), fmt::format("has more than {} tags: the rest is left out", kThreadTagsMax));
    thread.tags.resize(kThreadTagsMax);
  }
  // Two may be one when they are cut.
  for (std::string& tag : std::exchange(thread.tags, {})) {
    cut(tag, kTagBytesMax, where, "a tag", skips);
    add_tag(thread, tag);
  }
  for (ThreadMessage& message : thread.messages) {
    cut(message.model, kModelNameBytesMax, where, "a model's name", skips);
    cut(message.report.finish, kFinishBytesMax, where, "a finish reason", skips);
  }
}

}  // namespace atelier::studio::exchange
