#pragma once

#include "model/call/call_account.hpp"
#include "model/record/call_record.hpp"

namespace atelier::model {

// What the log keeps of a call.
CallRecord record_of(const CallReport& report);

}  // namespace atelier::model
