#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/setting.hpp"

namespace atelier::app {

// Every setting there is, for `atelier settings`, the loader and the docs.
std::span<const SettingInfo* const> all_settings();

// Told as the fault of that setting, which ends a command as a wrong one does. What is no fault of its value (a folder
// that another process has, a full disk) stays as it is.
std::unexpected<Error> in_setting(Error error, const SettingInfo& setting);

inline constexpr Setting<std::string_view> kListen{"server.listen", "127.0.0.1:8787", Range{1, 200}, Reload::at_start,
                                                   "Address and port to listen on; port 0 takes a free one"};
inline constexpr Setting<std::string_view> kAllowedHosts{
    "server.allowed_hosts", "", Range{0, 2000}, Reload::at_start,
    "Other names this server answers to, comma-separated, as a proxy in front sends them; needs a key"};
inline constexpr Setting<std::string_view> kPublicUrl{
    "server.public_url", "", Range{0, 2000}, Reload::at_start,
    "Where the internet reaches this server, as https://studio.example.org; with it providers tell of finished jobs "
    "by themselves, and are asked less"};
inline constexpr Setting<std::string_view> kCertificate{
    "server.certificate", "", Range{0, 4096}, Reload::at_start,
    "PEM file of the server's certificate and those that lead from it to an authority; with it https alone is spoken"};
inline constexpr Setting<std::string_view> kCertificateKey{"server.certificate_key", "", Range{0, 4096},
                                                           Reload::at_start, "PEM file of the certificate's key"};
inline constexpr Setting<std::uint32_t> kLoops{"server.loops", 0, Range{0, 256}, Reload::at_start,
                                               "Event loops; 0 is one per core"};
inline constexpr Setting<std::uint32_t> kConnectionsMax{"server.connections_max", 10'000, Range{1, 1'000'000},
                                                        Reload::at_start, "Open connections, all together"};
inline constexpr Setting<std::uint32_t> kPeerConnectionsMax{"server.connections_per_peer_max", 256, Range{1, 1'000'000},
                                                            Reload::at_start, "Open connections of one address"};
inline constexpr Setting<std::uint32_t> kHeaderTimeoutMs{"server.header_timeout_ms", 10'000, Range{100, 600'000},
                                                         Reload::at_start, "Time to receive a request's head"};
inline constexpr Setting<std::uint32_t> kIdleTimeoutMs{"server.idle_timeout_ms", 60'000, Range{100, 3'600'000},
                                                       Reload::at_start,
                                                       "Time a connection may stay open between requests"};
inline constexpr Setting<std::uint32_t> kStallTimeoutMs{"server.write_stall_timeout_ms", 30'000, Range{100, 600'000},
                                                        Reload::at_start,
                                                        "Time a client may take no bytes of its answer"};
inline constexpr Setting<std::uint32_t> kStopTimeoutMs{"server.stop_timeout_ms", 5'000, Range{0, 600'000},
                                                       Reload::at_start,
                                                       "Time running requests get when the server stops"};
inline constexpr Setting<std::uint32_t> kUploadMiB{"server.upload_mib_max", 4'096, Range{1, 1'048'576},
                                                   Reload::at_start, "Largest upload, MiB"};
inline constexpr Setting<bool> kRequireKey{"access.require_key", false, Range{}, Reload::at_start,
                                           "Ask for a key on loopback too"};

inline constexpr Setting<std::string_view> kSealingKeyFile{
    "access.sealing_key_file", "", Range{0, 4096}, Reload::at_start,
    "File of the key that providers' keys are sealed with; empty is sealing.key beside the settings file"};

inline constexpr Setting<std::string_view> kDataDir{"storage.data_dir", "", Range{0, 4096}, Reload::at_start,
                                                    "Where everything is kept; empty is the XDG data folder"};
inline constexpr Setting<std::uint32_t> kDerivedQuotaMiB{
    "storage.derived_quota_mib", 5'120, Range{64, 104'857'600}, Reload::at_start,
    "Room for what can be made again (step results, previews), MiB"};
inline constexpr Setting<std::uint32_t> kDerivedAgeHours{"storage.derived_age_hours", 168, Range{1, 87'600},
                                                         Reload::at_start,
                                                         "How long what can be made again is kept unused, hours"};
inline constexpr Setting<std::uint32_t> kEventsKept{"storage.events_kept", 100'000, Range{1'000, 100'000'000},
                                                    Reload::at_start, "Events kept for clients that were away"};
inline constexpr Setting<std::uint32_t> kRunsKeptDays{
    "storage.runs_kept_days", 30, Range{1, 36'500}, Reload::at_start,
    "How long runs that ended are kept, days; the newest of each production stays"};

inline constexpr Setting<std::uint32_t> kTrashDays{
    "library.trash_days", 30, Range{0, 36'500}, Reload::at_start,
    "How long assets stay in the trash, days; what a thread or production still uses stays longer; 0 is for ever"};

inline constexpr Setting<std::uint32_t> kMediaWorkers{"media.workers", 0, Range{0, 256}, Reload::at_start,
                                                      "Media workers side by side; 0 is one per core"};
inline constexpr Setting<std::string_view> kFontDir{"media.font_dir", "", Range{0, 4096}, Reload::at_start,
                                                    "Folder of the Noto fonts; empty is where Debian puts them"};
inline constexpr Setting<bool> kStrictSandbox{"media.strict_sandbox", false, Range{}, Reload::at_start,
                                              "Refuse to work where Landlock or seccomp is missing"};

inline constexpr Setting<bool> kFindLocalServers{
    "models.find_local", true, Range{}, Reload::at_start,
    "Look for model servers on this machine: Ollama, llama.cpp, LM Studio, vLLM"};
inline constexpr Setting<std::string_view> kExtraCaFile{
    "models.extra_ca_file", "", Range{0, 4096}, Reload::at_start,
    "PEM file of authorities to trust beside the system's, for providers of one's own"};

inline constexpr Setting<std::string_view> kReachable{
    "network.reachable", "", Range{0, 4096}, Reload::at_start,
    "Addresses inside this machine or its network that may be called where a user or a provider names them, host:port, "
    "comma-separated; the public internet always may"};

inline constexpr Setting<std::string_view> kPriceFiles{
    "models.price_files", "", Range{0, 4096}, Reload::at_start,
    "JSON files of prices in LiteLLM's layout, comma-separated; a later one goes before an earlier one"};
inline constexpr Setting<std::uint32_t> kCallsKeptDays{"models.calls_kept_days", 30, Range{1, 3'650}, Reload::at_start,
                                                       "How long the log keeps calls to models, days"};
inline constexpr Setting<std::uint32_t> kResponsesKeptDays{
    "models.responses_kept_days", 30, Range{1, 3'650}, Reload::at_start,
    "How long responses that are to be kept can be read and gone on from, days since their conversation's last turn"};
inline constexpr Setting<std::uint32_t> kResponsesKeptMiB{
    "models.responses_kept_mib", 1'024, Range{16, 1'048'576}, Reload::at_start,
    "Room for kept responses, MiB; conversations unused for longest go first"};
inline constexpr Setting<std::uint32_t> kAnswerCacheMiB{
    "models.answer_cache_mib", 16, Range{1, 4'096}, Reload::at_start,
    "Memory for answers that are kept for equal requests, where a route or a request asks for that, MiB"};
inline constexpr Setting<bool> kKeepTexts{"models.keep_texts", false, Range{}, Reload::at_start,
                                          "Keep what was asked and answered in the log of calls, for a week"};

inline constexpr Setting<std::uint32_t> kChatRetentionDays{
    "chat.retention_days", 0, Range{0, 36'500}, Reload::at_start,
    "How long threads without a pin are kept after something was last said in them, days; 0 is for ever"};

inline constexpr Setting<std::string_view> kTitleModel{
    "chat.title_model", "auto", Range{0, 300}, Reload::at_start,
    "Model or route that names new threads; auto is the route \"titles\" where there is one; empty is none"};
inline constexpr Setting<std::string_view> kSuggestModel{
    "chat.suggest_model", "auto", Range{0, 300}, Reload::at_start,
    "Model or route that suggests what to say next; auto is the route \"suggestions\" where there is one; empty is "
    "none"};

inline constexpr Setting<std::string_view> kSummaryModel{
    "chat.summary_model", "auto", Range{0, 300}, Reload::at_start,
    "Model or route that summarises what of a long thread no longer fits its model; auto is the route \"summaries\" "
    "where there is one; empty is none"};

inline constexpr Setting<std::string_view> kObjectivesFile{
    "watch.objectives_file", "", Range{0, 4096}, Reload::at_start,
    "TOML file of objectives and budgets; empty is objectives.toml beside the settings file, and without one what is "
    "built in (atelier settings objectives)"};

inline constexpr Setting<std::uint32_t> kAlertStallMs{"alerts.loop_stall_ms", 50, Range{50, 60'000}, Reload::at_start,
                                                      "An event loop that something holds for longer is an alert"};
inline constexpr Setting<std::uint32_t> kAlertMemoryMiB{
    "alerts.memory_mib_max", 0, Range{0, 16'777'216}, Reload::at_start,
    "More memory of the studio than that is an alert, MiB; 0 is 85 % of what the machine or the container has"};
inline constexpr Setting<std::uint32_t> kAlertGrowthMiB{
    "alerts.memory_growth_mib", 48, Range{1, 1'048'576}, Reload::at_start,
    "Memory that steadily grows by more than that in an hour is an alert, MiB"};
inline constexpr Setting<std::uint32_t> kAlertGrowthMinutes{
    "alerts.memory_growth_minutes", 20, Range{5, 1'440}, Reload::at_start,
    "For how long memory has to grow, minutes; half as long after the start does not count"};
inline constexpr Setting<std::uint32_t> kAlertDiskFreeMiB{
    "alerts.disk_free_mib_min", 1'024, Range{0, 104'857'600}, Reload::at_start,
    "Less room on the disk of the data folder is an alert, MiB; of a small disk 5 % are enough"};
inline constexpr Setting<std::uint32_t> kAlertNoticesMax{
    "alerts.notices_per_hour_max", 20, Range{1, 1'000}, Reload::at_start,
    "Notices of alerts in an hour; of what is over one says how many"};
inline constexpr Setting<std::string_view> kSmtpUrl{
    "alerts.smtp_url", "", Range{0, 1'000}, Reload::at_start,
    "Mail server that alerts are sent through, as smtps://user@mail.example.org or smtp://user@mail.example.org:587; "
    "its "
    "password is in SMTP_PASSWORD or in a file; empty: no mail is sent"};
inline constexpr Setting<std::string_view> kSmtpPasswordFile{"alerts.smtp_password_file", "", Range{0, 4'096},
                                                             Reload::at_start,
                                                             "File whose first line is the mail server's password"};
inline constexpr Setting<std::string_view> kMailFrom{"alerts.mail_from", "", Range{0, 400}, Reload::at_start,
                                                     "Whom mail of alerts is from, as Atelier <atelier@example.org>"};
inline constexpr Setting<std::string_view> kMailTo{"alerts.mail_to", "", Range{0, 4'000}, Reload::at_start,
                                                   "Who gets mail of alerts, comma-separated"};

inline constexpr Setting<bool> kMeasures{
    "watch.measures", true, Range{}, Reload::at_start,
    "Keep the history of figures, objectives, alerts, traces and errors; without it only /metrics tells anything"};
inline constexpr Setting<std::uint32_t> kTracesPerSecond{
    "watch.traces_per_second", 20, Range{0, 10'000}, Reload::at_start,
    "Requests of each loop whose traces are recorded whole, a second; what fails or is slow always is"};
inline constexpr Setting<std::string_view> kOtlpEndpoint{"watch.otlp_endpoint", "", Range{0, 2'000}, Reload::at_start,
                                                         "Collector that traces, metrics and the log are sent to, as "
                                                         "http://localhost:4318 (OTLP/HTTP in JSON); empty is what "
                                                         "OTEL_EXPORTER_OTLP_ENDPOINT says, if anything"};

inline constexpr Setting<std::string_view> kSentryDsn{
    "watch.sentry_dsn", "", Range{0, 1'000}, Reload::at_start,
    "Sentry that is told of errors and crashes, as https://key@sentry.example.org/42; empty: nobody is told"};

inline constexpr Setting<std::string_view> kLogLevel{"log.level", "info", Range{0, 16}, Reload::at_start,
                                                     "debug, info, warn or error"};
inline constexpr Setting<std::string_view> kLogFormat{"log.format", "auto", Range{0, 16}, Reload::at_start,
                                                      "auto (text on a terminal, else JSON), json or text"};

}  // namespace atelier::app
