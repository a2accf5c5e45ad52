#pragma once

#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/id.hpp"
#include "graph/node.hpp"
#include "graph/value.hpp"

namespace atelier::graph {

// What a step gave. Immutable, and shared by its step, the steps that read it and the front.
struct StepResult {
  Outputs outputs;
  std::string json;            // of the outputs, as stored
  std::vector<Digest> blobs;   // every blob it needs to exist
  std::size_t size_bytes = 0;  // in memory, about

  // Of the port's value, as downstream keys see it; of nothing for a port that was left out.
  Digest digest_of_port(std::string_view port) const;

 private:
  friend std::shared_ptr<const StepResult> make_result(Outputs, std::string);
  std::vector<std::pair<std::string, Digest>> digests_;
};
using ResultPtr = std::shared_ptr<const StepResult>;

// A result, and what keeps its blobs from eviction: as long as the run it is for.
struct HeldResult {
  ResultPtr result;
  std::shared_ptr<const std::vector<store::BlobPin>>
      pins;  // shared by the drafts and steps that have the result; null for no blobs
};

ResultPtr make_result(Outputs outputs, std::string json);
ResultPtr make_result(Outputs outputs);
Result<ResultPtr> parse_result(std::string json);

// Whether a step of this type may give this: every required port, no unknown one, each of its type, none too large.
Result<> check_outputs(const NodeType& type, const Outputs& outputs);

// SHA-256 over everything that decides a step's bytes, of one owner.
struct KeyInput {
  std::string_view port;
  std::vector<Digest> digests;  // in edge order
};
Digest result_key(UserId owner, const NodeType& type, std::string_view version_suffix, const json::Value& parameters,
                  std::span<const KeyInput> inputs);

// The results used last, in memory; the truth is the table. Bounded in bytes. Of one loop.
class ResultFront {
 public:
  explicit ResultFront(std::size_t size_bytes_max) : size_bytes_max_(size_bytes_max) {}
  ResultPtr find(const Digest& key);
  bool contains(const Digest& key) const noexcept { return entries_.contains(key); }
  void put(const Digest& key, ResultPtr result);
  void remove(const Digest& key);
  std::size_t size_bytes() const noexcept { return size_bytes_; }

 private:
  struct Entry {
    Digest key;
    ResultPtr result;
  };
  using Order = std::list<Entry>;  // used last first
  void erase(Order::iterator entry);
  std::size_t size_bytes_max_;
  std::size_t size_bytes_ = 0;
  Order order_;
  std::unordered_map<Digest, Order::iterator> entries_;
};

}  // namespace atelier::graph
