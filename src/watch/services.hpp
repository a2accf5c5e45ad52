#pragma once

namespace atelier::watch {

class Caches;
class History;
class Overview;
class Pulse;

class Objectives;
// What the studio knows of itself, for the endpoints that tell it. References to what outlives every request.
struct Services {
  History& history;
  Overview& overview;
  Caches& caches;
  Pulse& pulse;
};

}  // namespace atelier::watch
  Objectives& objectives;
