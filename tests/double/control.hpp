#pragma once

#include <functional>

#include "tests/double/journal.hpp"
#include "tests/double/message.hpp"
#include "tests/double/provider_double.hpp"
#include "tests/double/rules.hpp"

namespace atelier::doubles {

// The same over HTTP as ProviderDouble has in-process: everything below "/control".
class Control {
 public:
  struct Hooks {
    std::function<void(Connects)> set_connects;
    std::function<void()> reset;
    std::function<Jobs&()> jobs;
    std::function<void()> release;
  };
  Control(Journal& journal, Rules& rules, Hooks hooks) : journal_(journal), rules_(rules), hooks_(std::move(hooks)) {}
  static bool is_meant(std::string_view path) noexcept;
  Answer answer(const Request& request);

 private:
  Answer change(const Request& request);
  Answer state() const;

  Journal& journal_;
  Rules& rules_;
  Hooks hooks_;
};

}  // namespace atelier::doubles
