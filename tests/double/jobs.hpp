#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "tests/double/journal.hpp"
#include "tests/double/message.hpp"
#include "tests/double/persona.hpp"

// Work that providers of media are given, and which they are asked for until it is done. It goes on by the clock, which
// nothing else of the double does: waiting for a third of its time, then at work, then over.
namespace atelier::doubles {

// What the directives in its words say of a job; README.md lists them.
struct JobWish {
  std::chrono::milliseconds takes{200};
  bool is_stuck = false;               // at work for ever
  bool is_refused = false;             // for what it asks for
  std::optional<std::string> failure;  // why it fails
  enum class Result : std::uint8_t {
    good,
    empty,    // it succeeds, and names no file
    expired,  // its link leads to nothing any more
    html,     // a page, called a picture
    endless,  // a file that never ends
    cut,      // half a file, then the line breaks
  };
  Result result = Result::good;
  std::string given;  // the name of the file it is; empty: one of its own
  enum class Webhooks : std::uint8_t { once, none, twice, late, disordered, forged };
  Webhooks webhooks = Webhooks::once;
};
// `text` is whatever may hold directives.
JobWish job_wish_of(std::string_view text);
// The texts of a request that may: its words, and none of the files within it.
std::string words_in(const json::Object& body);

enum class JobKind : std::uint8_t { image, clip, sound, words };
// By what a model is called.
JobKind job_kind_of(std::string_view model);

struct Job {
  std::string id = {};
  Persona persona = Persona::replicate;
  std::string model = {};
  std::string words = {};  // that may have held directives
  JobKind kind = JobKind::image;
  JobWish wish = {};
  std::shared_ptr<const std::string> given = {};  // its result, shared with other jobs of the same
  int count = 1, width = 1024, height = 1024;
  std::string format = {};  // "png", "jpeg", "webp"; of a picture
  std::string base = {};    // of its provider, as it was asked: "http://127.0.0.1:1/replicate"
  std::string webhook_url = {};
  Clock::time_point begun = {};
  bool is_cancelled = false;
  bool was_working = false;                       // when it was cancelled; of who tells
  json::Object asked = {};                        // as it was asked for; of who tells that
  std::uint64_t poll_count = 0, fetch_count = 0;  // how often it was asked for, and its results
  std::uint64_t webhook_count = 0;                // that arrived
};

enum class JobState : std::uint8_t { waiting, working, done, failed, refused, cancelled };
JobState state_of(const Job& job, Clock::time_point now);
double fraction_of(const Job& job, Clock::time_point now);  // of its time, 0 to 1
bool is_over(JobState state) noexcept;

// Where a result is fetched, under the provider's own address: "http://127.0.0.1:1/replicate/results/r-1/0.png".
std::vector<std::string> result_urls(const Job& job);
// A result's bytes, or how it misbehaves. `index` is below `count`.
Answer result_answer(const Job& job, int index);

// What is told of a job unasked.
struct Letter {
  std::string job = {};
  std::string url = {};
  std::string body = {};
  std::chrono::milliseconds delay{0};  // from now
  std::function<Fields(std::int64_t unix_s)> sign = {};
};

// Every job that was given to the double. On its loop.
class Jobs {
 public:
  static constexpr std::size_t kMax = 10'000;

  // Gives it an id.
  Job& add(Job job);
  Job* find(Persona persona, std::string_view id);
  const std::deque<Job>& all() const noexcept { return jobs_; }
  void forget() { jobs_.clear(), given_.clear(); }
  // A file that jobs may have for a result, by its name.
  void give(std::string name, std::string bytes);
  std::shared_ptr<const std::string> given(const std::string& name) const;

  // Tells the job's webhook when it is over, as its directives say. `body` and `sign` are the provider's own; `early`
  // is what it would have told before.
  struct News {
    std::string body, early;
    std::function<Fields(std::int64_t unix_s, bool is_forged)> sign;
  };
  void announce(const Job& job, const News& news) const;
  std::function<void(Letter)> post;  // set by whoever can

 private:
  std::deque<Job> jobs_;  // oldest first; stays where it is while others come
  std::map<std::string, std::shared_ptr<const std::string>> given_;
  std::uint64_t next_ = 1;
};

struct Call;
// The job that a request asks for, begun.
Job job_of(const Call& call, std::string_view model);

}  // namespace atelier::doubles
