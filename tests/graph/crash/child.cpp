// Runs some graphs in a folder until they have ended, and writes down what it does, so that its killer can check that
// nothing was lost and nothing done twice:  graph_crash_child FOLDER RUNS CANCEL INTERRUPTIONS_MAX
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "tests/graph/house.hpp"

namespace atelier::graph {
namespace {

class Diary {
 public:
  explicit Diary(const std::string& path)
      : fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {}
  ~Diary() { ::close(fd_); }
  // One write, so that kill -9 leaves whole lines.
  void note(std::string line) const {
    line += '\n';
    if (::write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
  }

 private:
  int fd_;
};

// first -> left, right -> last -> file; every run's texts are its own, so that none takes another's results.
Graph graph_of(int number) {
  const std::string text = fmt::format(R"({{"text":"{}."}})", number);
  const std::string file = fmt::format(R"({{"text":"{}.","blob":true}})", number);
  return {{fake("first", text), fake("left", text, "fake.media"), fake("right", text, "fake.network"),
           fake("last", text), fake("file", file)},
          {edge("first", "left"), edge("first", "right"), edge("left", "last"), edge("right", "last"),
           edge("last", "file")},
          {}};
}

Task<> submit_and_wait(House* house, const Diary* diary, int number, bool is_cancelled, int* left) {
  RunRequest request = house->request(graph_of(number));
  request.idempotency_key = fmt::format("run {}", number);
  auto id = co_await house->engine().submit(std::move(request));
  if (!id) {
    diary->note(fmt::format("refused {} {}", number, id.error().message));
    --*left;
    co_return;
  }
  diary->note(fmt::format("stored {} {}", number, id->to_string()));
  if (is_cancelled) {
    const auto done = co_await house->engine().cancel(house->me(), *id);
    if (done) diary->note(fmt::format("cancelled {}", number));
  }
  const auto run = co_await house->engine().wait(house->me(), *id);
  if (run) {
    std::string outputs;
    for (const StepView& step : run->steps)
      outputs += sha256(json::write(to_json(step.outputs))).hex().substr(0, 8) + ",";
    diary->note(fmt::format("ended {} {} {} {}", number, to_string(run->state),
                            run->error ? run->error->stable_code() : "-", outputs));
  }
  --*left;
}

int child_main(const std::string& folder, int runs, bool is_cancelled, std::uint32_t interruptions_max) {
  const Diary diary(folder + "/diary");
  House house(folder, {.media_at_most = 2, .network_at_most = 3, .interruptions_max = interruptions_max},
              &system_clock(), [&diary](House& early) {
                const auto rows = early.run(
                    early.database().read(store::Statement("SELECT run, node FROM steps WHERE state = 'succeeded'")));
                for (std::size_t row = 0; row < rows->size(); ++row)
                  diary.note(fmt::format("had {}/{}", rows->text(row, 0), rows->integer(row, 1)));
                early.nodes().on_run = [&diary](const StepRun& step) {
                  static const std::vector<std::string> names = {"first", "left", "right", "last", "file"};
                  const auto index = std::find(names.begin(), names.end(), step.node) - names.begin();
                  diary.note(fmt::format("began {}/{}", step.run.to_string(), index));
                };
              });
  int left = runs;
  for (int i = 0; i < runs; ++i) house.spawn(submit_and_wait(&house, &diary, i, is_cancelled && i % 2 == 0, &left));
  house.until([&] { return left == 0; });
  house.stop();
  diary.note("stopped");
  return 0;
}

}  // namespace
}  // namespace atelier::graph

int main(int count, char** arguments) {
  if (count != 5) return 2;
  return atelier::graph::child_main(arguments[1], std::stoi(arguments[2]), std::stoi(arguments[3]) != 0,
                                    static_cast<std::uint32_t>(std::stoi(arguments[4])));
}
