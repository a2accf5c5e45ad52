#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "model/provider/adapter.hpp"

namespace atelier::model {

// What the guide says to one request of OpenAI's chat protocol.
struct GuideReply {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::string> pieces = {};  // of the body; none is empty
};

// POST /chat/completions, whole or streamed, and GET /models. What the guide cannot do (several answers, JSON, calls it
// must make) is refused by the field's name; what makes no difference to it (temperature, tools it may use) is not
// looked at. About a millisecond.
GuideReply reply_of_guide(const WireRequest& request, UnixMs now);

}  // namespace atelier::model
