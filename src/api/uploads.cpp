// Uploads that go on where they were broken off, as tus 1.0 has them: https://tus.io/protocols/resumable-upload
#include "studio/library/uploads.hpp"

#include <fmt/format.h>

#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "base/text.hpp"
#include "model/provider/http_parts.hpp"
#include "net/conditional.hpp"

namespace atelier::api {
namespace {

constexpr std::string_view kVersion = "1.0.0";
constexpr std::string_view kExtensions = "checksum,creation,creation-with-upload,expiration,termination";
constexpr std::string_view kChecksums = "sha1,sha256";
constexpr std::string_view kPieceType = "application/offset+octet-stream";
constexpr std::size_t kMetadataBytesMax = 8 << 10;

std::unexpected<Error> refuse(std::string_view header, std::string message, const char* reason = "header_invalid") {
  return fail(ErrorCode::invalid_argument, std::move(message), {.reason = reason, .where = std::string(header)});
}

Result<> check_version(const net::Request& request) {
  const auto version = request.headers.find("tus-resumable");
  if (version && trim(*version) == kVersion) return {};
  return refuse("Tus-Resumable", fmt::format("must be {}, the version of tus that is spoken here", kVersion),
                "precondition_failed");
}

Result<std::uint64_t> size_header(const net::Request& request, std::string_view lower, std::string_view name) {
  const auto text = request.headers.find(lower);
  const auto number = text ? parse_integer(trim(*text)) : std::nullopt;
  if (!number || *number < 0) return refuse(name, "must be there, a whole number of bytes");
  return static_cast<std::uint64_t>(*number);
}

// "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=" of a piece, where there is one.
Result<std::optional<studio::Uploads::PieceChecksum>> checksum_of(const net::Request& request) {
  const auto header = request.headers.find("upload-checksum");
  if (!header) return std::nullopt;
  const std::string_view told = trim(*header);
  const std::size_t space = std::min(told.find(' '), told.size());
  const auto kind = parse_checksum_kind(told.substr(0, space));
  if (!kind) return refuse("Upload-Checksum", fmt::format("must be one of {}, and its value", kChecksums));
  auto value = model::decode_base64(trim(told.substr(space)));
  if (!value || value->size() != size_of(*kind))
    return refuse("Upload-Checksum", fmt::format("its value must be base64 of {} bytes", size_of(*kind)));
  return studio::Uploads::PieceChecksum{.kind = *kind, .value = std::move(*value)};
}

// "filename d29ybGQ=,filetype aW1hZ2U=": the file's name, "" without one. Other keys are let be.
Result<std::string> name_in_metadata(const net::Request& request) {
  const std::string_view all = request.headers.find("upload-metadata").value_or("");
  if (all.size() > kMetadataBytesMax)
    return refuse("Upload-Metadata", fmt::format("has more than {} bytes", kMetadataBytesMax));
  std::string name;
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find(',', at), all.size());
    const std::string_view pair = trim(all.substr(at, end - at));
    at = end + 1;
    const std::size_t space = pair.find(' ');
    const std::string_view key = pair.substr(0, space);
    if (key != "filename" && key != "name") continue;
    const auto value =
        model::decode_base64(space == std::string_view::npos ? std::string_view() : trim(pair.substr(space + 1)));
    if (!value) return refuse("Upload-Metadata", fmt::format("its \"{}\" is no base64", key));
    if (name.empty() || key == "filename") name = *value;
  }
  return name;
}

void describe(net::Response& response, const studio::Uploads::Upload& upload) {
  constexpr std::int64_t kSecond = 1'000;
  response.headers.set("upload-offset", std::to_string(upload.offset_bytes));
  if (!upload.row.asset)
    response.headers.set("upload-expires", net::format_http_date(upload.row.expires_ms / kSecond));
  else
    response.headers.set("x-atelier-asset", upload.row.asset->to_string());
}

// Every answer says the version.
net::Response finished(Result<net::Response> answer, std::string_view request_id) {
  net::Response response = answer ? std::move(*answer) : net::problem_response(answer.error(), request_id);
  response.headers.set("tus-resumable", kVersion);
  response.headers.set("tus-version", kVersion);
  response.headers.set("cache-control", "no-store");
  return response;
}

bool is_piece(const net::Request& request) {
  return trim(request.headers.find("content-type").value_or("")) == kPieceType;
}

studio::UploadSource source_of(net::Request* request) {
  net::BodyReader* body = request->body.get();  // lives in the caller's frame
  if (body != nullptr) return [body] { return body->next(); };
  return []() -> Task<Result<std::optional<std::string>>> { co_return std::optional<std::string>(); };
}

Task<Result<net::Response>> create(Services services, net::Request* request) {
  if (auto known = check_version(*request); !known) co_return error_of(known);
  if (request->headers.find("upload-defer-length"))
    co_return refuse("Upload-Defer-Length", "the upload's length must be known from its beginning");
  auto size_bytes = size_header(*request, "upload-length", "Upload-Length");
  if (!size_bytes) co_return error_of(size_bytes);
  auto name = name_in_metadata(*request);
  if (!name) co_return error_of(name);
  const bool has_piece = is_piece(*request);
  if (request->body && !has_piece)
    co_return refuse("Content-Type", fmt::format("what comes with a new upload is {}", kPieceType),
                     "media_type_refused");
  auto checksum = checksum_of(*request);
  if (!checksum) co_return error_of(checksum);
  auto upload = co_await services.uploads.create(request->principal(), std::move(*name), *size_bytes);
  if (!upload) co_return error_of(upload);
  const store::UploadId id = upload->row.id;
  if (has_piece && request->body) {
    studio::UploadSource source = source_of(request);
    auto taken = co_await services.uploads.append(request->principal(), id, 0, std::move(source), std::move(*checksum));
    if (!taken) {
      // Nobody was told where it is, to go on with it.
      (void)co_await services.uploads.remove(request->principal(), id);
      co_return error_of(taken);
    }
    upload = std::move(taken);
  }
  net::Response response = net::empty_response(201);
  response.headers.set("location", "/api/uploads/" + id.to_string());
  describe(response, *upload);
  co_return response;
}

Task<Result<net::Response>> find(Services services, net::Request* request) {
  auto id = id_in<store::UploadId>(*request, "id");
  if (!id) co_return error_of(id);
  auto upload = co_await services.uploads.find(request->principal(), *id);
  if (!upload) co_return error_of(upload);
  json::Object told{{"id", id->to_string()},
                    {"name", upload->row.name},
                    {"size_bytes", upload->row.size_bytes},
                    {"offset_bytes", upload->offset_bytes},
                    {"expires_at", format_rfc3339(upload->row.expires_ms)},
                    {"asset_id", upload->row.asset ? json::Value(upload->row.asset->to_string()) : json::Value()}};
  net::Response response = net::json_response(std::move(told));
  describe(response, *upload);
  response.headers.set("upload-length", std::to_string(upload->row.size_bytes));
  co_return response;
}

Task<Result<net::Response>> append(Services services, net::Request* request) {
  auto id = id_in<store::UploadId>(*request, "id");
  if (!id) co_return error_of(id);
  // Whose it is comes first: another's is not there, whatever is sent.
  auto known = co_await services.uploads.look(request->principal(), *id);
  if (!known) co_return error_of(known);
  if (auto spoken = check_version(*request); !spoken) co_return error_of(spoken);
  if (!is_piece(*request))
    co_return refuse("Content-Type", fmt::format("a piece of an upload is {}", kPieceType), "media_type_refused");
  auto offset = size_header(*request, "upload-offset", "Upload-Offset");
  if (!offset) co_return error_of(offset);
  auto checksum = checksum_of(*request);
  if (!checksum) co_return error_of(checksum);
  studio::UploadSource source = source_of(request);
  auto upload =
      co_await services.uploads.append(request->principal(), *id, *offset, std::move(source), std::move(*checksum));
  if (!upload) co_return error_of(upload);
  net::Response response = net::empty_response();
  describe(response, *upload);
  co_return response;
}

Task<Result<net::Response>> remove(Services services, net::Request* request) {
  auto id = id_in<store::UploadId>(*request, "id");
  if (!id) co_return error_of(id);
  auto removed = co_await services.uploads.remove(request->principal(), *id);
  if (!removed) co_return error_of(removed);
  co_return net::empty_response();
}

// What all of them have in common. Whoever is gone is answered nothing.
template <Task<Result<net::Response>> (*kAnswer)(Services, net::Request*)>
Task<Result<net::Response>> framed(Services services, net::Request request) {
  auto answer = co_await kAnswer(services, &request);
  if (!answer && answer.error().code == ErrorCode::cancelled) co_return answer;
  co_return finished(std::move(answer), request.request_id);
}

Task<Result<net::Response>> tell(Services services, net::Request request) {
  net::Response response = net::empty_response();
  response.headers.set("tus-extension", kExtensions);
  response.headers.set("tus-checksum-algorithm", kChecksums);
  response.headers.set("tus-max-size", std::to_string(services.uploads.options().size_bytes_max));
  co_return finished(std::move(response), request.request_id);
}

constexpr Route kRoutes[] = {
    {.method = net::Method::options,
     .path = "/api/uploads",
     .run = tell,
     .summary = "What of tus is spoken here, and how large an upload may be",
     .status = 204},
    {.method = net::Method::post,
     .path = "/api/uploads",
     .run = framed<create>,
     .summary = "Begins an upload that may come in pieces (tus 1.0): Upload-Length, Upload-Metadata",
     .request = "application/offset+octet-stream",
     .status = 201,
     .is_alone = true},
    {.method = net::Method::get,
     .path = "/api/uploads/{id}",
     .run = framed<find>,
     .summary = "How much of an upload is there, and the asset it became",
     .answer = "Upload"},
    {.method = net::Method::patch,
     .path = "/api/uploads/{id}",
     .run = framed<append>,
     .summary = "A piece of an upload, at its Upload-Offset; with the last it becomes an asset, x-atelier-asset. With "
                "Upload-Checksum (sha1 or sha256) one that came damaged is dropped, 460",
     .request = "application/offset+octet-stream",
     .status = 204},
    {.method = net::Method::del,
     .path = "/api/uploads/{id}",
     .run = framed<remove>,
     .summary = "Ends an upload; what came is dropped",
     .status = 204},
};

}  // namespace

std::span<const Route> upload_routes() { return kRoutes; }

}  // namespace atelier::api
