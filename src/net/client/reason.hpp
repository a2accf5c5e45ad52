#pragma once

#include <string_view>

// Why a request to another server failed, as Error::reason: a closed set, for whoever decides what to do next and for
// the label of metrics. `unavailable` unless noted.
namespace atelier::net::reason {

// Nothing of the request was sent.
inline constexpr std::string_view kHeaderInvalid =
    "header_invalid";  // invalid_argument: a name or value that is no field
inline constexpr std::string_view kAddressForbidden = "address_forbidden";  // forbidden: by the address guard
inline constexpr std::string_view kConnectionsFull = "connections_full";    // too many already wait for a connection
inline constexpr std::string_view kNameUnknown = "name_unknown";            // the host has no address
inline constexpr std::string_view kNameFailed = "name_failed";              // nobody could say
inline constexpr std::string_view kConnectRefused = "connect_refused";
inline constexpr std::string_view kConnectFailed = "connect_failed";  // unreachable, out of descriptors
inline constexpr std::string_view kProxyRefused = "proxy_refused";    // 407 and whatever else is not 200
inline constexpr std::string_view kProxyFailed = "proxy_failed";      // spoke no HTTP, or hung up
inline constexpr std::string_view kTlsCertificateExpired = "tls_certificate_expired";  // or not valid yet
inline constexpr std::string_view kTlsNameMismatch = "tls_name_mismatch";
inline constexpr std::string_view kTlsUnknownCa = "tls_unknown_ca";
inline constexpr std::string_view kTlsCertificateInvalid = "tls_certificate_invalid";
inline constexpr std::string_view kTlsFailed = "tls_failed";

// deadline_exceeded, by what took too long.
inline constexpr std::string_view kTimeoutPlace = "timeout_place";  // every connection to that origin was busy
inline constexpr std::string_view kTimeoutName = "timeout_name";
inline constexpr std::string_view kTimeoutConnect = "timeout_connect";
inline constexpr std::string_view kTimeoutProxy = "timeout_proxy";
inline constexpr std::string_view kTimeoutTls = "timeout_tls";
inline constexpr std::string_view kTimeoutSend = "timeout_send";  // the server stopped taking the body
inline constexpr std::string_view kTimeoutFirstByte = "timeout_first_byte";
inline constexpr std::string_view kTimeoutBetweenBytes = "timeout_between_bytes";
inline constexpr std::string_view kTimeoutTotal = "timeout_total";  // in whichever phase

// The request was sent, at least in part (SendNote says whether any of it can have arrived).
inline constexpr std::string_view kResetBeforeAnswer =
    "reset_before_answer";                                               // closed or reset before a byte of the answer
inline constexpr std::string_view kAnswerCut = "answer_cut";             // ended in the middle
inline constexpr std::string_view kAnswerBroken = "answer_broken";       // malformed or over our limits
inline constexpr std::string_view kAnswerTooLarge = "answer_too_large";  // too_large: over what the caller wanted

}  // namespace atelier::net::reason
