// How long does a search over all of one's messages take, and how large is the index? Messages are of two people's
// lengths (half of them asked, about 30 words; half answered, about 190; log-normal), in threads of 20, over two years.
// Their words are drawn from 500,000 by Zipf's law (s = 1.05), spelled as pronounceable letters. Each kind of query is
// asked as often as said, with words of its own each time, one after another, after the index was built by its
// follower. Usage: bench_search [messages] [queries of each kind] [folder]; a folder that holds a bench already is used
// as it is
#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <random>

#include "base/async.hpp"
#include "store/chat/messages.hpp"
#include "store/chat/threads.hpp"
#include "store/migrations.hpp"
#include "studio/chat/search.hpp"
#include "studio/chat/search/fts_index.hpp"

namespace {

using namespace atelier;
using SteadyClock = std::chrono::steady_clock;

constexpr std::int64_t kThreadLength = 20;
constexpr std::size_t kWordCount = 500'000;
constexpr UnixMs kNow = 1'800'000'000'000, kTwoYearsMs = UnixMs{730} * 24 * 60 * 60 * 1000;

[[noreturn]] void give_up(const Error& error) {
  fmt::print(stderr, "{}\n", error.describe());
  std::exit(1);
}

template <class T>
T wait_for(Task<Result<T>> task) {
  asio::io_context loop(1);
  std::optional<Result<T>> answer;
  asio::co_spawn(loop.get_executor(), std::move(task), [&](const std::exception_ptr& thrown, Result<T> given) {
    if (thrown) std::rethrow_exception(thrown);
    answer.emplace(std::move(given));
  });
  loop.run();
  if (!*answer) give_up(answer->error());
  return std::move(**answer);
}

double seconds_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

// Of all threads of this process: what a query costs whoever else is at the machine.
double processor_ms() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

double at_part(std::vector<double>& values, double part) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

// The vocabulary: by rank, the commonest first. Always the same.
class Vocabulary {
 public:
  Vocabulary() {
    std::mt19937_64 random(1);
    static constexpr std::string_view kOnsets[] = {"b", "c", "d", "f", "g",  "h",  "l",  "m",  "n",  "p", "r",
                                                   "s", "t", "v", "w", "st", "tr", "pl", "ch", "sh", "k", ""};
    static constexpr std::string_view kVowels[] = {"a", "e", "i", "o", "u", "ea", "io", "ou"};
    static constexpr std::string_view kEnds[] = {"", "", "", "n", "r", "s", "t", "l", "ng", "ck"};
    for (std::size_t rank = 0; rank < kWordCount; ++rank) {
      // Common words are short.
      const std::size_t syllables =
          1 + (rank > 60 ? 1 : 0) + (rank > 4'000 ? random() % 2 : 0) + (rank > 50'000 ? 1 : 0);
      std::string word;
      for (std::size_t i = 0; i < syllables; ++i) {
        word += kOnsets[random() % std::size(kOnsets)];
        word += kVowels[random() % std::size(kVowels)];
        word += kEnds[random() % std::size(kEnds)];
      }
      words_.push_back(std::move(word));
      total_ += 1 / std::pow(static_cast<double>(rank + 1), 1.05);
      sums_.push_back(total_);
    }
  }
  const std::string& word(std::size_t rank) const { return words_[rank]; }
  template <class Random>
  const std::string& draw(Random& random) const {
    const double at = std::uniform_real_distribution<double>(0, total_)(random);
    return words_[static_cast<std::size_t>(std::ranges::lower_bound(sums_, at) - sums_.begin())];
  }

 private:
  std::vector<std::string> words_;
  std::vector<double> sums_;
  double total_ = 0;
};

template <class Random>
std::string text_of(const Vocabulary& vocabulary, Random& random, bool is_answer) {
  std::lognormal_distribution<double> length(is_answer ? 5.0 : 2.9, is_answer ? 0.7 : 1.0);
  const auto count = static_cast<std::size_t>(std::clamp(length(random), 1.0, 4'000.0));
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += vocabulary.draw(random);
    text += random() % 12 == 0 ? ". " : " ";
  }
  return text;
}

struct Bench {
  std::unique_ptr<store::Database> studio, telemetry;
  std::string folder;
  Vocabulary vocabulary;
  std::int64_t message_count = 0;

  static store::MessageRow row(ThreadId thread, std::int64_t number, std::string text, UnixMs created_ms) {
    studio::ThreadMessage message;
    message.number = number;
    message.parent = number - 1;
    message.role = number % 2 == 1 ? studio::MessageRole::user : studio::MessageRole::assistant;
    message.parts.push_back(studio::part::Text{std::move(text)});
    message.created_ms = created_ms;
    return to_row(message, thread, store::local_user());
  }

  void write_messages() {
    std::mt19937_64 random(2);
    std::int64_t bytes = 0;
    const auto begin = SteadyClock::now();
    std::vector<store::Statement> batch;
    for (std::int64_t first = 0; first < message_count; first += kThreadLength) {
      store::ThreadRow thread;
      thread.id = ThreadId::make();
      thread.owner = store::local_user();
      thread.title = "A thread of the bench";
      thread.message_count = thread.head = kThreadLength;
      thread.created_ms = thread.used_ms = kNow - kTwoYearsMs + kTwoYearsMs / message_count * first;
      batch.push_back(store::Threads::insert(thread));
      for (std::int64_t number = 1; number <= kThreadLength; ++number) {
        std::string text = text_of(vocabulary, random, number % 2 == 0);
        bytes += static_cast<std::int64_t>(text.size());
        std::ranges::move(store::Messages::insert(row(thread.id, number, std::move(text), thread.created_ms + number)),
                          std::back_inserter(batch));
      }
      if (batch.size() > 4'000) (void)wait_for(studio->write(std::exchange(batch, {})));
    }
    (void)wait_for(studio->write(std::move(batch)));
    fmt::print("{} messages of {:.0f} MiB of text written in {:.0f} s\n", message_count,
               static_cast<double>(bytes) / (1 << 20), seconds_since(begin));
  }

  std::int64_t count(store::Statement question) { return wait_for(telemetry->read(std::move(question))).integer(0, 0); }

  void build(studio::FtsIndex& index) {
    const auto begin = SteadyClock::now();
    double longest = 0;
    for (bool more = true; more;) {
      const auto step = SteadyClock::now();
      more = wait_for(index.step());
      longest = std::max(longest, seconds_since(step));
    }
    const double took = seconds_since(begin);
    fmt::print("indexed in {:.0f} s, {:.0f} messages/s, the longest batch {:.0f} ms\n", took,
               static_cast<double>(message_count) / took, longest * 1000);
  }

  void report_size() {
    fmt::print("telemetry.db {:.0f} MiB; entries {}, words known {}\n",
               static_cast<double>(std::filesystem::file_size(folder + "/telemetry.db")) / (1 << 20),
               count({"SELECT count(*) FROM search_messages"}), count({"SELECT count(*) FROM search_words"}));
  }
};

void measure(std::string_view what, studio::ThreadSearch& search, int count,
             const std::function<std::string(std::mt19937_64& random)>& ask) {
  std::mt19937_64 random(3);
  std::vector<double> took_ms, cost_ms;
  std::size_t found = 0, empty = 0;
  for (int i = 0; i < count; ++i) {
    std::string text = ask(random);
    const double spent_ms = processor_ms();
    const auto begin = SteadyClock::now();
    const auto answer = wait_for(search.search(Principal{.owner = store::local_user()}, std::move(text), 20));
    took_ms.push_back(seconds_since(begin) * 1000);
    cost_ms.push_back(processor_ms() - spent_ms);
    found += answer.items.size();
    empty += answer.items.empty() ? 1 : 0;
  }
  fmt::print(
      "{:<34} p50 {:>6.1f} ms  p99 {:>6.1f} ms  max {:>6.1f} ms  processor p50 {:>6.1f} ms  p99 {:>6.1f} ms  {:>4.1f} "
      "hits each, "
      "{} of {} without any\n",
      what, at_part(took_ms, 0.5), at_part(took_ms, 0.99), at_part(took_ms, 1), at_part(cost_ms, 0.5),
      at_part(cost_ms, 0.99), static_cast<double>(found) / count, empty, count);
  std::fflush(stdout);
}

// One letter missing, or two swapped, behind the first two.
std::string mistype(std::string word, std::mt19937_64& random) {
  const std::size_t at = 2 + random() % (word.size() - 3);
  if (random() % 2 == 0)
    word.erase(at, 1);
  else
    std::swap(word[at], word[at + 1]);
  return word;
}

}  // namespace

int main(int argc, char** argv) {
  Bench bench;
  bench.message_count = argc > 1 ? std::atoll(argv[1]) : 1'000'000;
  const int queries = argc > 2 ? std::atoi(argv[2]) : 200;
  const bool is_kept = argc > 3;
  bench.folder =
      is_kept ? argv[3] : (std::filesystem::temp_directory_path() / fmt::format("atelier-bench-{}", getpid())).string();
  const bool is_there = std::filesystem::exists(bench.folder + "/studio.db");
  std::filesystem::create_directories(bench.folder);
  // As the server opens them.
  auto studio = store::open_sqlite(
      {.path = bench.folder + "/studio.db", .is_rebuildable = true, .writer_cache_kib = 1'024, .reader_cache_kib = 512},
      store::studio_migrations());
  auto telemetry = store::open_sqlite({.path = bench.folder + "/telemetry.db",
                                       .is_rebuildable = true,
                                       .reader_count = 2,
                                       .writer_cache_kib = 512,
                                       .reader_cache_kib = 512},
                                      store::telemetry_migrations());
  if (!studio) give_up(studio.error());
  if (!telemetry) give_up(telemetry.error());
  bench.studio = std::move(*studio);
  bench.telemetry = std::move(*telemetry);
  Metrics metrics;
  const ManualClock clock(kNow);
  store::WorkPool pool({.name = "search", .thread_count = 2});
  studio::FtsIndex index(
      {.studio = *bench.studio, .telemetry = *bench.telemetry, .pool = pool, .clock = clock, .metrics = metrics},
      studio::FtsIndex::Options());
  studio::ThreadSearch search(*bench.studio, pool, index);
  if (!is_there) bench.write_messages();
  bench.build(index);
  bench.report_size();

  const Vocabulary& words = bench.vocabulary;
  const auto common = [&](std::mt19937_64& random) { return words.word(random() % 60); };
  const auto medium = [&](std::mt19937_64& random) { return words.word(500 + random() % 5'000); };
  const auto rare = [&](std::mt19937_64& random) { return words.word(50'000 + random() % 100'000); };
  const auto drawn_row = [&](std::mt19937_64& random, std::size_t count) {
    // Words that do stand one after another somewhere: those of a message.
    const auto number = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(bench.message_count)) + 1;
    store::Statement question{"SELECT parts FROM message_texts WHERE rowid = $1", {number}};
    const std::string parts = wait_for(bench.studio->read(std::move(question))).text(0, 0);
    std::string text(json::parse(parts)->as_array()[0].at("text").as_string());
    std::size_t end = 0;
    for (std::size_t i = 0; i < count && end != std::string::npos; ++i) end = text.find(' ', end + 1);
    return text.substr(0, end);
  };
  measure("a common word", search, queries, [&](auto& random) { return common(random) + ' '; });
  measure("two common words", search, queries,
          [&](auto& random) { return common(random) + ' ' + common(random) + ' '; });
  measure("a word in some thousand", search, queries, [&](auto& random) { return medium(random) + ' '; });
  measure("two such", search, queries, [&](auto& random) { return medium(random) + ' ' + medium(random) + ' '; });
  measure("a common and a rare word", search, queries,
          [&](auto& random) { return common(random) + ' ' + rare(random) + ' '; });
  measure("a rare word", search, queries, [&](auto& random) { return rare(random) + ' '; });
  measure("a beginning of 1 letter", search, queries, [&](auto& random) { return medium(random).substr(0, 1); });
  measure("a beginning of 3 letters", search, queries, [&](auto& random) { return medium(random).substr(0, 3); });
  measure("a word and a beginning of 4", search, queries,
          [&](auto& random) { return medium(random) + ' ' + rare(random).substr(0, 4); });
  measure("a mistyped word", search, queries, [&](auto& random) { return mistype(rare(random) + "x", random) + ' '; });
  measure("a word and a mistyped one", search, queries,
          [&](auto& random) { return common(random) + ' ' + mistype(rare(random), random) + ' '; });
  measure("a phrase of 2 words that is there", search, queries,
          [&](auto& random) { return '"' + drawn_row(random, 2) + '"'; });
  measure("a phrase of 4 words that is there", search, queries,
          [&](auto& random) { return '"' + drawn_row(random, 4) + '"'; });
  measure("a phrase of 3 common words", search, queries,
          [&](auto& random) { return '"' + common(random) + ' ' + common(random) + ' ' + common(random) + '"'; });
  measure("a word that is nowhere", search, queries, [&](auto& random) { return rare(random) + "qxzq "; });

  bench.studio->close();
  bench.telemetry->close();
  if (!is_kept) std::filesystem::remove_all(bench.folder);
}
