#pragma once

#include "base/json.hpp"
#include "net/message.hpp"
#include "studio/account/access_key.hpp"

namespace atelier::api {

// The shape "Key".
json::Object key_json(const studio::AccessKey& key);
// A key that was just made: the one time its secret is told.
net::Response created_key_response(const studio::CreatedKey& created);
// The shape "KeySettings", as far as the reader has it; what is left out has no limit.
studio::KeySettings read_key_settings(json::ObjectReader& reader);

}  // namespace atelier::api
