#pragma once

#include <string>

#include "studio/chat/asides.hpp"
#include "studio/chat/threads.hpp"

namespace atelier::studio {

// Names threads by what was said in them, once their first answer is there. A thread goes by its first words until
// then, and for good where no model is to be asked, none answers, or somebody named it.
class Titles {
 public:
  struct Parts {
    Asides& asides;
    Threads& threads;
    std::string model;  // the setting: a model or route; "auto": the route "titles", if there is one; "": none
  };
  explicit Titles(Parts parts) : parts_(std::move(parts)) {}

  // An answer has ended. Returns at once.
  void answered(Principal principal, ThreadId thread, std::int64_t number);

 private:
  std::string model() const;
  Task<Result<>> name(Principal principal, ThreadId thread, std::int64_t number);

  const Parts parts_;
};

}  // namespace atelier::studio
