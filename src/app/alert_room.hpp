#pragma once

#include <memory>
#include <string>

#include "app/model_room.hpp"
#include "base/task_group.hpp"
#include "store/blob_store.hpp"
#include "store/events.hpp"
#include "studio/account/people.hpp"
#include "watch/alert/alerts.hpp"
#include "watch/alert/mailer.hpp"
#include "watch/alert/teller.hpp"
#include "watch/objective/objectives.hpp"
#include "watch/trace/traces.hpp"

namespace atelier::app {

// As the settings say; null where no mail is to be sent. Errors name the setting.
Result<std::unique_ptr<watch::AlertMailer>> make_alert_mailer(const Settings& settings);

// The part of the house that says what is wrong.
class AlertRoom {
 public:
  struct Parts {
    const Settings& settings;
    store::Database& database;
    store::EventLog& events;
    studio::People& people;
    ModelRoom& models;
    Metrics& metrics;
    watch::History& history;
    watch::Objectives& objectives;
    watch::Traces& traces;
    std::string data_folder;
    watch::AlertMailer* mailer = nullptr;  // null: none
  };
  explicit AlertRoom(const Parts& parts);

  watch::Alerts& alerts() noexcept { return alerts_; }
  // What goes on in the background, until the group is cancelled. On its executor.
  void spawn_upkeep(TaskGroup& group);

 private:
  watch::AlertTeller teller_;
  watch::Alerts alerts_;
};

}  // namespace atelier::app
