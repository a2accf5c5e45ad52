// ComfyUI: a workflow is put into its queue, the queue and then its history are asked, and the files are fetched from
// it. What a workflow can do, the workflow says (comfyui_workflow.hpp).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/hash.hpp"
#include "model/loose_json.hpp"
#include "model/media/comfyui_workflow.hpp"
#include "model/media/parts.hpp"
#include "model/provider/http_parts.hpp"
#include "net/url.hpp"

namespace atelier::model {
namespace {

constexpr std::array kComfyKnown = {
    KnownMediaModel{kComfyWorkflowModel, "A workflow of one's own", MediaKind::image},
};
constexpr std::size_t kComfyFilesMax = 64;
constexpr std::chrono::minutes kComfyTakes{2};  // a queue answers at once, but not while Python loads a model

class ComfyUi final : public MediaAdapter {
 public:
  MediaWire wire() const noexcept override { return MediaWire::comfyui; }
  std::span<const KnownMediaModel> known_models() const noexcept override { return kComfyKnown; }

  // ["a.safetensors"]
  std::optional<WireRequest> list_models(const Target& target) const override {
    return get_from(target, "/models/checkpoints");
  }
  Result<std::vector<ListedModel>> read_models(std::string_view body) const override {
    auto list = json::parse(body);
    if (!list || !list->is_array()) return fail(ErrorCode::unavailable, "ComfyUI's list of checkpoints is none");
    std::vector<ListedModel> models;
    for (const json::Value& one : list->get_array())
      if (const std::string_view name = loose::view_of(one); !name.empty()) models.push_back({.id = std::string(name)});
    return models;
  }

  std::optional<MediaAbility> ability(std::string_view model, MediaKind kind) const override {
    if (model == kComfyWorkflowModel)
      return kind == MediaKind::transcription ? std::nullopt : std::optional(open_ability(kind));
    if (kind != MediaKind::image) return std::nullopt;
    MediaAbility can;
    can.has_negative = can.has_seed = can.has_strength = can.has_mask = can.any_ratio = true;
    can.count_max = 10;
    can.side_min = 64;
    can.side_max = 4'096;
    can.side_step = 8;
    can.references_max = 1;
    can.formats = {"png"};
    return can;
  }
  Result<> check_more(const MediaRequest& request, std::string_view model) const override {
    const std::vector<std::string> none(request.inputs.size());
    auto workflow = comfy_workflow(request, {.model = model, .uploaded = none});
    if (!workflow) return error_of(workflow);
    return {};
  }

  std::vector<std::optional<WireRequest>> uploads(const MediaRequest& request, const Target& target) const override {
    std::vector<std::optional<WireRequest>> needed;
    needed.reserve(request.inputs.size());
    for (const MediaInput& input : request.inputs) {
      FormWriter form;
      form.field("type", "input");
      form.file("image", input);
      needed.emplace_back(form.post(target, "/upload/image"));
    }
    return needed;
  }
  // Another file of that name may be there: it tells what it called this one.
  std::expected<std::string, Fault> read_upload(const HttpHead& head, std::string_view body) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    const std::string_view name = loose::view_at(*answer, "name"), folder = loose::view_at(*answer, "subfolder");
    if (name.empty()) return std::unexpected(broken_answer("the upload's answer has no name"));
    return folder.empty() ? std::string(name) : fmt::format("{}/{}", folder, name);
  }

  Result<WireRequest> submit(const MediaRequest& request, const Target& target, const MediaTicket& ticket,
                             std::span<const std::string> uploaded) const override {
    // The same work has the same seed and the same file names, whenever it is asked for. Other work must not: what
    // ComfyUI finds in its cache, it saves no second time.
    constexpr int kExactInDouble = 53;
    const std::string name = ticket.idempotency_key.empty() ? random_bytes(16) : ticket.idempotency_key;
    const std::uint64_t hash = quick_hash(name);
    auto workflow = comfy_workflow(request, {.model = target.model,
                                             .uploaded = uploaded,
                                             .seed = static_cast<std::int64_t>(hash >> (64 - kExactInDouble)),
                                             .prefix = fmt::format("atelier/{:016x}", hash)});
    if (!workflow) return error_of(workflow);
    WireRequest out = post_json(target, "/prompt", {{"prompt", std::move(*workflow)}});
    out.first_byte_at_least = kComfyTakes;
    return out;
  }

  std::expected<MediaSubmitted, Fault> read_submit(const HttpHead& head, std::string_view body,
                                                   const MediaRequest&) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    MediaJob job{.id = loose::text_at(*answer, "prompt_id")};
    if (!is_plain_path(job.id)) return std::unexpected(broken_answer("the answer has no prompt_id"));
    return job;
  }

  // The queue first and the history after it: what is in neither then is not known any more, since what leaves the one
  // is in the other before.
  Result<WireRequest> poll(const MediaJob&, const Target& target) const override { return get_from(target, "/queue"); }
  std::expected<MediaNews, Fault> read_poll(const HttpHead& head, std::string_view body, const MediaJob& job,
                                            const Target& target, const MediaRequest& request) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) {
      // An address that is not there tells nothing of the job.
      if (answer.error().kind == Fault::Kind::model_missing) answer.error().kind = Fault::Kind::broken;
      return std::unexpected(std::move(answer.error()));
    }
    if (const json::Array* running = loose::array_at(*answer, "queue_running")) {
      if (has_job(*running, job.id)) return MediaPending{};
      const json::Array* pending = loose::array_at(*answer, "queue_pending");
      if (pending != nullptr && has_job(*pending, job.id))
        return MediaPending{
            .words = fmt::format("{} before it in the queue", count_before(*pending, job.id) + running->size())};
      return MediaAsk{get_from(target, "/history/" + job.id)};
    }
    const json::Object* entry = loose::object_at(*answer, job.id);
    if (entry == nullptr)
      return MediaFailed{{.kind = Fault::Kind::server,
                          .message = "ComfyUI does not know the job any more: it was started anew, or the job was "
                                     "deleted there",
                          .code = "result_expired"}};
    return read_entry(*entry, target, request);
  }
  std::chrono::milliseconds first_poll() const noexcept override { return std::chrono::milliseconds(500); }
  std::chrono::milliseconds longest_poll() const noexcept override { return std::chrono::milliseconds(5'000); }

  // Only what runs is interrupted, and only what waits is deleted: it is asked for where the job is.
  std::optional<WireRequest> cancel(const MediaJob&, const Target& target) const override {
    return get_from(target, "/queue");
  }
  std::optional<WireRequest> cancel_more(const HttpHead& head, std::string_view body, const MediaJob& job,
                                         const Target& target) const override {
    const auto queue = head.status == 200 ? loose::parse_object(body) : std::nullopt;
    if (!queue) return std::nullopt;
    const json::Array* running = loose::array_at(*queue, "queue_running");
    const json::Array* pending = loose::array_at(*queue, "queue_pending");
    // Older servers pass the id over and stop whatever runs, which is this.
    if (running != nullptr && has_job(*running, job.id))
      return post_json(target, "/interrupt", {{"prompt_id", job.id}});
    if (pending != nullptr && has_job(*pending, job.id))
      return post_json(target, "/queue", {{"delete", json::Array{json::Value(job.id)}}});
    return std::nullopt;
  }
  std::string_view cancel_terms() const noexcept override { return "ComfyUI charges nothing."; }

  // {"error": {"type", "message", "details"}, "node_errors": {"4": {"class_type", "errors": [{"type", "message",
  // "details"}]}}}
  Fault read_fault(const HttpHead& head, std::string_view body) const override {
    Fault fault = fault_by_status(head, body);
    const auto answer = has_json(head, body) ? loose::parse_object(body) : std::nullopt;
    if (!answer) return fault;
    std::string words;
    if (const json::Object* error = loose::object_at(*answer, "error")) {
      fault.code = loose::text_at(*error, "type");
      words = loose::text_at(*error, "message");
      if (const auto more = loose::view_at(*error, "details"); !more.empty()) words += fmt::format(": {}", more);
    }
    if (const json::Object* nodes = loose::object_at(*answer, "node_errors"))
      for (const auto& [id, node] : *nodes)
        if (const json::Object* wrong = node.if_object()) add_node_errors(*wrong, id, words, fault);
    if (!words.empty()) fault.message = cut_words(words);
    return fault;
  }

 private:
  // [[number, id, workflow, ...]]
  static bool is_of(const json::Value& item, std::string_view id) {
    const json::Array* fields = item.if_array();
    return fields != nullptr && fields->size() > 1 && loose::view_of((*fields)[1]) == id;
  }
  static bool has_job(const json::Array& queue, std::string_view id) {
    return std::ranges::any_of(queue, [&](const json::Value& item) { return is_of(item, id); });
  }
  // Those of a lower number: the list is a heap, and in no order.
  static std::size_t count_before(const json::Array& queue, std::string_view id) {
    const auto number = [](const json::Value& item) {
      const json::Array* fields = item.if_array();
      return fields != nullptr && !fields->empty() && fields->front().is_number() ? fields->front().to_number<double>()
                                                                                  : 0.0;
    };
    const auto own = std::ranges::find_if(queue, [&](const json::Value& item) { return is_of(item, id); });
    const double limit = own == queue.end() ? 0 : number(*own);
    return static_cast<std::size_t>(
        std::ranges::count_if(queue, [&](const json::Value& item) { return number(item) < limit; }));
  }

  static void add_node_errors(const json::Object& node, std::string_view id, std::string& words, Fault& fault) {
    const json::Array* errors = loose::array_at(node, "errors");
    if (errors == nullptr) return;
    const std::string_view type = loose::view_at(node, "class_type");
    for (const json::Value& each : *errors) {
      const json::Object* error = each.if_object();
      if (error == nullptr) continue;
      const std::string_view details = loose::view_at(*error, "details");
      words += fmt::format("{}node {} ({}): {}{}{}", words.empty() ? "" : "; ", id, type,
                           loose::view_at(*error, "message"), details.empty() ? "" : ": ", details);
      if (type == "CheckpointLoaderSimple" && loose::view_at(*error, "type") == "value_not_in_list")
        fault.kind = Fault::Kind::model_missing;
    }
  }

  static std::expected<MediaNews, Fault> read_entry(const json::Object& entry, const Target& target,
                                                    const MediaRequest& request) {
    if (const json::Object* status = loose::object_at(entry, "status"); status && !is_success(*status))
      return MediaFailed{fault_of_status(*status)};
    MediaDone done;
    std::vector<MediaFile> previews;
    if (const json::Object* outputs = loose::object_at(entry, "outputs"))
      for (const auto& [id, output] : *outputs)
        if (const json::Object* lists = output.if_object()) add_files(*lists, target, done.files, previews);
    if (done.files.empty()) done.files = std::move(previews);
    if (done.files.empty())
      return MediaFailed{broken_answer(
          "the workflow saved nothing: it has no node that saves, or ComfyUI found all of it in its cache")};
    done.seed = request.seed ? request.seed : seed_of(entry);
    return done;
  }

  // Every list of things with a file name, whatever the node calls it: images, gifs, videos, audio.
  static void add_files(const json::Object& lists, const Target& target, std::vector<MediaFile>& saved,
                        std::vector<MediaFile>& previews) {
    for (const auto& [name, value] : lists) {
      const json::Array* list = value.if_array();
      if (list == nullptr) continue;
      for (const json::Value& each : *list) {
        const json::Object* one = each.if_object();
        const std::string_view file = one ? loose::view_at(*one, "filename") : std::string_view();
        if (file.empty() || saved.size() + previews.size() >= kComfyFilesMax) continue;
        const std::string_view type = loose::view_at(*one, "type");
        MediaFile result{.url = fmt::format("{}/view?filename={}&subfolder={}&type={}", target.base_url,
                                            net::percent_encode(file),
                                            net::percent_encode(loose::view_at(*one, "subfolder")),
                                            net::percent_encode(type.empty() ? "output" : type))};
        if (!target.credential.key.empty())
          result.headers.emplace_back("authorization", fmt::format("Bearer {}", target.credential.key));
        (type == "temp" ? previews : saved).push_back(std::move(result));
      }
    }
  }

  static bool is_success(const json::Object& status) { return loose::view_at(status, "status_str") != "error"; }
  // {"messages": [["execution_error", {"exception_type", "exception_message", "node_id", "node_type"}]]}
  static Fault fault_of_status(const json::Object& status) {
    Fault fault{.kind = Fault::Kind::server, .message = "the workflow failed", .code = "execution_error"};
    const json::Array* messages = loose::array_at(status, "messages");
    if (messages == nullptr) return fault;
    for (const json::Value& each : *messages) {
      const json::Array* message = each.if_array();
      if (message == nullptr || message->size() < 2 || !(*message)[1].is_object()) continue;
      const std::string_view type = loose::view_of(message->front());
      const json::Object& told = (*message)[1].get_object();
      if (type == "execution_interrupted") {
        fault.message = "the workflow was interrupted at ComfyUI";
        fault.code = "interrupted";
      } else if (type == "execution_error") {
        fault.code = loose::text_at(told, "exception_type");
        fault.message =
            cut_words(fmt::format("node {} ({}): {}", loose::view_at(told, "node_id"),
                                  loose::view_at(told, "node_type"), loose::view_at(told, "exception_message")));
      }
    }
    return fault;
  }

  // Of the workflow that the history keeps: the first that a node was given.
  static std::optional<std::int64_t> seed_of(const json::Object& entry) {
    const json::Array* prompt = loose::array_at(entry, "prompt");
    const json::Object* nodes = prompt != nullptr && prompt->size() > 2 ? (*prompt)[2].if_object() : nullptr;
    if (nodes == nullptr) return std::nullopt;
    for (const auto& [id, value] : *nodes) {
      const json::Object* node = value.if_object();
      const json::Object* inputs = node ? loose::object_at(*node, "inputs") : nullptr;
      if (inputs == nullptr) continue;
      for (const std::string_view name : {"seed", "noise_seed"})
        if (const json::Value* seed = inputs->if_contains(name); seed != nullptr && seed->is_int64())
          return seed->get_int64();
    }
    return std::nullopt;
  }
};

}  // namespace

const MediaAdapter& comfyui_adapter() {
  static const ComfyUi adapter;
  return adapter;
}

}  // namespace atelier::model
