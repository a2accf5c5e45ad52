#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/message.hpp"

namespace atelier::net {

struct Match {
  const Handler* handler = nullptr;
  std::string_view pattern;  // for metrics and logs: "/api/assets/{id}"
  std::map<std::string, std::string, std::less<>> parameters;
};

// Path patterns with {name} segments; {name...} as the last takes the rest. A literal segment beats a parameter.
class Router {
 public:
  // Two routes with the same method and pattern are our bug.
  void add(Method method, std::string pattern, Handler handler);
  struct Answer {
    Match match;
    std::vector<Method> allowed;  // when the path is known and the method is not: 405
  };
  Answer find(Method method, std::string_view path) const;
  // Finds and calls; 404 and 405 as problem documents; HEAD is served by GET.
  Task<Result<Response>> handle(Request request) const;

 private:
  struct Entry {
    Method method;
    std::string pattern;
    std::vector<std::string> segments;
    Handler handler;
  };
  std::vector<Entry> entries_;
  // Of patterns without parameters, which nothing can match more closely: places in entries_.
  std::map<std::string, std::vector<std::size_t>, std::less<>> by_path_;
};

}  // namespace atelier::net
