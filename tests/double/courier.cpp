#include "tests/double/courier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <ctime>

namespace atelier::doubles {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

struct Address {
  std::string host, target;
  std::uint16_t port = 80;
};

// Of "http://127.0.0.1:80/path": tests listen on numbers.
std::optional<Address> address_of(std::string_view url) {
  constexpr std::string_view kHttp = "http://";
  if (!url.starts_with(kHttp)) return std::nullopt;
  url.remove_prefix(kHttp.size());
  const std::size_t slash = std::min(url.find('/'), url.size());
  Address address{.host = {}, .target = slash < url.size() ? std::string(url.substr(slash)) : "/"};
  const std::string_view authority = url.substr(0, slash);
  const std::size_t colon = authority.rfind(':');
  address.host = authority.substr(0, colon);
  if (address.host == "localhost") address.host = "127.0.0.1";
  if (colon != std::string_view::npos)
    std::from_chars(authority.data() + colon + 1, authority.data() + authority.size(), address.port);
  return address;
}

}  // namespace

// One letter on its way.
class Courier::Ride : public std::enable_shared_from_this<Ride> {
 public:
  Ride(Courier& courier, Letter letter, Address address)
      : courier_(courier),
        letter_(std::move(letter)),
        address_(std::move(address)),
        timer_(courier.executor_),
        socket_(courier.executor_) {}

  void begin() {
    timer_.expires_after(letter_.delay);
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (error) return;
      if (self->is_wanted())
        self->connect();
      else
        self->end();
    });
  }
  void stop() {
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  // Of what was cancelled nothing is told.
  bool is_wanted() const {
    const auto& all = courier_.jobs_.all();
    return std::any_of(all.begin(), all.end(),
                       [&](const Job& job) { return job.id == letter_.job && !job.is_cancelled; });
  }

  void connect() {
    error_code wrong;
    const auto host = asio::ip::make_address(address_.host, wrong);
    if (wrong) return end();
    socket_.async_connect(tcp::endpoint(host, address_.port), [self = shared_from_this()](const error_code& error) {
      if (error) return self->end();
      self->write();
    });
  }

  void write() {
    const std::int64_t now = std::time(nullptr);
    out_ = fmt::format(
        "POST {} HTTP/1.1\r\nhost: {}:{}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n"
        "connection: close\r\n",
        address_.target, address_.host, address_.port, letter_.body.size());
    for (const auto& [name, value] : letter_.sign(now)) out_ += fmt::format("{}: {}\r\n", name, value);
    out_ += "\r\n" + letter_.body;
    asio::async_write(socket_, asio::buffer(out_), [self = shared_from_this()](const error_code& error, std::size_t) {
      if (error) return self->end();
      self->read();
    });
  }

  // "HTTP/1.1 204".
  void read() {
    asio::async_read(socket_, asio::buffer(status_), [self = shared_from_this()](const error_code& error, std::size_t) {
      if (!error && self->status_[9] == '2') self->arrived();
      self->end();
    });
  }

  void arrived() {
    for (const Persona persona : {Persona::replicate, Persona::fal, Persona::bfl, Persona::gemini})
      if (Job* job = courier_.jobs_.find(persona, letter_.job)) ++job->webhook_count;
  }

  void end() {
    stop();
    courier_.rides_.erase(shared_from_this());
  }

  Courier& courier_;
  const Letter letter_;
  const Address address_;
  Timer timer_;
  asio::basic_stream_socket<tcp, Executor> socket_;
  std::string out_;
  std::array<char, 12> status_{};
};

Courier::Courier(Executor executor, Jobs& jobs) : executor_(std::move(executor)), jobs_(jobs) {}
Courier::~Courier() = default;

void Courier::send(Letter letter) {
  auto address = address_of(letter.url);
  if (!address) return;
  auto ride = std::make_shared<Ride>(*this, std::move(letter), std::move(*address));
  rides_.insert(ride);
  ride->begin();
}

void Courier::stop() {
  for (const auto& ride : rides_) ride->stop();
  rides_.clear();
}

}  // namespace atelier::doubles
