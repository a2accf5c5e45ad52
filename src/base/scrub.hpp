#pragma once

#include <string>
#include <string_view>

namespace atelier {

// Text from outside (what a provider says of an error, a page's stack) as it may be logged, kept and told to others:
// without what looks like a secret, which is: keys by the prefixes their makers give them, our own, JWTs, what follows
// "Bearer" or "Basic", values of names such as api_key, clientSecret, password or cookie, passwords in URLs, private
// keys, the content of data URLs, and long runs of mixed letters and digits. In its place stands "[secret]", which a
// second time changes nothing. Ids (ULIDs, UUIDs), hexadecimal digests and file names stay.
std::string scrub(std::string_view text);

// Whether scrub() would take something out.
bool has_secret(std::string_view text);

}  // namespace atelier
