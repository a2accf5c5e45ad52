#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "tests/double/call.hpp"
#include "tests/double/control.hpp"
#include "tests/double/endpoints.hpp"
#include "tests/double/http1.hpp"
#include "tests/double/journal.hpp"
#include "tests/double/provider_double.hpp"
#include "tests/double/rules.hpp"
#include "tests/double/script.hpp"

namespace atelier::doubles {

// Decides what each request gets. Used on the double's loop alone.
class Service {
 public:
  Service(const DoubleOptions& options, Journal& journal, Rules& rules, Control& control);

  struct Decision {
    std::shared_ptr<const Script> script;  // shared by all that get the same answer in load mode
    std::uint64_t number = 0;              // of the request; 0: it is only counted
    bool is_counted = true;                // not those to the control
  };
  Jobs& jobs() noexcept { return state_.jobs; }
  Decision decide(const RequestHead& head, std::string_view body, std::uint64_t connection);

 private:
  Decision answer(Request request, std::uint64_t connection, const RequestHead& head, bool is_load);
  // The model that a request names, with its faults; the body is parsed into `body` where it is JSON, and into `form`,
  // whose fields are in `body` too, where it is one. `form` looks into the request.
  struct Content {
    json::Object body;
    std::optional<Form> form;
    std::optional<Problem> problem;
    std::string model;
  };
  Content parse(const Place& place, const Request& request) const;
  static std::string body_seen(const Request& request, const Content& content);
  Answer make_answer(const Place& place, const Request& request, Content parsed, const Faults& faults);
  bool may_load(std::string_view target, std::string_view body) const;

  const DoubleOptions& options_;
  Journal& journal_;
  Rules& rules_;
  Control& control_;
  State state_;
  std::unordered_map<std::string, std::shared_ptr<const Script>> loads_;
  std::string load_key_;
};

}  // namespace atelier::doubles
