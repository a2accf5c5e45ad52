#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

#include "tests/double/service.hpp"
#include "tests/double/waits.hpp"

namespace atelier::doubles {

using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

// What connections share with the loop they are on.
class Hub {
 public:
  virtual ~Hub() = default;
  virtual Service& service() noexcept = 0;
  virtual Journal& journal() noexcept = 0;
  virtual Waits& waits() noexcept = 0;
  virtual void forget(Connection& connection) = 0;
};

// One client's connection: reads requests and plays the script that each one gets. It is always being read, whatever it
// plays, so that the moment the client leaves is known. Lives until it is closed and no wait or read holds it.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Hub& hub, Socket socket, std::uint64_t number);
  ~Connection();

  void start();
  // Keeps the connection open and never reads it.
  void stay_silent();
  void resume(std::uint64_t ticket);  // from Waits
  void release();                     // goes on where its script holds it
  void close();
  void reset();  // closes with RST

 private:
  enum class Played : std::uint8_t { waits, ended };

  void watch();
  void take_bytes();
  void pump();
  bool take_request();  // false: it is not whole yet
  std::size_t missing_body();
  void refuse(const std::string& why);
  Played play();
  Played send(const Step& step);
  void wait_until(Clock::time_point due);
  void wait_writable();
  void end_answer(bool is_success);
  void client_left();
  void look_half_open();

  Hub& hub_;
  Socket socket_;
  std::uint64_t number_;
  std::string in_;
  RequestHead head_;
  bool has_head_ = false, has_continued_ = false, is_reading_ = false, is_half_open_ = false, is_open_ = true,
       is_pumping_ = false;
  ChunkedBody chunks_;
  std::string chunked_body_;
  std::size_t chunk_bytes_ = 0;  // taken after the head

  std::shared_ptr<const Script> script_;  // shared by the answers of load mode
  std::uint64_t request_ = 0;
  bool is_counted_ = false;
  std::size_t step_ = 0, sent_ = 0;  // of the step
  std::uint64_t sent_bytes_ = 0, tokens_ = 0, ticket_ = 0;
  bool is_held_ = false;
  Clock::time_point begun_;
  std::string stamped_;
};

}  // namespace atelier::doubles
