#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/audit/finding.hpp"
#include "base/setting.hpp"
#include "net/message.hpp"

// What is looked at without load, as plain functions of what was seen.
namespace atelier::app::audit {

// What a studio answered to a few questions a browser or a stranger might ask.
struct Manners {
  std::string url;
  net::Headers page = {}, api = {};  // of "/" and of an answer of the API
  int foreign_host_status = 0;       // asked under another name
  int foreign_origin_status = 0;     // a write that another site's page sends
  int stranger_status = 0;           // a read without a key
  bool is_loopback = true, is_https = false;
};
std::vector<Finding> judge_manners(const Manners& seen);

// A key or provider of the studio, as far as its safety goes.
struct KeyFacts {
  std::string name;
  bool is_admin = false, has_limit = false, has_expiry = false;
};
struct SetupFacts {
  const Settings* settings = nullptr;  // null: not known
  std::vector<KeyFacts> keys = {};     // those in force
  std::vector<std::string> sandbox_missing = {};
  std::uint64_t disk_free_bytes = 0, disk_bytes = 0;  // of the data folder; 0: not known
  // Days since the newest backup that is beside the data folder or in it was made; nullopt: none is known.
  std::optional<std::int64_t> backup_age_days = {};
  bool is_own = false;  // started for the audit: what goes with it needs no backup
};
std::vector<Finding> judge_setup(const SetupFacts& facts);

}  // namespace atelier::app::audit
