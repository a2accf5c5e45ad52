#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/metrics.hpp"
#include "model/call/http_upstream.hpp"
#include "model/call/media_gateway.hpp"
#include "tests/double/provider_double.hpp"

// The path of pictures, sound and clips as the product wires it, over real sockets, against providers that misbehave.
namespace atelier::gateway {

// A provider that makes media, as its preset has it and served by the double, and something to ask it for.
struct Maker {
  std::string preset;  // "replicate"
  std::string path;    // its base at the double
  std::string model;   // of the provider
  std::string submit;  // where work is given to it, without the double's first segment
  std::string poll;    // where it is asked for; rules strike by the beginning of a path
  model::MediaKind kind = model::MediaKind::image;
};
const std::vector<Maker>& makers();

// What came of one request.
struct Made {
  std::optional<model::MediaMade> made = {};
  std::optional<Error> error = {};
  std::vector<std::string> files = {};  // as they were stored
  std::vector<std::string> partials = {};
  // What was written down: "intends", "withdraws", "submitted", each in its order.
  std::vector<std::string> notes = {};
  std::optional<model::MediaPlace> place = {};  // the last
  std::string describe() const;
};

// Client, upstream, models and the media gateway on one loop. Jobs are asked for as quickly as the schedule allows.
class MediaHouse {
 public:
  MediaHouse(std::vector<model::Provider> providers, std::vector<model::Route> routes = {});
  ~MediaHouse();
  // Files over this many bytes are refused, as those are that are no picture, sound or clip.
  static constexpr std::size_t kFileBytesMax = 8 << 20;

  Made make(std::string model, model::MediaRequest request, std::chrono::milliseconds patience,
            std::optional<model::MediaPlace> left = {});
  // The same, where the provider tells of news and nobody asks but as the gateway does.
  Made make_told(std::string model, model::MediaRequest request, std::chrono::milliseconds patience,
                 std::string webhook_url);
  // As whoever takes webhooks says it.
  void hear(const std::string& provider, const std::string& job) { polls_.hear(provider, job); }
  Result<std::string> cancel(model::MediaPlace place);
  Result<> check(const model::MediaRequest& request, const std::string& model) const;

 private:
  class Book;
  Made carry_out(model::MediaCall call, Book* book, Made* made, std::optional<model::MediaPlace> left);
  net::Loops loops_{1};
  Metrics metrics_;
  std::unique_ptr<net::HttpClient> client_;
  std::unique_ptr<model::Upstream> upstream_;
  model::Models models_;
  model::PollSchedule polls_;
  model::MediaGateway gateway_;
};

// As its preset says, at the double.
model::Provider provider_at(const Maker& maker, const doubles::ProviderDouble& served_by);
model::MediaRequest wish_of(const Maker& maker, std::string words);

}  // namespace atelier::gateway
