// Random lives of threads against a model of them: after every step the tree, the branch that is shown, what each
// message says and what the model was sent are as they must be. ATELIER_CHAT_SEQUENCES sets how many lives.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <random>

#include "tests/api/chat_fixture.hpp"

namespace atelier::app {
namespace {

struct Known {
  std::int64_t parent = 0;
  bool is_answer = false;
  std::string text;  // of an answer that was stopped: what it would have said
  bool is_whole = true;
  std::vector<std::string> rounds = {};  // what of its calls a model is told before that: the calls, and each result
};

class Life {
 public:
  explicit Life(std::uint32_t seed) : random_(seed) {}
  std::int64_t count() const { return static_cast<std::int64_t>(messages_.size()); }
  const Known& at(std::int64_t number) const { return messages_[static_cast<std::size_t>(number - 1)]; }
  Known& at(std::int64_t number) { return messages_[static_cast<std::size_t>(number - 1)]; }
  std::int64_t add(Known message) {
    messages_.push_back(std::move(message));
    return head = count();
  }
  // From the beginning to the message.
  std::vector<std::int64_t> branch(std::int64_t number) const {
    std::vector<std::int64_t> path;
    for (; number > 0; number = at(number).parent) path.insert(path.begin(), number);
    return path;
  }
  std::int64_t newest_leaf(std::int64_t number) const {
    for (std::int64_t next = count(); next > number; --next)
      if (at(next).parent == number) return newest_leaf(next);
    return number;
  }
  std::int64_t any(bool is_answer) {
    std::vector<std::int64_t> fitting;
    for (std::int64_t number = 1; number <= count(); ++number)
      if (at(number).is_answer == is_answer) fitting.push_back(number);
    return fitting.empty() ? 0 : fitting[draw(fitting.size())];
  }
  std::size_t draw(std::size_t below) { return random_() % below; }

  std::int64_t head = 0;

 private:
  std::vector<Known> messages_;
  std::mt19937 random_;
};

class ChatLives : public ChatHouseTest {
 protected:
  // What the model that answers after `path` is sent, as texts.
  static std::vector<std::string> sent_for(const Life& life, const std::vector<std::int64_t>& path) {
    std::vector<std::string> texts;
    // An answer that was stopped before its first word says nothing.
    for (const std::int64_t number : path) {
      texts.insert(texts.end(), life.at(number).rounds.begin(), life.at(number).rounds.end());
      if (!life.at(number).text.empty()) texts.push_back(life.at(number).text);
    }
    return texts;
  }
  std::vector<std::string> last_sent() {
    const json::Value body = *json::parse(last_call().body);
    std::vector<std::string> texts;
    for (const json::Value& one : body.at("messages").as_array())
      texts.push_back(one.as_object().contains("tool_calls") ? "calls" : text(one, "content"));
    return texts;
  }

  // The answer that was begun, once it has ended.
  void take_answer(Life& life, const std::string& thread, std::int64_t parent) {
    const std::int64_t number =
        life.add({.parent = parent, .is_answer = true, .text = "Echo: " + life.at(parent).text});
    const json::Value ended = await_end(thread, number);
    EXPECT_EQ(text(ended, "state"), "complete") << json::write(ended);
    EXPECT_EQ(last_sent(), sent_for(life, life.branch(parent)));
  }

  // An answer that was begun and calls a tool: it is allowed, not allowed, set aside or passed over.
  void take_tool_round(Life& life, const std::string& thread, std::int64_t parent) {
    const std::int64_t number = life.add({.parent = parent, .is_answer = true, .text = {}});
    const json::Value waiting = await_state(thread, number, {"waiting", "complete", "failed"});
    ASSERT_EQ(text(waiting, "state"), "waiting") << json::write(waiting);
    EXPECT_EQ(last_sent(), sent_for(life, life.branch(parent)));
    life.at(number).rounds = {"calls", "This call was not run."};
    if (life.draw(3) == 0) {
      open({});
      listen();
      EXPECT_EQ(text(message(thread, number), "state"), "waiting");
    }
    const std::size_t what = life.draw(4);
    if (what == 0) {
      const Answer stopped = call(net::Method::post, path(thread, fmt::format("/messages/{}/stop", number)), "{}");
      ASSERT_EQ(stopped.status, 200) << stopped.body;
      EXPECT_EQ(text(stopped.json(), "state"), "stopped");
    } else if (what == 1) {
      say(life, thread, number, true);
      EXPECT_EQ(text(message(thread, number), "state"), "stopped");
    } else {
      const std::string id = text(waiting.at("parts").as_array().at(0), "id");
      const Answer decided =
          call(net::Method::post, path(thread, fmt::format("/messages/{}/tool-calls/{}", number, id)),
               fmt::format(R"({{"decision": "{}"}})", what == 2 ? "allow" : "deny"));
      ASSERT_EQ(decided.status, 200) << decided.body;
      const json::Value ended = await_end(thread, number);
      ASSERT_EQ(text(ended, "state"), "complete") << json::write(ended);
      const std::string result = text(ended.at("parts").as_array().at(1), "text");
      EXPECT_EQ(result.find("UTC") != std::string::npos, what == 2) << result;
      life.at(number).rounds = {"calls", result};
      EXPECT_EQ(last_sent(), sent_for(life, life.branch(number)));
      life.at(number).text = text_of(ended);
    }
  }
  void call_tool(Life& life, const std::string& thread) {
    const std::string words = R"(call current_time({"zone":"UTC"}))";
    const std::int64_t parent = life.head;
    const Answer sent = send(thread, said(words));
    ASSERT_EQ(sent.status, 201) << sent.body;
    take_tool_round(life, thread, life.add({.parent = parent, .is_answer = false, .text = words}));
  }

  void say(Life& life, const std::string& thread, std::int64_t parent, bool names_parent) {
    const std::string words = fmt::format("words {}", life.count() + 1);
    json::Object more;
    if (names_parent) more["parent"] = parent;
    const Answer sent = send(thread, said(words, {}, std::move(more)));
    ASSERT_EQ(sent.status, 201) << sent.body;
    const std::int64_t number = life.add({.parent = parent, .is_answer = false, .text = words});
    take_answer(life, thread, number);
  }

  // Sent twice under one key, as a page does that did not hear of the first.
  void say_twice(Life& life, const std::string& thread) {
    const std::string words = fmt::format("once {}", life.count() + 1);
    const Headers key{{"idempotency-key", words}};
    const std::int64_t parent = life.head;
    const Answer first = send(thread, said(words), key);
    const Answer second = send(thread, said(words), key);
    ASSERT_EQ(first.status, 201) << first.body;
    ASSERT_EQ(second.status, 201) << second.body;
    EXPECT_EQ(number(first.json().at("messages").as_array()[0], "number"),
              number(second.json().at("messages").as_array()[0], "number"));
    const std::int64_t added = life.add({.parent = parent, .is_answer = false, .text = words});
    take_answer(life, thread, added);
  }

  void stop_midway(Life& life, const std::string& thread) {
    const std::string words = fmt::format("[say {}]", 40 + life.draw(20));
    const std::int64_t parent = life.head;
    const Answer sent = send(thread, said(words, "p/double@token-gap=15"));
    ASSERT_EQ(sent.status, 201) << sent.body;
    life.add({.parent = parent, .is_answer = false, .text = words});
    const std::int64_t answer = life.add({.parent = life.count(), .is_answer = true, .text = {}, .is_whole = false});
    if (life.draw(2) == 0) await_text(thread, answer, "t1");
    // Nothing is said below an answer that is being made.
    if (life.draw(2) == 0) {
      EXPECT_EQ(send(thread, said("too early")).status, 409);
    }
    const Answer stopped = call(net::Method::post, path(thread, fmt::format("/messages/{}/stop", answer)), "{}");
    ASSERT_EQ(stopped.status, 200) << stopped.body;
    EXPECT_EQ(text(stopped.json(), "state"), "stopped");
    std::string whole;
    for (int token = 1; token <= 60; ++token) whole += fmt::format("{}t{}", token == 1 ? "" : " ", token);
    life.at(answer).text = text_of(stopped.json());
    EXPECT_TRUE(whole.starts_with(life.at(answer).text)) << life.at(answer).text;
  }

  void step(Life& life, const std::string& thread) {
    const std::size_t what = life.draw(9);
    const std::int64_t question = life.any(false), answer = life.any(true);
    if (what <= 2 || question == 0) {
      say(life, thread, life.head, false);
    } else if (what == 3) {
      say(life, thread, life.at(question).parent, true);  // an edit
    } else if (what == 4) {
      const std::int64_t beside = life.draw(2) == 0 ? answer : question;
      const std::int64_t asked = life.at(beside).is_answer ? life.at(beside).parent : beside;
      const Answer again = call(net::Method::post, path(thread, fmt::format("/messages/{}/answers", beside)),
                                R"({"model": "p/double"})");
      ASSERT_EQ(again.status, 201) << again.body;
      if (life.at(asked).text.starts_with("call ")) {
        take_tool_round(life, thread, asked);
        return;
      }
      // Words that name a length are said, not repeated.
      if (life.at(asked).text.starts_with("[say")) {
        const std::int64_t number = life.add({.parent = asked, .is_answer = true, .text = {}});
        life.at(number).text = text_of(await_end(thread, number));
      } else {
        take_answer(life, thread, asked);
      }
    } else if (what == 5) {
      const auto target = static_cast<std::int64_t>(1 + life.draw(static_cast<std::size_t>(life.count())));
      const Answer shown_now = call(net::Method::patch, path(thread), fmt::format(R"({{"head": {}}})", target));
      ASSERT_EQ(shown_now.status, 200) << shown_now.body;
      life.head = life.newest_leaf(target);
    } else if (what == 6) {
      stop_midway(life, thread);
    } else if (what == 7) {
      call_tool(life, thread);
    } else {
      say_twice(life, thread);
    }
  }

  void compare(const Life& life, const std::string& thread) {
    const json::Value now = view(thread, "?window=200");
    ASSERT_EQ(number(now.at("thread"), "head"), life.head);
    ASSERT_EQ(number(now.at("thread"), "message_count"), life.count());
    const json::Array& parents = now.at("shape").at("parents").as_array();
    ASSERT_EQ(static_cast<std::int64_t>(parents.size()), life.count());
    for (std::int64_t number = 1; number <= life.count(); ++number)
      ASSERT_EQ(parents[static_cast<std::size_t>(number - 1)].as_int64(), life.at(number).parent);
    const std::vector<std::int64_t> path = life.branch(life.head);
    const json::Array& messages = now.at("messages").as_array();
    ASSERT_EQ(messages.size(), path.size());
    for (std::size_t index = 0; index < path.size(); ++index) {
      ASSERT_EQ(number(messages[index], "number"), path[index]);
      ASSERT_EQ(text_of(messages[index]), life.at(path[index]).text);
    }
  }
};

TEST_F(ChatLives, TheTreeTheHeadAndTheContextAreAlwaysRight) {
  start();
  const char* given = std::getenv("ATELIER_CHAT_SEQUENCES");
  const int lives = given != nullptr ? std::atoi(given) : 25;
  for (int seed = 1; seed <= lives && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("life {}", seed));
    Life life(static_cast<std::uint32_t>(seed));
    const std::string thread = make_thread();
    ASSERT_EQ(call(net::Method::patch, path(thread), R"({"parameters": {"tools": ["current_time"]}})").status, 200);
    for (int steps = 0; steps < 8 && !HasFatalFailure(); ++steps) {
      step(life, thread);
      if (!HasFatalFailure()) compare(life, thread);
    }
    double_.reset();
  }
}

}  // namespace
}  // namespace atelier::app
