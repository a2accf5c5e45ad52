#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace atelier {

// Text from outside (what a provider says of an error, a page's stack) as it may be logged, kept and told to others:
// without what looks like a secret, which is: keys by the prefixes their makers give them, our own, JWTs, what follows
// "Bearer" or "Basic", values of names such as api_key, clientSecret, password or cookie, passwords in URLs, private
// keys, the content of data URLs, and long runs of mixed letters and digits. In its place stands "[secret]", which a
// second time changes nothing. Ids (ULIDs, UUIDs), hexadecimal digests and file names stay.
std::string scrub(std::string_view text);
// Of the first `bytes_max` bytes of a text that may be long, and no longer than that. To cut first would leave half of
// what stands at the end, which does not look like a secret any more.
std::string scrub_start(std::string_view text, std::size_t bytes_max);

// Whether scrub() would take something out.
bool has_secret(std::string_view text);

}  // namespace atelier
