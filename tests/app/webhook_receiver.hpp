#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

#include "base/async.hpp"
#include "net/server.hpp"

// Somebody who wants to be told: keeps what came, and answers as a test wants it.
namespace atelier {

class WebhookReceiver {
 public:
  struct Seen {
    std::string path, body;
    net::Headers headers;
    std::chrono::steady_clock::time_point at;
    std::string header(std::string_view name) const { return std::string(headers.find(name).value_or("")); }
  };
  // Given how many came before.
  using Answer = std::function<net::Response(std::size_t index)>;

  WebhookReceiver() {
    auto server = net::Server::listen(
        loops_, {.port = 0}, [this](net::Request request) { return take(this, std::move(request)); }, metrics_);
    EXPECT_TRUE(server);
    server_ = std::move(*server);
  }
  ~WebhookReceiver() {
    server_->stop();
    server_.reset();
    loops_.stop();
  }

  std::string authority() const { return "127.0.0.1:" + std::to_string(server_->port()); }
  std::string url(std::string path = "/hook") const { return "http://" + authority() + path; }
  void answer_with(Answer answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  void answer_status(int status) {
    answer_with([status](std::size_t) { return net::text_response("said", "text/plain", status); });
  }
  // Answers nobody while it holds.
  std::atomic<bool> holds = false;
  std::atomic<int> at_once = 0, at_once_max = 0;

  std::vector<Seen> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  // Once there are so many.
  std::vector<Seen> wait_for(std::size_t count) const {
    for (int i = 0; i < 3'000; ++i) {
      auto all = seen();
      if (all.size() >= count) return all;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ADD_FAILURE() << "there never were " << count << " webhooks, but " << seen().size();
    auto all = seen();
    all.resize(count);
    return all;
  }

 private:
  static Task<Result<net::Response>> take(WebhookReceiver* self, net::Request request) {
    auto body = co_await request.read_body(1 << 20);
    if (!body) co_return error_of(body);
    const int now = ++self->at_once;
    int most = self->at_once_max;
    while (now > most && !self->at_once_max.compare_exchange_weak(most, now)) {
    }
    std::size_t index = 0;
    Answer answer;
    {
      const std::lock_guard lock(self->mutex_);
      index = self->seen_.size();
      self->seen_.push_back({request.path, std::move(*body), request.headers, std::chrono::steady_clock::now()});
      answer = self->answer_;
    }
    while (self->holds) {
      auto slept = co_await sleep_for(std::chrono::milliseconds(5));
      if (!slept) break;
    }
    --self->at_once;
    co_return answer(index);
  }

  net::Loops loops_{1};
  Metrics metrics_;
  mutable std::mutex mutex_;
  std::vector<Seen> seen_;
  Answer answer_ = [](std::size_t) { return net::empty_response(); };
  std::unique_ptr<net::Server> server_;
};

}  // namespace atelier
