#pragma once

namespace atelier::watch {

class Alerts;
class Caches;
class ErrorInbox;
class ErrorWitness;
class History;
class Objectives;
class Overview;
class PageFigures;
class Pulse;
class ReportGate;
class Traces;

// What the studio knows of itself, for the endpoints that tell it. References to what outlives every request.
struct Services {
  History& history;
  Objectives& objectives;
  Overview& overview;
  Caches& caches;
  Pulse& pulse;
  Traces& traces;
  ErrorInbox& errors;
  ErrorWitness& witness;
  PageFigures& page_figures;
  ReportGate& report_gate;
  Alerts& alerts;
};

}  // namespace atelier::watch
