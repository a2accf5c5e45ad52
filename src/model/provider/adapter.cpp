#include "model/provider/adapter.hpp"

#include <fmt/format.h>

namespace atelier::model {

std::string_view to_string(Fault::Kind kind) noexcept {
  switch (kind) {
    case Fault::Kind::caller:
      return "request_refused";
    case Fault::Kind::unsupported:
      return "not_supported_by_provider";
    case Fault::Kind::context_length:
      return "context_length_exceeded";
    case Fault::Kind::content:
      return "content_refused";
    case Fault::Kind::authentication:
      return "provider_key_refused";
    case Fault::Kind::billing:
      return "provider_billing";
    case Fault::Kind::permission:
      return "provider_permission";
    case Fault::Kind::model_missing:
      return "model_not_found";
    case Fault::Kind::rate_limit:
      return "provider_rate_limit";
    case Fault::Kind::overloaded:
      return "provider_overloaded";
    case Fault::Kind::server:
      return "provider_error";
    case Fault::Kind::timeout:
      return "provider_timeout";
    case Fault::Kind::broken:
      return "provider_answer_broken";
    case Fault::Kind::network:
      return "provider_unreachable";
    case Fault::Kind::cancelled:
      return "cancelled";
  }
  return "provider_error";
}

namespace {

// What our caller may do next. A fault of our own account is not theirs: to them the provider is unavailable.
ErrorCode code_for(Fault::Kind kind) noexcept {
  switch (kind) {
    case Fault::Kind::caller:
    case Fault::Kind::unsupported:
    case Fault::Kind::context_length:
    case Fault::Kind::content:
      return ErrorCode::invalid_argument;
    case Fault::Kind::model_missing:
      return ErrorCode::not_found;
    case Fault::Kind::rate_limit:
      return ErrorCode::rate_limited;
    case Fault::Kind::timeout:
      return ErrorCode::deadline_exceeded;
    case Fault::Kind::cancelled:
      return ErrorCode::cancelled;
    default:
      return ErrorCode::unavailable;
  }
}

}  // namespace

Error to_error(const Fault& fault, std::string_view provider) {
  const std::string words = fault.message.empty() ? std::string(to_string(fault.kind)) : fault.message;
  Error error{.code = code_for(fault.kind),
              .message = fault.is_ours ? words : fmt::format("{}: {}", provider, words),
              .reason = std::string(to_string(fault.kind)),
              .where = fault.param,
              .retry_after_ms = {},
              .source = {}};
  if (fault.retry_after_ms) error.retry_after_ms = static_cast<std::uint32_t>(*fault.retry_after_ms);
  return error;
}

std::optional<std::string_view> HttpHead::find(std::string_view name) const {
  for (const auto& [known, value] : headers)
    if (known == name) return value;
  return std::nullopt;
}

std::expected<Usage, Fault> ChatAdapter::glance(int status, std::string_view body, const Quirks& quirks) const {
  const HttpHead head{.status = status, .headers = {}};
  auto whole = read_answer(head, body, quirks);
  if (!whole) return std::unexpected(std::move(whole.error()));
  return whole->usage;
}

}  // namespace atelier::model
