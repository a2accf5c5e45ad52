#pragma once

namespace atelier::watch {

class History;

// What the studio knows of itself, for the endpoints that tell it. References to what outlives every request.
struct Services {
  History& history;
};

}  // namespace atelier::watch
